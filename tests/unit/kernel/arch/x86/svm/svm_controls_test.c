/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of what a VMCB says. Offsets and bits are the manual's, read from the
 * page as bytes, so that the layout is tested with the values
 * [APM2 Appendix B "Layout of VMCB"].
 */
#include "arch/x86/svm/svm_controls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <hv_abi/registers.h>
#include "arch/x86/hw_event.h"
#include "arch/x86/port_map.h"
#include "lib/bits.h"

#define IOPM       0x111000ull
#define MSRPM      0x222000ull
#define NESTED_CR3 0x333000ull
#define TSC_OFFSET 0xfedcba9876543210ull

static struct vmcb vmcb;
static struct vp_hw hw;

static uint64_t at(size_t offset, size_t size) {
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)&vmcb + offset, size);
	return value;
}

static int fresh(void **state) {
	const struct vp_maps maps = {.ports = IOPM, .msrs = MSRPM};

	(void)state;
	memset(&vmcb, 0, sizeof(vmcb));
	hw = (struct vp_hw){.control = &vmcb, .gpa_root = spa(NESTED_CR3), .tsc_offset = TSC_OFFSET};
	svm_controls_init(&hw, &maps);
	svm_controls_enter(&hw, false);
	return 0;
}

/* Every bit of the three intercept vectors: 1 asks for an exit, 0 does not. */
static void intercepts_are_those_of_the_policy_bit_by_bit(void **state) {
	static const struct {
		uint16_t offset;
		uint8_t bit;
		const char *what;
	} wanted[] = {
	    {0x08, 1, "#DB"},
	    {0x08, 17, "#AC"},
	    {0x08, 18, "#MC"},
	    {0x0c, 0, "INTR"},
	    {0x0c, 1, "NMI"},
	    {0x0c, 3, "INIT"},
	    {0x0c, 15, "RDPMC"},
	    {0x0c, 18, "CPUID"},
	    {0x0c, 19, "RSM"},
	    {0x0c, 22, "INVD"},
	    {0x0c, 24, "HLT"},
	    {0x0c, 26, "INVLPGA"},
	    {0x0c, 27, "IOIO"},
	    {0x0c, 28, "MSR"},
	    {0x0c, 30, "FERR"},
	    {0x0c, 31, "shutdown"},
	    {0x10, 0, "VMRUN"},
	    {0x10, 1, "VMMCALL"},
	    {0x10, 2, "VMLOAD"},
	    {0x10, 3, "VMSAVE"},
	    {0x10, 4, "STGI"},
	    {0x10, 5, "CLGI"},
	    {0x10, 6, "SKINIT"},
	    {0x10, 9, "WBINVD"},
	    {0x10, 10, "MONITOR"},
	    {0x10, 11, "MWAIT"},
	    {0x10, 12, "MWAIT armed"},
	    {0x10, 13, "XSETBV"},
	    {0x10, 14, "RDPRU"},
	    {0x14, 0, "INVLPGB"},
	    {0x14, 1, "INVLPGB illegal"},
	    {0x14, 3, "MCOMMIT"},
	    {0x14, 4, "TLBSYNC"},
	};
	uint32_t expected[4] = {0};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(wanted); i++) {
		if (!(at(wanted[i].offset, 4) >> wanted[i].bit & 1))
			fail_msg("%s is not intercepted", wanted[i].what);
		expected[(wanted[i].offset - 8) / 4] |= 1u << wanted[i].bit;
	}
	for (unsigned word = 0; word < 4; word++)
		assert_int_equal(at(8 + word * 4, 4), expected[word]);
}

static void control_fields_are_the_manuals_row_by_row(void **state) {
	static const struct {
		uint16_t offset;
		uint8_t size;
		uint64_t value;
	} rows[] = {
	    {0x000, 4, 0x00100010}, /* CR4: what the level allows, and MCE hidden */
	    {0x004, 4, 0x00ff00ff}, /* DR0-7, until first use */
	    {0x040, 8, IOPM},       {0x048, 8, MSRPM},
	    {0x050, 8, TSC_OFFSET}, {0x058, 4, 1}, /* ASID: not 0, the host's */
	    {0x05c, 4, 1},                         /* TLB_CONTROL: flush all */
	    {0x060, 8, BIT(24)},                   /* V_INTR_MASKING and nothing else */
	    {0x068, 8, 0},                         /* no interrupt shadow */
	    {0x090, 8, 1},                         /* NP_ENABLE */
	    {0x0a8, 8, 0},                         /* EVENTINJ */
	    {0x0b0, 8, NESTED_CR3}, {0x0b8, 8, 0}, /* no LBR virtualization */
	    {0x0c0, 4, 0},                         /* nothing is clean */
	};
	uint8_t is_known[0x400] = {0};

	(void)state;
	memset(is_known + 0x08, 1, 0x10); /* the intercepts have their own test */
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		if (at(rows[i].offset, rows[i].size) != rows[i].value)
			fail_msg("offset %x: %llx", rows[i].offset,
			         (unsigned long long)at(rows[i].offset, rows[i].size));
		memset(is_known + rows[i].offset, 1, rows[i].size);
	}
	for (unsigned i = 0; i < sizeof(is_known); i++)
		if (!is_known[i] && at(i, 1) != 0)
			fail_msg("offset %x is not zero", i);
}

