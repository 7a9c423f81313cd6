/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every VMCS that the kernel builds and the guest states that it lets through,
 * judged by the oracle. What vp_state_check passes is entered, but for the rules
 * that only Intel has (is_left_to_the_processor): there the entry fails, and the
 * VP stops. Random states lie at the borders of the rules. usage: [seed]
 */
#include "oracle/vmx_oracle.h"

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
#include "arch/x86/vmx/vmx_controls.h"
#include "arch/x86/vmx/vmx_state.h"
#include "core/guest_cpu.h"
#include "lib/bits.h"
#include "oracle/vmx_vmcs.h"

#define STATES        300000u
#define PHYSICAL_BITS 40u
#define CR4_HAS       0x007726ffull /* with VMXE */
#define EFER_HAS      0x00000d01ull

/* What must be 1, in the low halves, is real processors'; what may be is plenty. */
static const struct vmx_capabilities skylake = {
    .word = {0x000000ff00000016, 0xfff9fffe04006172, 0x02ffffff00000000, 0x01ffffff00036dfb, 0x0003ffff000011fb,
             0x0673414100000000, 0x00000f0100000000},
};

static const struct vmx_machine machine = {
    .word = {0x000000ff00000016, 0xfff9fffe04006172, 0x02ffffff00000000, 0x01ffffff00036dfb, 0x0003ffff000011fb},
    .cr0_fixed0 = 0x80000021,
    .cr0_fixed1 = 0xffffffff,
    .cr4_fixed0 = 0x2000,
    .cr4_fixed1 = CR4_HAS,
    .efer_has = EFER_HAS,
    .physical_bits = PHYSICAL_BITS,
};

static const struct cpu_limits limits = {.cr4_allowed = CR4_HAS & ~(BIT(13) | CR4_MCE),
                                         .efer_allowed = EFER_HAS & ~EFER_LMA,
                                         .physical_bits = PHYSICAL_BITS};

static uint64_t seed;
static uint64_t random_state;
static struct vp_hw hw;

