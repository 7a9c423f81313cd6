/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of the rules that a VP's state must obey: a row per way to break one,
 * each on a state that is legal but for that [APM2 15.5.1 "Basic Operation",
 * SDM 3C 26.3.1 "Checks on the Guest State Area"].
 */
#include "core/vp_state.h"
#include <hv_abi/registers.h>
#include "core/guest_cpu.h"
#include "model_test.h"

/* A number that no rule has. */
#define UNUSED_RULE    17u
#define CANONICAL_TOP  0x00007fffffffffffull
#define FIRST_BAD      0x0000800000000000ull
#define CANONICAL_HIGH 0xffff800000000000ull
#define LAST_BAD       0xffff7fffffffffffull

static const struct cpu_limits limits = {
    .cr4_allowed = CR4_PAE | CR4_PCIDE | CR4_OSXSAVE | 0x6d0,
    .efer_allowed = EFER_SCE | EFER_LME | EFER_NXE,
    .physical_bits = 40,
};

enum base { LONG_MODE, PROTECTED, RESET };

static struct vp_state legal(enum base base) {
	struct vp_state s;

	vp_state_reset(&s);
	if (base == RESET)
		return s;
	s.rip = 0x1000;
	s.cr0 = CR0_PE | CR0_ET | CR0_PG;
	s.segment[VP_CS].base = 0;
	s.segment[VP_CS].attributes = 0x9b | SEGMENT_D;
	if (base == PROTECTED)
		return s;
	s.cr3 = 0x5000;
	s.cr4 = CR4_PAE;
	s.efer = EFER_LME | EFER_LMA | EFER_SCE;
	s.segment[VP_CS].attributes = 0x9b | SEGMENT_L;
	return s;
}

struct row {
	enum vp_state_rule rule;
	enum base base;
	size_t offset; /* of the field that is changed, and its size in bytes */
	size_t size;
	uint64_t value;
	size_t offset2; /* a second one, if size2 is not 0 */
	size_t size2;
	uint64_t value2;
};