static void state_fields_lie_where_the_manual_has_them(void **state) {
#define ROW(field, offset)                                                                                             \
	{ offsetof(struct vp_state, field), offset }
	static const struct {
		size_t from;
		size_t to;
	} rows[] = {
	    ROW(rip, 0x578),
	    ROW(rflags, 0x570),
	    ROW(cr0, 0x558),
	    ROW(cr2, 0x640),
	    ROW(cr3, 0x550),
	    ROW(cr4, 0x548),
	    ROW(dr6, 0x568),
	    ROW(dr7, 0x560),
	    ROW(pat, 0x668),
	    ROW(star, 0x600),
	    ROW(lstar, 0x608),
	    ROW(cstar, 0x610),
	    ROW(sfmask, 0x618),
	    ROW(kernel_gs_base, 0x620),
	    ROW(sysenter_cs, 0x628),
	    ROW(sysenter_esp, 0x630),
	    ROW(sysenter_eip, 0x638),
	    ROW(segment[VP_GDTR].base, 0x468),
	    ROW(segment[VP_IDTR].base, 0x488),
	    ROW(segment[VP_ES].base, 0x408),
	    ROW(segment[VP_CS].base, 0x418),
	    ROW(segment[VP_SS].base, 0x428),
	    ROW(segment[VP_DS].base, 0x438),
	    ROW(segment[VP_FS].base, 0x448),
	    ROW(segment[VP_GS].base, 0x458),
	    ROW(segment[VP_LDTR].base, 0x478),
	    ROW(segment[VP_TR].base, 0x498),
	};
#undef ROW
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const uint64_t mark = 0x1122334455667788ull + i;
		struct vp_state s = {0};

		memcpy((uint8_t *)&s + rows[i].from, &mark, sizeof(mark));
		memset(&vmcb, 0, sizeof(vmcb));
		svm_state_set(&hw, &s);
		/* The processor runs with MCE set, whatever the guest's CR4. */
		if (at(rows[i].to, 8) != (rows[i].to == 0x548 ? mark | CR4_MCE : mark))
			fail_msg("row %u is not at %zx", i, rows[i].to);
	}
}

static void a_guest_runs_with_svme_set_and_does_not_see_it(void **state) {
	struct vp_state s = {.efer = EFER_LME | EFER_LMA | EFER_SCE};
	struct vp_state seen;

	(void)state;
	svm_state_set(&hw, &s);
	assert_int_equal(at(0x4d0, 8), EFER_LME | EFER_LMA | EFER_SCE | BIT(12));
	svm_state_get(&hw, &seen);
	assert_int_equal(seen.efer, s.efer);
}

/* VMCB attributes: descriptor bits 47:40 in 7:0, 55:52 in 11:8. */
static void segment_attributes_change_their_packing(void **state) {
	static const struct {
		uint16_t tlfs;
		uint16_t vmcb;
	} rows[] = {
	    {0x209b, 0x29b}, {0xa09b, 0xa9b}, {0xc093, 0xc93}, {0x1000, 0x100},
	    {0x0093, 0x093}, {0x008b, 0x08b}, {0x0000, 0x000}, {0xf0ff, 0xfff},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct hv_segment_register from = {0x12345678, 0xfffff, 0x18, rows[i].tlfs};
		struct vp_state s = {.segment[VP_DS] = from};
		struct hv_segment_register back;

		svm_state_set(&hw, &s);
		assert_int_equal(at(0x432, 2), rows[i].vmcb);
		assert_int_equal(at(0x438, 8), from.base);
		assert_int_equal(at(0x434, 4), from.limit);
		assert_int_equal(at(0x430, 2), from.selector);
		svm_segment_get(&vmcb, VP_DS, &back);
		assert_memory_equal(&back, &from, sizeof(back));
	}
}

/* Bits 11:8 of the TLFS's attributes are reserved: they must not become others. */
static void reserved_attributes_do_not_reach_the_vmcb(void **state) {
	const struct vp_state s = {.segment[VP_DS].attributes = 0x0f93};

	(void)state;
	svm_state_set(&hw, &s);
	assert_int_equal(at(0x432, 2), 0x093);
}