static uint64_t random_u64(void) {
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void build(bool is_parent) {
	const struct vp_maps maps = {.ports = 0x200000, .msrs = 0x100000};
	/* CR0, CR3, CR4, the bases of FS, GS, TR, GDTR and IDTR, ..., RIP */
	const uint64_t host[VMCS_HOST_NATURAL_COUNT] = {0x80010033,
	                                                0x5000,
	                                                0x2620,
	                                                0,
	                                                0,
	                                                0xffffffff80200000,
	                                                0xffffffff80201000,
	                                                0xffffffff80202000,
	                                                0,
	                                                0,
	                                                0,
	                                                0xffffffff80100000};
	struct vmx_controls controls;
	struct vp_state reset;

	vmx_vmcs_clear();
	hw = (struct vp_hw){.gpa_root = spa(0x300000), .is_parent = is_parent};
	if (vmx_controls_compute(&skylake, &controls) != NULL)
		fail_msg("%s", vmx_controls_compute(&skylake, &controls));
	vmx_setup_controls(&controls, &maps, &hw);
	vmx_setup_host(0xd00, host);
	vp_state_reset(&reset);
	vmx_state_set(&hw, &reset);
	vmx_event_write(&hw);
}

static void every_vmcs_that_is_built_is_accepted(void **state) {
	(void)state;
	for (int is_parent = 0; is_parent < 2; is_parent++) {
		struct vmx_verdict verdict;

		build(is_parent);
		verdict = vmx_oracle_judge(&machine);
		if (verdict.part != VMX_ACCEPTED)
			fail_msg("parent %d: %s", is_parent, verdict.rule);
	}
}

static void sixty_four_bit_state(struct vp_state *s) {
	vp_state_reset(s);
	s->rip = 0xffffffff81000000;
	s->cr0 = CR0_PE | CR0_ET | CR0_PG;
	s->cr3 = 0x5000;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
	s->segment[VP_CS].base = 0;
	s->segment[VP_CS].attributes = 0x9b | SEGMENT_L;
}

/* --- The oracle itself: each rule is seen by one change of a legal VMCS. --- */

static void the_oracle_sees_each_rule(void **state) {
	static const struct {
		enum vmx_part part;
		uint32_t field;
		uint64_t value;
	} rows[] = {
	    {VMX_ACCEPTED, 0x6820, 2},
	    {VMX_CONTROL, 0x4000, 0},        /* a pin control that must be 1 */
	    {VMX_CONTROL, 0x0000, 0},        /* VPID 0 */
	    {VMX_CONTROL, 0x2004, 0x100800}, /* MSR bitmap */
	    {VMX_CONTROL, 0x201a, 0x30005e | 0x80},
	    {VMX_CONTROL, 0x201a, 0x300001 | 0x18},
	    {VMX_CONTROL, 0x4016, 0x8000030d}, /* #GP without its error code */
	    {VMX_ACCEPTED, 0x4016, 0x80000306},
	    {VMX_CONTROL, 0x4016, 0x80000b06}, /* #UD with one */
	    {VMX_CONTROL, 0x4016, 0x80000202 + 1},
	    {VMX_HOST, 0x6c00, 0x80010013},
	    {VMX_HOST, 0x6c04, 0x620},
	    {VMX_HOST, 0x0c0c, 0},
	    {VMX_HOST, 0x0c02, 0xb},
	    {VMX_HOST, 0x6c0a, BIT(47)},
	    {VMX_HOST, 0x2c02, 0x800},
	    {VMX_GUEST_CR, 0x6800, 0x80000011}, /* NE */
	    {VMX_GUEST_CR, 0x6804, 0x20},       /* VMXE */
	    {VMX_GUEST_CR, 0x2806, 0x400},
	    {VMX_GUEST_CR, 0x681a, BIT(32)},
	    {VMX_GUEST_CR3, 0x6802, BIT(PHYSICAL_BITS)},
	    {VMX_GUEST_CR, 0x2804, 2},
	    {VMX_GUEST_SEGMENT, 0x4816, 0xa092}, /* CS: data */
	    {VMX_GUEST_SEGMENT, 0x4816, 0x609b}, /* CS: L and D */
	    {VMX_GUEST_SEGMENT, 0x4818, 0xf3},   /* SS: DPL against CS */
	    {VMX_GUEST_SEGMENT, 0x481a, 0x92},   /* DS: not accessed */
	    {VMX_GUEST_SEGMENT, 0x480e, 0x10ffff},
	    {VMX_GUEST_SEGMENT, 0x4822, 0x89},    /* TR: available */
	    {VMX_GUEST_SEGMENT, 0x4822, 0x1008b}, /* TR: unusable */
	    {VMX_GUEST_SEGMENT, 0x4820, 0x89},    /* LDTR */
	    {VMX_GUEST_SEGMENT, 0x6808, BIT(32)},
	    {VMX_GUEST_TABLE, 0x6816, BIT(47)},
	    {VMX_GUEST_TABLE, 0x4810, 0x10000},
	    {VMX_GUEST_RIP, 0x681e, BIT(47)},
	    {VMX_GUEST_RIP, 0x6820, 0},
	    {VMX_GUEST_FLAG_VM, 0x6820, 2 | BIT(17)},
	    {VMX_GUEST_FLAG_IF, 0x4016, 0x80000030},
	    {VMX_GUEST_OTHER, 0x4824, 1}, /* blocking by STI without IF */
	    {VMX_ACCEPTED, 0x4824, 2},
	    {VMX_GUEST_OTHER, 0x4826, 1},
	    {VMX_GUEST_OTHER, 0x2800, 0x7000},
	};
	struct vp_state s;

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct vmx_verdict verdict;

		build(false);
		sixty_four_bit_state(&s);
		vmx_state_set(&hw, &s);
		vmx_vmcs_put(rows[i].field, rows[i].value);
		verdict = vmx_oracle_judge(&machine);
		if (rows[i].part == VMX_GUEST_FLAG_VM && verdict.part == VMX_GUEST_SEGMENT)
			continue; /* 64-bit segments are none of virtual-8086 mode either */
		if (verdict.part != rows[i].part)
			fail_msg("row %u: %s", i, verdict.rule != NULL ? verdict.rule : "accepted");
	}
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
	       (random_u64() & 0xffffffff) << 32;
}

