/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Capability MSRs to control words: what is required, wanted, absent. */
#include "arch/x86/vmx/vmx_controls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/vmx/vmcs.h"
#include "lib/bits.h"

/* [SDM 3C 25.6 "VM-Execution Control Fields" to 25.8] */
#define VMX_PIN_VIRTUAL_NMIS       (1u << 5)
#define VMX_PRIMARY_SECONDARY      (1u << 31)
#define VMX_PRIMARY_IO_BITMAPS     (1u << 25)
#define VMX_SECONDARY_EPT          (1u << 1)
#define VMX_SECONDARY_VPID         (1u << 5)
#define VMX_SECONDARY_UNRESTRICTED (1u << 7)
#define VMX_SECONDARY_WBINVD       (1u << 6)
#define VMX_SECONDARY_RDTSCP       (1u << 3)
#define VMX_SECONDARY_INVPCID      (1u << 12)
#define VMX_EXIT_CONTROL_LOAD_EFER (1u << 21)
#define VMX_EXIT_CONTROL_ACK       (1u << 15)
#define VMX_PRIMARY_CR3_LOAD       (1u << 15)
#define VMX_PRIMARY_CR3_STORE      (1u << 16)

#define MAY(bits)                  ((uint64_t)(bits) << 32)

/* A processor that has everything, and insists on the usual reserved ones. */
static const struct vmx_capabilities rich = {
    .word = {MAY(0xff) | 0x16, MAY(0xfff9fffe) | 0x04006172, MAY(0x02ffffff), MAY(0x01ffffff) | 0x36dfb,
             MAY(0x3ffff) | 0x11fb, MAY(0x06734141), MAY(0x00000f01)},
};

static void a_rich_processor_gets_what_the_policy_asks_for_and_no_more(void **state) {
	struct vmx_controls c;

	(void)state;
	assert_null(vmx_controls_compute(&rich, &c));
	assert_int_equal(c.word[VMX_WORD_PIN], 0x16 | 0x29);
	/* TSC offset, HLT, MWAIT, RDPMC, CR8, I/O and MSR maps, MONITOR, secondary; MOV DR
	 * is armed per VP */
	assert_int_equal(c.word[VMX_WORD_PRIMARY], 0x04006172 | 0xb2180c88);
	/* EPT, RDTSCP, VPID, WBINVD, unrestricted, INVPCID */
	assert_int_equal(c.word[VMX_WORD_SECONDARY], 0x10ea);
	assert_int_equal(c.word[VMX_WORD_EXIT], 0x36dfb | 0x00380204);
	assert_int_equal(c.word[VMX_WORD_ENTRY], 0x11fb | 0xc004);
	assert_int_equal(c.word[VMX_WORD_EPT], 0x06134040);
	assert_int_equal(c.word[VMX_WORD_VPID], 0x00000401);
}

static void without_a_required_control_the_processor_is_refused_by_name(void **state) {
	static const struct {
		enum vmx_word word;
		uint32_t bit;
	} rows[] = {
	    {VMX_WORD_PIN, VMX_PIN_VIRTUAL_NMIS},
	    {VMX_WORD_PRIMARY, VMX_PRIMARY_SECONDARY},
	    {VMX_WORD_PRIMARY, VMX_PRIMARY_INTERRUPT_WINDOW},
	    {VMX_WORD_PRIMARY, VMX_PRIMARY_NMI_WINDOW},
	    {VMX_WORD_PRIMARY, VMX_PRIMARY_IO_BITMAPS},
	    {VMX_WORD_SECONDARY, VMX_SECONDARY_EPT},
	    {VMX_WORD_SECONDARY, VMX_SECONDARY_VPID},
	    {VMX_WORD_SECONDARY, VMX_SECONDARY_UNRESTRICTED},
	    {VMX_WORD_SECONDARY, VMX_SECONDARY_WBINVD},
	    {VMX_WORD_EXIT, VMX_EXIT_CONTROL_LOAD_EFER},
	    {VMX_WORD_ENTRY, VMX_ENTRY_LONG_MODE},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct vmx_capabilities poor = rich;
		struct vmx_controls c;

		poor.word[rows[i].word] &= ~MAY(rows[i].bit);
		if (vmx_controls_compute(&poor, &c) == NULL)
			fail_msg("row %u", i);
	}
}

static void a_wanted_control_is_done_without(void **state) {
	struct vmx_capabilities poor = rich;
	struct vmx_controls c;

	(void)state;
	poor.word[VMX_WORD_SECONDARY] &= ~MAY(VMX_SECONDARY_RDTSCP | VMX_SECONDARY_INVPCID);
	assert_null(vmx_controls_compute(&poor, &c));
	assert_int_equal(c.word[VMX_WORD_SECONDARY], 0xe2);
}

static void a_processor_that_insists_on_what_we_cannot_handle_is_refused(void **state) {
	static const struct {
		enum vmx_word word;
		uint32_t bit;
	} rows[] = {
	    /* Without the TRUE MSRs these two must be 1. */
	    {VMX_WORD_PRIMARY, VMX_PRIMARY_CR3_LOAD},
	    {VMX_WORD_PRIMARY, VMX_PRIMARY_CR3_STORE},
	    {VMX_WORD_PRIMARY, VMX_PRIMARY_INTERRUPT_WINDOW},
	    {VMX_WORD_EXIT, VMX_EXIT_CONTROL_ACK},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct vmx_capabilities odd = rich;
		struct vmx_controls c;

		odd.word[rows[i].word] |= rows[i].bit;
		if (vmx_controls_compute(&odd, &c) == NULL)
			fail_msg("row %u", i);
	}
}

static void each_ept_and_vpid_capability_that_is_relied_on_is_asked_for(void **state) {
	static const struct {
		enum vmx_word word;
		uint32_t bit;
	} rows[] = {
	    {VMX_WORD_EPT, 1u << 6},   /* walks of four levels */
	    {VMX_WORD_EPT, 1u << 14},  /* write-back */
	    {VMX_WORD_EPT, 1u << 16},  /* 2 MiB */
	    {VMX_WORD_EPT, 1u << 20},  /* INVEPT */
	    {VMX_WORD_EPT, 1u << 26},  /* of all contexts */
	    {VMX_WORD_VPID, 1u << 0},  /* INVVPID */
	    {VMX_WORD_VPID, 1u << 10}, /* of all contexts */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct vmx_capabilities poor = rich;
		struct vmx_controls c;

		poor.word[rows[i].word] &= ~MAY(rows[i].bit);
		if (vmx_controls_compute(&poor, &c) == NULL)
			fail_msg("row %u", i);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rich_processor_gets_what_the_policy_asks_for_and_no_more),
	    cmocka_unit_test(without_a_required_control_the_processor_is_refused_by_name),
	    cmocka_unit_test(a_wanted_control_is_done_without),
	    cmocka_unit_test(a_processor_that_insists_on_what_we_cannot_handle_is_refused),
	    cmocka_unit_test(each_ept_and_vpid_capability_that_is_relied_on_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