static void the_privilege_level_comes_from_the_mode_and_ss(void **state) {
	static const struct {
		uint64_t cr0;
		uint64_t rflags;
		uint16_t ss;
		uint8_t cpl;
	} rows[] = {
	    {CR0_PE, 2, 0x93, 0},
	    {CR0_PE, 2, 0xb3, 1},
	    {CR0_PE, 2, 0xd3, 2},
	    {CR0_PE, 2, 0xf3, 3},
	    {0, 2, 0xf3, 0},
	    {0, 2, 0x93, 0},
	    {CR0_PE, 2 | RFLAGS_VM, 0x93, 3},
	    {CR0_PE, 2 | RFLAGS_VM, 0xf3, 3},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct vp_state s = {.cr0 = rows[i].cr0, .rflags = rows[i].rflags};

		s.segment[VP_SS].attributes = rows[i].ss;
		svm_state_set(&hw, &s);
		assert_int_equal(at(0x4cb, 1), rows[i].cpl);
	}
}

/* [APM2 15.20 "Event Injection"] */
static void events_row_by_row(void **state) {
	static const struct {
		uint64_t event;
		uint64_t injection;
	} rows[] = {
	    {0, 0},
	    {0x0030000000200000ull, 0},                     /* not pending */
	    {0x0000000000200001ull, 0x0000000080000020ull}, /* interrupt 0x20 */
	    {0x0000000000ff0001ull, 0x00000000800000ffull},
	    {0x0000000000020005ull, 0x0000000080000202ull}, /* NMI */
	    {0x0000000000060007ull, 0x0000000080000306ull}, /* #UD */
	    {0x00000000000d0017ull, 0x0000000080000b0dull}, /* #GP(0) */
	    {0xdeadbeef000e0017ull, 0xdeadbeef80000b0eull}, /* #PF with an error code */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct vp_exit exit = {.reason = VP_EXIT_GPA_FAULT};

		hw.event = rows[i].event;
		svm_controls_enter(&hw, false);
		assert_int_equal(at(0xa8, 8), rows[i].injection);
		assert_int_equal(hw_event_requeued(rows[i].injection, &exit), rows[i].event & 1 ? rows[i].event : 0);
	}
	/* An NMI is vector 2, whatever the parent wrote. */
	hw.event = 0x0000000000000005ull;
	svm_controls_enter(&hw, false);
	assert_int_equal(at(0xa8, 8), 0x80000202);
	/* Its end is seen by the IRET. */
	assert_true(at(0x0c, 4) & BIT(20));
}

static void random_fill(void *p, size_t size) {
	for (size_t i = 0; i < size; i++)
		((uint8_t *)p)[i] = (uint8_t)rand();
}

static void any_state_comes_back_as_it_was_set(void **state) {
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 2000; round++) {
		struct vp_state in;
		struct vp_state out;

		memset(&in, 0, sizeof(in));
		memset(&out, 0, sizeof(out));
		random_fill(&in, sizeof(in));
		in.version = VP_STATE_VERSION;
		in.efer &= ~EFER_SVME;
		in.cr4 &= ~CR4_MCE;
		for (unsigned i = 0; i < VP_SEGMENT_AND_TABLE_COUNT; i++)
			in.segment[i].attributes &= 0xf0ff;
		in.event = round % 2 ? 0x12340000000d0017ull : 0;
		in.interrupt_shadow = round % 3 == 0;
		svm_state_set(&hw, &in);
		svm_state_get(&hw, &out);
		assert_memory_equal(&in, &out, sizeof(in));
	}
}

static void setting_a_state_leaves_the_controls_alone(void **state) {
	struct vp_state s;
	uint8_t before[0x400];

	(void)state;
	memcpy(before, &vmcb, sizeof(before));
	vp_state_reset(&s);
	svm_state_set(&hw, &s);
	assert_memory_equal(before, &vmcb, sizeof(before));
}

/* [APM2 15.11 "MSR Intercepts", table 15-8]: two bits per MSR, read then write. */
static void msr_permissions_lie_where_the_manual_has_them(void **state) {
	static const struct {
		uint32_t msr;
		uint16_t byte;
		uint8_t shift;
	} rows[] = {
	    {0x00000000, 0x0000, 0}, {0x00000001, 0x0000, 2}, {0x00000174, 0x005d, 0},
	    {0x00001fff, 0x07ff, 6}, {0xc0000000, 0x0800, 0}, {0xc0000081, 0x0820, 2},
	    {0xc0001fff, 0x0fff, 6}, {0xc0010000, 0x1000, 0}, {0xc0011fff, 0x17ff, 6},
	};
	uint8_t map[8192];

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		memset(map, 0xff, sizeof(map));
		assert_true(svm_msrpm_allow(map, rows[i].msr));
		assert_int_equal(map[rows[i].byte] >> rows[i].shift & 3, 0);
		map[rows[i].byte] |= (uint8_t)(3u << rows[i].shift);
		for (unsigned b = 0; b < sizeof(map); b++)
			assert_int_equal(map[b], 0xff);
	}
}

