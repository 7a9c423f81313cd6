/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Rules for a VP's state, and the states after INIT and SIPI. */
#include "core/vp_state.h"

#include <hv_abi/registers.h>
#include "core/guest_cpu.h"
#include "lib/bits.h"
#include "lib/string.h"

#define CR0_DEFINED    (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)
#define RFLAGS_DEFINED 0x3f7fd7ull

bool address_is_canonical(uint64_t address) { return (uint64_t)((int64_t)(address << 16) >> 16) == address; }

struct verdict {
	enum vp_state_rule rule;
	uint64_t value;
};

static void require(struct verdict *v, bool holds, enum vp_state_rule rule, uint64_t value) {
	if (!holds && v->rule == VP_RULE_NONE) {
		v->rule = rule;
		v->value = value;
	}
}

static void check_control(struct verdict *v, const struct vp_state *s, const struct cpu_limits *limits) {
	bool is_paging = s->cr0 & CR0_PG;
	bool is_long = is_paging && (s->efer & EFER_LME);
	uint64_t cr3_reserved = ~(BIT(limits->physical_bits) - 1) | (s->cr4 & CR4_PCIDE ? 0 : 0xfe7);

	require(v, (s->cr0 & ~CR0_DEFINED) == 0, VP_RULE_CR0_RESERVED, s->cr0);
	require(v, (s->cr0 & CR0_CD) || !(s->cr0 & CR0_NW), VP_RULE_CR0_NW_WITHOUT_CD, s->cr0);
	require(v, !is_paging || (s->cr0 & CR0_PE), VP_RULE_CR0_PG_WITHOUT_PE, s->cr0);
	require(v, (s->cr4 & ~limits->cr4_allowed) == 0, VP_RULE_CR4_RESERVED, s->cr4);
	require(v, (s->efer & ~(limits->efer_allowed | EFER_LMA)) == 0, VP_RULE_EFER_RESERVED, s->efer);
	require(v, !is_long || (s->cr4 & CR4_PAE), VP_RULE_LONG_MODE_WITHOUT_PAE, s->cr4);
	require(v, ((s->efer & EFER_LMA) != 0) == is_long, VP_RULE_EFER_LMA, s->efer);
	require(v, !(s->cr4 & CR4_PCIDE) || is_long, VP_RULE_CR4_PCIDE, s->cr4);
	require(v, !is_long || (s->cr3 & cr3_reserved) == 0, VP_RULE_CR3_RESERVED, s->cr3);
	require(v, (s->dr6 >> 32) == 0, VP_RULE_DR6_HIGH, s->dr6);
	require(v, (s->dr7 >> 32) == 0, VP_RULE_DR7_HIGH, s->dr7);
	require(v, (s->rflags & ~RFLAGS_DEFINED) == 0 && (s->rflags & RFLAGS_FIXED), VP_RULE_RFLAGS_RESERVED,
	        s->rflags);
	require(v, !is_long || !(s->rflags & RFLAGS_VM), VP_RULE_RFLAGS_VM_IN_LONG_MODE, s->rflags);
}

static void check_segments(struct verdict *v, const struct vp_state *s) {
	const struct hv_segment_register *cs = &s->segment[VP_CS];
	bool is_long = s->efer & EFER_LMA;
	bool is_64 = is_long && (cs->attributes & SEGMENT_L);

	require(v, !is_long || !(cs->attributes & SEGMENT_L) || !(cs->attributes & SEGMENT_D),
	        VP_RULE_LONG_MODE_CS_L_AND_D, cs->attributes);
	require(v, is_64 ? address_is_canonical(s->rip) : (s->rip >> 32) == 0, VP_RULE_RIP_CANONICAL, s->rip);
	for (unsigned i = 0; i < VP_SEGMENT_AND_TABLE_COUNT; i++) {
		const struct hv_segment_register *g = &s->segment[i];
		bool is_table = i >= VP_SEGMENT_COUNT;

		require(v, i >= VP_FS ? address_is_canonical(g->base) : (g->base >> 32) == 0,
		        is_table ? VP_RULE_TABLE_BASE : VP_RULE_SEGMENT_BASE, g->base);
		require(v, !is_table || g->limit <= 0xffff, VP_RULE_TABLE_LIMIT, g->limit);
	}
}