#define FIELD(name) offsetof(struct vp_state, name), sizeof(((struct vp_state *)0)->name)
#define ROW(rule, base, f, v)                                                                                          \
	{ VP_RULE_##rule, base, FIELD(f), v, 0, 0, 0 }
#define ROW2(r, b, f, v, f2, v2)                                                                                       \
	{ VP_RULE_##r, b, FIELD(f), v, FIELD(f2), v2 }
#define LONG_CR0          (CR0_PE | CR0_ET | CR0_PG)
#define EXCEPTION(vector) (HV_EVENT_PENDING | HV_EVENT_TYPE_EXCEPTION << 1 | (vector##ull) << 16)
#define INTERRUPT(vector) (HV_EVENT_PENDING | (vector##ull) << 16)
#define EVENT(type)       (HV_EVENT_PENDING | (type##ull) << 1 | 0x200000)

static const struct row rows[] = {
    ROW(CR0_RESERVED, LONG_MODE, cr0, LONG_CR0 | BIT(32)),
    ROW(CR0_RESERVED, LONG_MODE, cr0, LONG_CR0 | BIT(63)),
    ROW(CR0_RESERVED, LONG_MODE, cr0, LONG_CR0 | BIT(6)),
    ROW(CR0_RESERVED, LONG_MODE, cr0, LONG_CR0 | BIT(17)),
    ROW(CR0_NW_WITHOUT_CD, LONG_MODE, cr0, LONG_CR0 | CR0_NW),
    ROW(NONE, LONG_MODE, cr0, LONG_CR0 | CR0_NW | CR0_CD),
    ROW(NONE, LONG_MODE, cr0, LONG_CR0 | CR0_CD),
    ROW(CR0_PG_WITHOUT_PE, PROTECTED, cr0, CR0_ET | CR0_PG),
    ROW(CR3_RESERVED, LONG_MODE, cr3, 0x5000 | BIT(52)),
    ROW(CR3_RESERVED, LONG_MODE, cr3, 0x5000 | BIT(63)),
    ROW(CR3_RESERVED, LONG_MODE, cr3, 0x5000 | BIT(40)),
    ROW(CR3_RESERVED, LONG_MODE, cr3, 0x5001),
    ROW(CR3_RESERVED, LONG_MODE, cr3, 0x5800),
    ROW(NONE, LONG_MODE, cr3, 0x5018),
    ROW(NONE, LONG_MODE, cr3, 0x5000 | BIT(39)),
    ROW2(NONE, LONG_MODE, cr3, 0x5fff, cr4, CR4_PAE | CR4_PCIDE),
    ROW2(CR3_RESERVED, LONG_MODE, cr3, 0x5fff | BIT(52), cr4, CR4_PAE | CR4_PCIDE),
    ROW(CR4_RESERVED, LONG_MODE, cr4, CR4_PAE | BIT(13)),
    ROW(CR4_RESERVED, LONG_MODE, cr4, CR4_PAE | CR4_LA57),
    ROW(CR4_RESERVED, LONG_MODE, cr4, CR4_PAE | BIT(63)),
    ROW(NONE, LONG_MODE, cr4, CR4_PAE | CR4_OSXSAVE),
    ROW(EFER_RESERVED, LONG_MODE, efer, EFER_LME | EFER_LMA | EFER_SVME),
    ROW(EFER_RESERVED, LONG_MODE, efer, EFER_LME | EFER_LMA | BIT(1)),
    ROW(EFER_RESERVED, LONG_MODE, efer, EFER_LME | EFER_LMA | BIT(63)),
    ROW(LONG_MODE_WITHOUT_PAE, LONG_MODE, cr4, 0),
    ROW(EFER_LMA, LONG_MODE, efer, EFER_LME),
    ROW(EFER_LMA, PROTECTED, efer, EFER_LMA),
    ROW2(EFER_LMA, PROTECTED, efer, EFER_LME | EFER_LMA, cr0, CR0_PE | CR0_ET),
    ROW2(NONE, PROTECTED, efer, EFER_LME, cr0, CR0_PE | CR0_ET),
    ROW(CR4_PCIDE, PROTECTED, cr4, CR4_PCIDE),
    ROW(DR6_HIGH, LONG_MODE, dr6, BIT(32)),
    ROW(DR6_HIGH, LONG_MODE, dr6, BIT(63)),
    ROW(DR7_HIGH, LONG_MODE, dr7, BIT(32)),
    ROW(DR7_HIGH, LONG_MODE, dr7, BIT(63)),
    ROW(RFLAGS_RESERVED, LONG_MODE, rflags, 0),
    ROW(RFLAGS_RESERVED, LONG_MODE, rflags, RFLAGS_FIXED | BIT(3)),
    ROW(RFLAGS_RESERVED, LONG_MODE, rflags, RFLAGS_FIXED | BIT(15)),
    ROW(RFLAGS_RESERVED, LONG_MODE, rflags, RFLAGS_FIXED | BIT(22)),
    ROW(RFLAGS_RESERVED, LONG_MODE, rflags, RFLAGS_FIXED | BIT(63)),
    ROW(NONE, LONG_MODE, rflags, 0x3d7fd7),
    ROW(RFLAGS_VM_IN_LONG_MODE, LONG_MODE, rflags, RFLAGS_FIXED | RFLAGS_VM),
    ROW(NONE, PROTECTED, rflags, RFLAGS_FIXED | RFLAGS_VM),
    ROW(LONG_MODE_CS_L_AND_D, LONG_MODE, segment[VP_CS].attributes, 0x9b | SEGMENT_L | SEGMENT_D),
    ROW(NONE, LONG_MODE, segment[VP_CS].attributes, 0x9b | SEGMENT_D),
    ROW(NONE, PROTECTED, segment[VP_CS].attributes, 0x9b | SEGMENT_L | SEGMENT_D),
    ROW(NONE, LONG_MODE, rip, CANONICAL_TOP),
    ROW(RIP_CANONICAL, LONG_MODE, rip, FIRST_BAD),
    ROW(RIP_CANONICAL, LONG_MODE, rip, LAST_BAD),
    ROW(NONE, LONG_MODE, rip, CANONICAL_HIGH),
    ROW(NONE, PROTECTED, rip, 0xffffffff),
    ROW(RIP_CANONICAL, PROTECTED, rip, BIT(32)),
    ROW2(RIP_CANONICAL, LONG_MODE, rip, BIT(32), segment[VP_CS].attributes, 0x9b | SEGMENT_D),
    ROW(SEGMENT_BASE, PROTECTED, segment[VP_ES].base, BIT(32)),
    ROW(SEGMENT_BASE, PROTECTED, segment[VP_CS].base, BIT(32)),
    ROW(SEGMENT_BASE, PROTECTED, segment[VP_SS].base, BIT(63)),
    ROW(SEGMENT_BASE, LONG_MODE, segment[VP_DS].base, BIT(32)),
    ROW(NONE, LONG_MODE, segment[VP_DS].base, 0xffffffff),
    ROW(SEGMENT_BASE, LONG_MODE, segment[VP_FS].base, FIRST_BAD),
    ROW(SEGMENT_BASE, LONG_MODE, segment[VP_GS].base, LAST_BAD),
    ROW(SEGMENT_BASE, LONG_MODE, segment[VP_LDTR].base, FIRST_BAD),
    ROW(SEGMENT_BASE, LONG_MODE, segment[VP_TR].base, FIRST_BAD),
    ROW(NONE, LONG_MODE, segment[VP_GS].base, CANONICAL_HIGH),
    ROW(TABLE_BASE, LONG_MODE, segment[VP_GDTR].base, FIRST_BAD),
    ROW(TABLE_BASE, LONG_MODE, segment[VP_IDTR].base, LAST_BAD),
    ROW(NONE, LONG_MODE, segment[VP_GDTR].base, CANONICAL_HIGH),
    ROW(TABLE_LIMIT, LONG_MODE, segment[VP_GDTR].limit, 0x10000),
    ROW(TABLE_LIMIT, LONG_MODE, segment[VP_IDTR].limit, 0x10000),
    ROW(PAT, LONG_MODE, pat, 2),
    ROW(PAT, LONG_MODE, pat, 0x0007040600070403),
    ROW(PAT, LONG_MODE, pat, 0x0807040600070406),
    ROW(NONE, LONG_MODE, pat, 0x0001040506070706),
    ROW(EVENT_TYPE, LONG_MODE, event, EVENT(1)),
    ROW(EVENT_TYPE, LONG_MODE, event, EVENT(4)),
    ROW(EVENT_TYPE, LONG_MODE, event, EVENT(5)),
    ROW(EVENT_TYPE, LONG_MODE, event, EVENT(6)),
    ROW(EVENT_TYPE, LONG_MODE, event, EVENT(7)),
    ROW(NONE, LONG_MODE, event, EVENT(2)),
    ROW(NONE, LONG_MODE, event, EVENT(7) & ~HV_EVENT_PENDING),
    ROW(EVENT_VECTOR, LONG_MODE, event, EXCEPTION(2)),
    ROW(EVENT_VECTOR, LONG_MODE, event, EXCEPTION(9)),
    ROW(EVENT_VECTOR, LONG_MODE, event, EXCEPTION(15)),
    ROW(EVENT_VECTOR, LONG_MODE, event, EXCEPTION(22)),
    ROW(EVENT_VECTOR, LONG_MODE, event, EXCEPTION(31)),
    ROW(EVENT_VECTOR, LONG_MODE, event, EXCEPTION(32)),
    ROW(EVENT_VECTOR, LONG_MODE, event, EXCEPTION(0x10d)),
    ROW(NONE, LONG_MODE, event, EXCEPTION(13) | HV_EVENT_DELIVER_ERROR),
    ROW(NONE, LONG_MODE, event, EXCEPTION(0)),
    ROW(NONE, LONG_MODE, event, EXCEPTION(19)),
    ROW(EVENT_VECTOR, LONG_MODE, event, INTERRUPT(15)),
    ROW(EVENT_VECTOR, LONG_MODE, event, INTERRUPT(256)),
    ROW(NONE, LONG_MODE, event, INTERRUPT(16)),
    ROW(NONE, LONG_MODE, event, INTERRUPT(255)),
    ROW(MSR_CANONICAL, LONG_MODE, lstar, FIRST_BAD),
    ROW(MSR_CANONICAL, LONG_MODE, cstar, LAST_BAD),
    ROW(MSR_CANONICAL, LONG_MODE, kernel_gs_base, FIRST_BAD),
    ROW(MSR_CANONICAL, LONG_MODE, sysenter_esp, FIRST_BAD),
    ROW(MSR_CANONICAL, LONG_MODE, sysenter_eip, FIRST_BAD),
    ROW(NONE, LONG_MODE, lstar, CANONICAL_HIGH),
    ROW(SYSENTER_CS, LONG_MODE, sysenter_cs, BIT(32)),
    ROW(NONE, LONG_MODE, sysenter_cs, 0xffffffff),
    ROW(NONE, RESET, interrupt_shadow, 1),
};

static void patch(struct vp_state *s, size_t offset, size_t size, uint64_t value) {
	memcpy((uint8_t *)s + offset, &value, size);
}

static void each_row_breaks_its_rule_and_no_other(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct vp_state s = legal(rows[i].base);
		enum vp_state_rule rule;
		uint64_t value = 0;

		patch(&s, rows[i].offset, rows[i].size, rows[i].value);
		patch(&s, rows[i].offset2, rows[i].size2, rows[i].value2);
		rule = vp_state_check(&s, &limits, &value);
		if (rule != rows[i].rule)
			fail_msg("row %u: rule %d instead of %d", i, (int)rule, (int)rows[i].rule);
		/* One of the two fields is to blame; which one is the rule's choice. */
		if (rule != VP_RULE_NONE && rule != VP_RULE_LONG_MODE_WITHOUT_PAE && value != rows[i].value &&
		    (rows[i].size2 == 0 || value != rows[i].value2))
			fail_msg("row %u: %llx is named as the offending value", i, (unsigned long long)value);
	}
}

/* Rules that a check of a vp_state cannot give: the register page's CR8 and the
 * processor's own refusal. */
static void every_rule_has_a_row(void **state) {
	bool is_seen[VP_RULE_HARDWARE + 1] = {false};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		is_seen[rows[i].rule] = true;
	for (unsigned rule = VP_RULE_CR0_RESERVED; rule < VP_RULE_CR8; rule++)
		if (!is_seen[rule] && rule != 8 && rule != UNUSED_RULE)
			fail_msg("no row breaks rule %u", rule);
}

static void legal_states_pass(void **state) {
	(void)state;
	for (enum base base = LONG_MODE; base <= RESET; base++) {
		struct vp_state s = legal(base);
		uint64_t value = 7;

		assert_int_equal(vp_state_check(&s, &limits, &value), VP_RULE_NONE);
		assert_int_equal(value, 0);
	}
}

static void the_first_broken_rule_is_the_one_reported(void **state) {
	struct vp_state s = legal(LONG_MODE);
	uint64_t value = 0;

	(void)state;
	s.pat = 2;
	s.cr0 |= BIT(40);
	s.rip = FIRST_BAD;
	assert_int_equal(vp_state_check(&s, &limits, &value), VP_RULE_CR0_RESERVED);
	assert_int_equal(value, s.cr0);
}

/* [SDM 3A 11.1.1 "Processor State After Reset", table 11-1] */
static void init_leaves_the_state_of_the_manual(void **state) {
	struct vp_state s;

	(void)state;
	memset(&s, 0xa5, sizeof(s));
	vp_state_reset(&s);
	assert_int_equal(s.version, VP_STATE_VERSION);
	assert_int_equal(s.rip, 0xfff0);
	assert_int_equal(s.rflags, 2);
	assert_int_equal(s.cr0, 0x60000010);
	assert_int_equal(s.cr3 | s.cr4 | s.efer | s.cr2 | s.event, 0);
	assert_int_equal(s.dr6, 0xffff0ff0);
	assert_int_equal(s.dr7, 0x400);
	assert_int_equal(s.segment[VP_CS].selector, 0xf000);
	assert_int_equal(s.segment[VP_CS].base, 0xffff0000);
	assert_int_equal(s.segment[VP_CS].attributes & 0xff, 0x9b);
	for (unsigned i = VP_ES; i <= VP_GS; i++) {
		assert_int_equal(s.segment[i].limit, 0xffff);
		if (i == VP_CS)
			continue;
		assert_int_equal(s.segment[i].base | s.segment[i].selector, 0);
		assert_int_equal(s.segment[i].attributes, 0x93);
	}
	assert_int_equal(s.segment[VP_LDTR].attributes, 0x82);
	assert_int_equal(s.segment[VP_TR].attributes, 0x8b);
	assert_int_equal(s.segment[VP_GDTR].limit, 0xffff);
	assert_int_equal(s.segment[VP_IDTR].limit, 0xffff);
}

static void every_startup_vector_starts_legally_at_its_page(void **state) {
	(void)state;
	for (unsigned vector = 0; vector < 256; vector++) {
		struct vp_state s;
		uint64_t value;

		vp_state_reset(&s);
		vp_state_startup(&s, (uint8_t)vector);
		assert_int_equal(s.segment[VP_CS].base + s.rip, vector * 4096);
		assert_int_equal(s.segment[VP_CS].selector, vector << 8);
		assert_int_equal(vp_state_check(&s, &limits, &value), VP_RULE_NONE);
	}
}

static void canonical_is_48_bits_with_the_sign_carried_on(void **state) {
	(void)state;
	assert_true(address_is_canonical(0));
	assert_true(address_is_canonical(CANONICAL_TOP));
	assert_false(address_is_canonical(FIRST_BAD));
	assert_false(address_is_canonical(LAST_BAD));
	assert_true(address_is_canonical(CANONICAL_HIGH));
	assert_true(address_is_canonical(~0ull));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row_breaks_its_rule_and_no_other),
	    cmocka_unit_test(every_rule_has_a_row),
	    cmocka_unit_test(legal_states_pass),
	    cmocka_unit_test(the_first_broken_rule_is_the_one_reported),
	    cmocka_unit_test(init_leaves_the_state_of_the_manual),
	    cmocka_unit_test(every_startup_vector_starts_legally_at_its_page),
	    cmocka_unit_test(canonical_is_48_bits_with_the_sign_carried_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