static void base_state(struct vp_state *s) {
	sixty_four_bit_state(s);
	switch (random_u64() % 4) {
	case 0:
		vp_state_reset(s);
		break;
	case 1: /* 32-bit protected mode */
		s->rip = 0x1000;
		s->cr4 = 0;
		s->efer = 0;
		s->segment[VP_CS].attributes = 0x9b | SEGMENT_D;
		break;
	case 2: /* 32-bit code in long mode */
		s->rip = 0x1000;
		s->segment[VP_CS].attributes = 0x9b | SEGMENT_D;
		break;
	default:
		break;
	}
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
	struct hv_segment_register *g = &s->segment[random_u64() % VP_SEGMENT_COUNT];
	const uint64_t what = random_u64() % 36;

	if (what < ARRAY_COUNT(words))
		*words[what] = random_border(*words[what]);
	else if (what < 24)
		g->base = random_border(g->base);
	else if (what < 28)
		g->attributes ^= (uint16_t)BIT(random_u64() % 16);
	else if (what < 30)
		g->limit = (uint32_t)random_border(g->limit);
	else if (what < 33)
		s->event = random_event();
	else if (what < 35)
		s->interrupt_shadow = !s->interrupt_shadow;
	else
		s->rflags |= RFLAGS_TF | RFLAGS_IF;
}

/* Rules that AMD does not have, and vp_state_check therefore not: an entry that
 * breaks one fails, which stops the VP and nothing else. */
static bool is_left_to_the_processor(enum vmx_part part) {
	return part == VMX_GUEST_SEGMENT || part == VMX_GUEST_CR3 || part == VMX_GUEST_FLAG_VM ||
	       part == VMX_GUEST_FLAG_IF;
}

static void what_the_kernel_lets_through_enters_or_breaks_a_rule_of_intels_alone(void **state) {
	unsigned entered = 0, left = 0;

	(void)state;
	build(false);
	for (unsigned i = 0; i < STATES; i++) {
		struct vmx_verdict verdict;
		struct vp_state s;
		uint64_t value;

		base_state(&s);
		for (uint64_t n = random_u64() % 4; n > 0; n--)
			disturb(&s);
		if (vp_state_check(&s, &limits, &value) != VP_RULE_NONE)
			continue;
		vmx_vmcs_put(0x4016, 0);
		vmx_vmcs_put(0x4824, 0);
		vmx_state_set(&hw, &s);
		vmx_event_write(&hw);
		verdict = vmx_oracle_judge(&machine);
		if (verdict.part == VMX_ACCEPTED)
			entered++;
		else if (is_left_to_the_processor(verdict.part))
			left++;
		else
			fail_msg("state %u: %s", i, verdict.rule);
	}
	assert_true(entered > STATES / 4);
	assert_true(left > STATES / 100);
}

/* Every event that can be written, in real and in protected mode. */
static void every_event_that_passes_is_legal_to_inject(void **state) {
	unsigned passed = 0;

	(void)state;
	for (uint64_t i = 0; i < 2 * 32 * 0x200; i++) {
		struct vmx_verdict verdict;
		struct vp_state s;
		uint64_t value;

		if (i & 1)
			sixty_four_bit_state(&s);
		else
			vp_state_reset(&s);
		s.rflags |= RFLAGS_IF;
		s.interrupt_shadow = i & 2;
		s.event = (i >> 1 & 31) | (i >> 6) << 16 | 0xffffffffull << 32;
		if (vp_state_check(&s, &limits, &value) != VP_RULE_NONE)
			continue;
		passed++;
		build(false);
		vmx_state_set(&hw, &s);
		vmx_event_write(&hw);
		verdict = vmx_oracle_judge(&machine);
		if (verdict.part != VMX_ACCEPTED)
			fail_msg("event %llx: %s", (unsigned long long)s.event, verdict.rule);
	}
	assert_true(passed > 1000);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_vmcs_that_is_built_is_accepted),
	    cmocka_unit_test(the_oracle_sees_each_rule),
	    cmocka_unit_test(what_the_kernel_lets_through_enters_or_breaks_a_rule_of_intels_alone),
	    cmocka_unit_test(every_event_that_passes_is_legal_to_inject),
	};

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	random_state = seed * 2 + 1;
	fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
	build(false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