bool pat_is_valid(uint64_t pat) {
	for (unsigned i = 0; i < 8; i++) {
		unsigned type = (pat >> (i * 8)) & 0xff;

		if (type == 2 || type == 3 || type > 7)
			return false;
	}
	return true;
}

static void check_msrs(struct verdict *v, const struct vp_state *s) {
	static const uint8_t addresses[] = {VP_REG(lstar), VP_REG(cstar), VP_REG(kernel_gs_base), VP_REG(sysenter_esp),
	                                    VP_REG(sysenter_eip)};

	require(v, pat_is_valid(s->pat), VP_RULE_PAT, s->pat);
	for (unsigned i = 0; i < ARRAY_COUNT(addresses); i++)
		require(v, address_is_canonical(s->reg[addresses[i]]), VP_RULE_MSR_CANONICAL, s->reg[addresses[i]]);
	require(v, (s->sysenter_cs >> 32) == 0, VP_RULE_SYSENTER_CS, s->sysenter_cs);
}

/* Vectors that are exceptions [APM2 8.2 "Vectors"]: neither 2, which is NMI's, nor
 * the reserved ones; and none of features that guests are not shown. */
#define EXCEPTION_VECTORS 0x000f7dfbu

/* [APM2 15.20 "Event Injection"]: a reserved type, or an exception with a vector
 * that is no exception, makes VMRUN fail. */
static void check_event(struct verdict *v, const struct vp_state *s) {
	uint64_t type = (s->event >> HV_EVENT_TYPE_SHIFT) & 7;
	unsigned vector = (s->event >> HV_EVENT_VECTOR_SHIFT) & 0xffff;

	if (!(s->event & HV_EVENT_PENDING))
		return;
	require(v, type == HV_EVENT_TYPE_INTERRUPT || type == HV_EVENT_TYPE_NMI || type == HV_EVENT_TYPE_EXCEPTION,
	        VP_RULE_EVENT_TYPE, s->event);
	if (type == HV_EVENT_TYPE_EXCEPTION)
		require(v, vector < 32 && (EXCEPTION_VECTORS >> vector & 1), VP_RULE_EVENT_VECTOR, s->event);
	else if (type == HV_EVENT_TYPE_INTERRUPT)
		require(v, vector >= 16 && vector < 256, VP_RULE_EVENT_VECTOR, s->event);
}

enum vp_state_rule vp_state_check(const struct vp_state *s, const struct cpu_limits *limits, uint64_t *value) {
	struct verdict v = {VP_RULE_NONE, 0};

	check_control(&v, s, limits);
	check_segments(&v, s);
	check_msrs(&v, s);
	check_event(&v, s);
	*value = v.value;
	return v.rule;
}

void vp_state_reset(struct vp_state *s) {
	memset(s, 0, sizeof(*s));
	s->version = VP_STATE_VERSION;
	s->rip = 0xfff0;
	s->rflags = RFLAGS_FIXED;
	s->cr0 = CR0_CD | CR0_NW | CR0_ET;
	s->dr6 = 0xffff0ff0;
	s->dr7 = 0x400;
	s->pat = PAT_RESET;
	for (unsigned i = 0; i < VP_SEGMENT_AND_TABLE_COUNT; i++) {
		s->segment[i].limit = 0xffff;
		if (i < VP_SEGMENT_COUNT)
			s->segment[i].attributes = 0x93; /* present, data, writable, accessed */
	}
	s->segment[VP_CS].selector = 0xf000;
	s->segment[VP_CS].base = 0xffff0000;
	s->segment[VP_CS].attributes = 0x9b; /* code, readable */
	s->segment[VP_LDTR].attributes = 0x82;
	s->segment[VP_TR].attributes = 0x8b; /* busy 32-bit TSS */
}

void vp_state_startup(struct vp_state *s, uint8_t vector) {
	s->segment[VP_CS].selector = (uint16_t)(vector << 8);
	s->segment[VP_CS].base = (uint64_t)vector << 12;
	s->rip = 0;
}