/* [APM2 15.21.4 "Injecting Virtual (INTR) Interrupts"] */
static void a_window_is_a_virtual_interrupt(void **state) {
	(void)state;
	hw.cr8 = 3;
	hw.window = 0x51;
	svm_controls_enter(&hw, false);
	/* V_TPR, V_IRQ, V_INTR_PRIO, V_INTR_MASKING, vector */
	assert_int_equal(at(0x60, 8), 3 | BIT(8) | 5ull << 16 | BIT(24) | 0x51ull << 32);
	svm_controls_enter(&hw, true);
	assert_int_equal(at(0x60, 8), 3 | BIT(8) | 4ull << 16 | BIT(24) | 0x51ull << 32);
	assert_int_equal(at(0x00, 4), 0x01100010); /* writes of CR8 exit, too */
	assert_true(at(0x0c, 4) & BIT(4));
	hw.window = 0;
	svm_controls_enter(&hw, true);
	assert_int_equal(at(0x60, 8), 3 | BIT(24));
	assert_int_equal(at(0x00, 4), 0x00100010);
	assert_false(at(0x0c, 4) & BIT(4));
}

static void wishes_arm_and_disarm_their_intercepts(void **state) {
	const uint64_t cr0 = at(0x558, 8);

	(void)state;
	hw.is_parent = true;
	hw.traps_fpu = true;
	hw.uses_debug = true;
	hw.tsc_offset = 77;
	svm_controls_enter(&hw, false);
	assert_int_equal(at(0x04, 4), 0);
	assert_int_equal(at(0x08, 4), 0x60002 | BIT(7));
	assert_int_equal(at(0x558, 8), cr0 | CR0_TS);
	assert_int_equal(at(0x50, 8), 77);
	hw.traps_fpu = false;
	svm_controls_enter(&hw, false);
	assert_int_equal(at(0x08, 4), 0x60002);
	assert_int_equal(at(0x558, 8), cr0);
}

static void msrs_outside_of_the_map_are_refused(void **state) {
	static const uint32_t rows[] = {0x2000, 0x40000000, 0xbfffffff, 0xc0002000, 0xc000ffff, 0xc0012000, 0xffffffff};
	uint8_t map[8192];
	uint8_t before[8192];

	(void)state;
	memset(map, 0x5a, sizeof(map));
	memcpy(before, map, sizeof(map));
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		assert_false(svm_msrpm_allow(map, rows[i]));
	assert_memory_equal(map, before, sizeof(map));
}

/* [APM2 15.10.1 "I/O Permissions Map"]: one bit per port. */
static void the_parent_has_all_ports_but_the_kernels(void **state) {
	static const uint16_t closed[] = {0x20,  0x21,  0xa0,  0xa1,  0x3f8, 0x3f9,
	                                  0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff};
	uint8_t expected[2 * 4096] = {0};
	uint8_t map[2 * 4096];

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(closed); i++)
		expected[closed[i] / 8] |= (uint8_t)(1u << (closed[i] % 8));
	port_map_fill(map, sizeof(map), true);
	assert_memory_equal(map, expected, sizeof(map));
	port_map_fill(map, sizeof(map), false);
	memset(expected, 0xff, sizeof(expected));
	assert_memory_equal(map, expected, sizeof(map));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(intercepts_are_those_of_the_policy_bit_by_bit, fresh),
	    cmocka_unit_test_setup(control_fields_are_the_manuals_row_by_row, fresh),
	    cmocka_unit_test_setup(state_fields_lie_where_the_manual_has_them, fresh),
	    cmocka_unit_test_setup(a_guest_runs_with_svme_set_and_does_not_see_it, fresh),
	    cmocka_unit_test_setup(segment_attributes_change_their_packing, fresh),
	    cmocka_unit_test_setup(reserved_attributes_do_not_reach_the_vmcb, fresh),
	    cmocka_unit_test_setup(the_privilege_level_comes_from_the_mode_and_ss, fresh),
	    cmocka_unit_test_setup(events_row_by_row, fresh),
	    cmocka_unit_test_setup(any_state_comes_back_as_it_was_set, fresh),
	    cmocka_unit_test_setup(setting_a_state_leaves_the_controls_alone, fresh),
	    cmocka_unit_test(msr_permissions_lie_where_the_manual_has_them),
	    cmocka_unit_test_setup(a_window_is_a_virtual_interrupt, fresh),
	    cmocka_unit_test_setup(wishes_arm_and_disarm_their_intercepts, fresh),
	    cmocka_unit_test(msrs_outside_of_the_map_are_refused),
	    cmocka_unit_test(the_parent_has_all_ports_but_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
