/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The guest states that the kernel lets through, judged by the oracle: whatever
 * passes vp_state_check and is written by svm_controls.c is a VMCB that a
 * processor enters, unchanged. Random states lie at the borders of the rules.
 * usage: [seed]
 */
#include "oracle/svm_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <hv_abi/registers.h>
#include "arch/x86/svm/svm_controls.h"
#include "core/guest_cpu.h"
#include "lib/bits.h"

#define STATES        1000000u
#define PHYSICAL_BITS 40u

/* What a processor has that shows all of the table of levels: CR4 up to OSXSAVE,
 * SMEP, SMAP and PKE; EFER up to FFXSR. */
#define CR4_HAS       0x00770effull
#define EFER_HAS      0x00007d01ull

static const struct svm_machine machine = {~CR4_HAS, ~EFER_HAS, PHYSICAL_BITS};
static const struct cpu_limits limits = {
    .cr4_allowed = CR4_HAS, .efer_allowed = EFER_HAS & ~(EFER_SVME | EFER_LMA), .physical_bits = PHYSICAL_BITS};

static uint64_t seed;
static uint64_t random_state;
static struct vmcb vmcb;
static struct vp_hw hw;

static uint64_t random_u64(void) {
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void init_vmcb(void) {
	const struct vp_maps maps = {.ports = 0x100000, .msrs = 0x200000};

	memset(&vmcb, 0, sizeof(vmcb));
	hw = (struct vp_hw){.control = &vmcb, .gpa_root = spa(0x300000)};
	svm_controls_init(&hw, &maps);
	svm_controls_enter(&hw, false);
}

/* --- The oracle itself: each rule is seen by one change of a legal VMCB. --- */

static void put(unsigned offset, unsigned size, uint64_t value) { memcpy((uint8_t *)&vmcb + offset, &value, size); }

static void legal_vmcb(void) {
	init_vmcb();
	put(0x412, 2, 0x29b);      /* CS: 64-bit code */
	put(0x422, 2, 0x93);       /* SS */
	put(0x4d0, 8, 0x1500);     /* EFER: SVME, LMA, LME */
	put(0x548, 8, 0x20);       /* CR4: PAE */
	put(0x550, 8, 0x5000);     /* CR3 */
	put(0x558, 8, 0x80000011); /* CR0: PG, ET, PE */
	put(0x570, 8, 2);          /* RFLAGS */
}

static void the_oracle_sees_each_rule(void **state) {
	static const struct {
		enum svm_rule rule;
		uint16_t offset;
		uint8_t size;
		uint64_t value;
	} rows[] = {
	    {SVM_ACCEPTED, 0x570, 8, 2},
	    {SVM_EFER_SVME_CLEAR, 0x4d0, 8, 0x500},
	    {SVM_CR0_NW_WITHOUT_CD, 0x558, 8, 0xa0000011},
	    {SVM_ACCEPTED, 0x558, 8, 0xe0000011},
	    {SVM_CR0_HIGH, 0x558, 8, 0x180000011},
	    {SVM_CR3_MBZ, 0x550, 8, BIT(52) | 0x5000},
	    {SVM_CR3_MBZ, 0x550, 8, BIT(PHYSICAL_BITS) | 0x5000},
	    {SVM_CR4_MBZ, 0x548, 8, 0x20 | BIT(8)},
	    {SVM_CR4_MBZ, 0x548, 8, 0x20 | BIT(32)},
	    {SVM_DR6_HIGH, 0x568, 8, BIT(32)},
	    {SVM_DR7_HIGH, 0x560, 8, BIT(63)},
	    {SVM_EFER_MBZ, 0x4d0, 8, 0x1500 | BIT(1)},
	    {SVM_EFER_MBZ, 0x4d0, 8, 0x1500 | BIT(33)},
	    {SVM_LONG_WITHOUT_PAE, 0x548, 8, 0},
	    {SVM_LONG_WITHOUT_PE, 0x558, 8, 0x80000010},
	    {SVM_LONG_CS_L_AND_D, 0x412, 2, 0x69b},
	    {SVM_VMRUN_NOT_INTERCEPTED, 0x010, 4, 0xfffffffe},
	    {SVM_MAP_OUT_OF_RANGE, 0x048, 8, BIT(PHYSICAL_BITS) - 0x1000},
	    {SVM_MAP_OUT_OF_RANGE, 0x040, 8, BIT(PHYSICAL_BITS) - 0x2000},
	    {SVM_ACCEPTED, 0x040, 8, BIT(PHYSICAL_BITS) - 0x3000},
	    {SVM_MAP_OUT_OF_RANGE, 0x040, 8, BIT(PHYSICAL_BITS)},
	    {SVM_ILLEGAL_EVENT, 0x0a8, 8, 0x80000120},
	    {SVM_ILLEGAL_EVENT, 0x0a8, 8, 0x80000302},
	    {SVM_ILLEGAL_EVENT, 0x0a8, 8, 0x80000320},
	    {SVM_ACCEPTED, 0x0a8, 8, 0x80000b0d},
	    {SVM_ASID_ZERO, 0x058, 4, 0},
	    {SVM_NESTED_CR3, 0x0b0, 8, BIT(PHYSICAL_BITS)},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		legal_vmcb();
		put(rows[i].offset, rows[i].size, rows[i].value);
		if (svm_oracle_judge(&vmcb, &machine) != rows[i].rule)
			fail_msg("row %u: %s", i, svm_oracle_name(svm_oracle_judge(&vmcb, &machine)));
	}
}

static void the_oracle_sees_what_entry_would_change(void **state) {
	(void)state;
	legal_vmcb();
	assert_int_equal(svm_oracle_changes(&vmcb), 0);
	put(0x4cb, 1, 3);
	assert_int_equal(svm_oracle_changes(&vmcb), 0x4cb);
	put(0x422, 2, 0xf3);
	assert_int_equal(svm_oracle_changes(&vmcb), 0);
	put(0x458, 8, BIT(47));
	assert_int_equal(svm_oracle_changes(&vmcb), 0x458);
}

/* --- Random states. --- */

static const uint64_t borders[] = {
    0,           1,       2,       0xfff,   0xffff,  0x10000, 0xffffffff, BIT(32), BIT(39),        BIT(40),
    BIT(47) - 1, BIT(47), BIT(51), BIT(52), BIT(63), ~0ull,   0x5000,     0x5001,  ~(BIT(47) - 1), ~BIT(47),
};

static uint64_t random_border(uint64_t old) {
	switch (random_u64() % 4) {
	case 0:
		return borders[random_u64() % ARRAY_COUNT(borders)];
	case 1:
		return random_u64();
	default:
		return old ^ BIT(random_u64() % 64);
	}
}

static uint64_t random_event(void) {
	return (random_u64() & 1) | (random_u64() & 7) << 1 | (random_u64() & 1) << 4 | (random_u64() & 0x3f) << 16 |
	       (random_u64() % 8 == 0 ? BIT(24) : 0) | (random_u64() & 0xffffffff) << 32;
}

static void base_state(struct vp_state *s) {
	vp_state_reset(s);
	if (random_u64() % 4 == 0)
		return;
	s->rip = 0x1000;
	s->cr0 = CR0_PE | CR0_ET | CR0_PG;
	s->segment[VP_CS].base = 0;
	s->segment[VP_CS].attributes = 0x9b | SEGMENT_D;
	if (random_u64() % 3 == 0)
		return;
	s->cr3 = 0x5000;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
	s->segment[VP_CS].attributes = 0x9b | SEGMENT_L;
}

static void disturb(struct vp_state *s) {
	uint64_t *const words[] = {
	    &s->rip,
	    &s->rflags,
	    &s->cr0,
	    &s->cr2,
	    &s->cr3,
	    &s->cr4,
	    &s->efer,
	    &s->dr6,
	    &s->dr7,
	    &s->pat,
	    &s->star,
	    &s->lstar,
	    &s->cstar,
	    &s->sfmask,
	    &s->kernel_gs_base,
	    &s->sysenter_cs,
	    &s->sysenter_esp,
	    &s->sysenter_eip,
	    &s->segment[VP_GDTR].base,
	    &s->segment[VP_IDTR].base,
	};
	const uint64_t what = random_u64() % 32;

	if (what < ARRAY_COUNT(words)) {
		*words[what] = random_border(*words[what]);
	} else if (what < 24) {
		struct hv_segment_register *g = &s->segment[random_u64() % VP_SEGMENT_COUNT];

		g->base = random_border(g->base);
	} else if (what < 28) {
		struct hv_segment_register *g = &s->segment[random_u64() % VP_SEGMENT_COUNT];

		g->attributes ^= (uint16_t)BIT(random_u64() % 16);
	} else if (what < 31) {
		s->event = random_event();
	} else {
		s->cr0 ^= CR0_PE | CR0_PG;
	}
}

static void whatever_the_kernel_lets_through_enters_unchanged(void **state) {
	unsigned passed = 0;
	unsigned refused[SVM_RULE_COUNT] = {0};

	(void)state;
	for (unsigned i = 0; i < STATES; i++) {
		struct vp_state s;
		enum svm_rule rule;
		uint64_t value;
		bool is_legal;

		base_state(&s);
		for (uint64_t n = random_u64() % 4; n > 0; n--)
			disturb(&s);
		is_legal = vp_state_check(&s, &limits, &value) == VP_RULE_NONE;
		svm_state_set(&hw, &s);
		svm_controls_enter(&hw, random_u64() % 2);
		rule = svm_oracle_judge(&vmcb, &machine);
		refused[rule]++;
		if (!is_legal)
			continue;
		passed++;
		if (rule != SVM_ACCEPTED)
			fail_msg("state %u passed, but %s", i, svm_oracle_name(rule));
		if (svm_oracle_changes(&vmcb) != 0)
			fail_msg("state %u passed, but entry changes the field at %x", i, svm_oracle_changes(&vmcb));
	}
	/* The states were worth judging: many passed, and each rule refused some. */
	assert_true(passed > STATES / 20);
	for (unsigned rule = SVM_CR0_NW_WITHOUT_CD; rule <= SVM_LONG_CS_L_AND_D; rule++)
		if (refused[rule] == 0)
			fail_msg("no state was refused because %s", svm_oracle_name(rule));
	assert_true(refused[SVM_ILLEGAL_EVENT] > 0);
}

/* Every event that can be written, exhaustively but for its error code. */
static void every_event_that_passes_is_legal_to_inject(void **state) {
	struct vp_state s;
	unsigned passed = 0;
	uint64_t value;

	(void)state;
	vp_state_reset(&s);
	for (uint64_t low = 0; low < 32; low++)
		for (uint64_t vector = 0; vector < 0x10000; vector++) {
			s.event = low | vector << 16;
			if (vp_state_check(&s, &limits, &value) != VP_RULE_NONE)
				continue;
			passed++;
			svm_state_set(&hw, &s);
			svm_controls_enter(&hw, random_u64() % 2);
			if (svm_oracle_judge(&vmcb, &machine) != SVM_ACCEPTED)
				fail_msg("event %llx", (unsigned long long)s.event);
		}
	assert_true(passed > 0);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_oracle_sees_each_rule),
	    cmocka_unit_test(the_oracle_sees_what_entry_would_change),
	    cmocka_unit_test(whatever_the_kernel_lets_through_enters_unchanged),
	    cmocka_unit_test(every_event_that_passes_is_legal_to_inject),
	};

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	random_state = seed * 2 + 1;
	fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
	init_vmcb();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
