/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The checks in the order of the manual. */
#include "oracle/svm_oracle.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define MSRPM_SIZE 0x2000u
#define IOPM_SIZE  0x3000u

struct fields {
	uint64_t cr0, cr3, cr4, dr6, dr7, efer;
	uint16_t cs;
	bool is_long; /* EFER.LME and CR0.PG */
};

static uint64_t get(const void *vmcb, unsigned offset, unsigned size) {
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)vmcb + offset, size);
	return value;
}

static bool bit(uint64_t value, unsigned n) { return value >> n & 1; }

static struct fields read_fields(const void *vmcb) {
	struct fields f = {
	    .cr0 = get(vmcb, 0x558, 8),
	    .cr3 = get(vmcb, 0x550, 8),
	    .cr4 = get(vmcb, 0x548, 8),
	    .dr6 = get(vmcb, 0x568, 8),
	    .dr7 = get(vmcb, 0x560, 8),
	    .efer = get(vmcb, 0x4d0, 8),
	    .cs = (uint16_t)get(vmcb, 0x412, 2),
	};

	f.is_long = bit(f.efer, 8) && bit(f.cr0, 31);
	return f;
}

static enum svm_rule judge_control_registers(const struct fields *f, const struct svm_machine *m) {
	if (!bit(f->efer, 12))
		return SVM_EFER_SVME_CLEAR;
	if (!bit(f->cr0, 30) && bit(f->cr0, 29))
		return SVM_CR0_NW_WITHOUT_CD;
	if (f->cr0 >> 32 != 0)
		return SVM_CR0_HIGH;
	/* In legacy modes CR3 has 32 bits and none must be zero. */
	if (f->is_long && f->cr3 >> m->physical_bits != 0)
		return SVM_CR3_MBZ;
	if (f->cr4 & m->cr4_mbz)
		return SVM_CR4_MBZ;
	if (f->dr6 >> 32 != 0)
		return SVM_DR6_HIGH;
	if (f->dr7 >> 32 != 0)
		return SVM_DR7_HIGH;
	if (f->efer & m->efer_mbz)
		return SVM_EFER_MBZ;
	if (f->is_long && !bit(f->cr4, 5))
		return SVM_LONG_WITHOUT_PAE;
	if (f->is_long && !bit(f->cr0, 0))
		return SVM_LONG_WITHOUT_PE;
	/* CS.L and CS.D: bits 53 and 54 of the descriptor, 9 and 10 here. */
	if (f->is_long && bit(f->cr4, 5) && bit(f->cs, 9) && bit(f->cs, 10))
		return SVM_LONG_CS_L_AND_D;
	if (bit(f->cr4, 23) && !bit(f->cr0, 16))
		return SVM_CET_WITHOUT_WP;
	return SVM_ACCEPTED;
}

/* [APM2 15.20 "Event Injection"], [APM2 8.2 "Vectors"] */
static bool is_event_legal(uint64_t event) {
	static const uint8_t exceptions[] = {0,  1,  3,  4,  5,  6,  7,  8,  10, 11, 12,
	                                     13, 14, 16, 17, 18, 19, 21, 28, 29, 30};
	const unsigned type = event >> 8 & 7;
	const unsigned vector = event & 0xff;

	if (!bit(event, 31))
		return true;
	if (type == 0 || type == 2 || type == 4)
		return true;
	if (type != 3)
		return false;
	for (unsigned i = 0; i < sizeof(exceptions); i++)
		if (exceptions[i] == vector)
			return true;
	return false;
}

static bool map_fits(uint64_t base, uint64_t size, const struct svm_machine *m) {
	const uint64_t limit = 1ull << m->physical_bits;

	base &= ~0xfffull;
	return base < limit && size <= limit - base;
}

static enum svm_rule judge_controls(const void *vmcb, const struct svm_machine *m) {
	if (!bit(get(vmcb, 0x10, 4), 0))
		return SVM_VMRUN_NOT_INTERCEPTED;
	if (!map_fits(get(vmcb, 0x48, 8), MSRPM_SIZE, m) || !map_fits(get(vmcb, 0x40, 8), IOPM_SIZE, m))
		return SVM_MAP_OUT_OF_RANGE;
	if (!is_event_legal(get(vmcb, 0xa8, 8)))
		return SVM_ILLEGAL_EVENT;
	if (get(vmcb, 0x58, 4) == 0)
		return SVM_ASID_ZERO;
	/* [APM2 15.25.3 "Enabling Nested Paging"] */
	if (bit(get(vmcb, 0x90, 8), 0) && get(vmcb, 0xb0, 8) >> m->physical_bits != 0)
		return SVM_NESTED_CR3;
	return SVM_ACCEPTED;
}

enum svm_rule svm_oracle_judge(const void *vmcb, const struct svm_machine *m) {
	const struct fields f = read_fields(vmcb);
	enum svm_rule rule = judge_control_registers(&f, m);

	return rule != SVM_ACCEPTED ? rule : judge_controls(vmcb, m);
}

const char *svm_oracle_name(enum svm_rule rule) {
	static const char *const names[SVM_RULE_COUNT] = {
	    [SVM_ACCEPTED] = "accepted",
	    [SVM_EFER_SVME_CLEAR] = "EFER.SVME is zero",
	    [SVM_CR0_NW_WITHOUT_CD] = "CR0.CD is zero and CR0.NW is set",
	    [SVM_CR0_HIGH] = "CR0[63:32] are not zero",
	    [SVM_CR3_MBZ] = "an MBZ bit of CR3 is set",
	    [SVM_CR4_MBZ] = "an MBZ bit of CR4 is set",
	    [SVM_DR6_HIGH] = "DR6[63:32] are not zero",
	    [SVM_DR7_HIGH] = "DR7[63:32] are not zero",
	    [SVM_EFER_MBZ] = "an MBZ bit of EFER is set",
	    [SVM_LONG_WITHOUT_PAE] = "EFER.LME and CR0.PG are set and CR4.PAE is zero",
	    [SVM_LONG_WITHOUT_PE] = "EFER.LME and CR0.PG are set and CR0.PE is zero",
	    [SVM_LONG_CS_L_AND_D] = "EFER.LME, CR0.PG, CR4.PAE, CS.L and CS.D are all set",
	    [SVM_VMRUN_NOT_INTERCEPTED] = "the VMRUN intercept is clear",
	    [SVM_MAP_OUT_OF_RANGE] = "a permission map reaches past physical memory",
	    [SVM_ILLEGAL_EVENT] = "the injected event is illegal",
	    [SVM_ASID_ZERO] = "the ASID is zero",
	    [SVM_CET_WITHOUT_WP] = "CR4.CET is set and CR0.WP is zero",
	    [SVM_NESTED_CR3] = "an MBZ bit of the nested CR3 is set",
	};

	return names[rule];
}

static bool is_canonical(uint64_t address) { return address >> 47 == 0 || address >> 47 == 0x1ffff; }

unsigned svm_oracle_changes(const void *vmcb) {
	static const uint16_t addresses[] = {0x448, 0x458, 0x478, 0x498, 0x468, 0x488,
	                                     0x608, 0x610, 0x620, 0x630, 0x638};
	const uint64_t cpl = get(vmcb, 0x4cb, 1);
	uint64_t expected = get(vmcb, 0x422, 2) >> 5 & 3;

	if (!bit(get(vmcb, 0x558, 8), 0))
		expected = 0;
	else if (bit(get(vmcb, 0x570, 8), 17))
		expected = 3;
	if (cpl != expected)
		return 0x4cb;
	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (!is_canonical(get(vmcb, addresses[i], 8)))
			return addresses[i];
	return 0;
}
