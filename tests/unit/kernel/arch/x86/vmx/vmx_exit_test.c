/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Exit decode, a row per reason; events that an exit interrupted. */
#include "arch/x86/vmx/vmx_exit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/hw_event.h"
#include "lib/bits.h"

static struct vp_exit decode(const struct vmx_exit_info *info) {
	struct vp_exit exit;

	vmx_exit_decode(info, &exit);
	return exit;
}

static void each_reason_decodes_to_what_core_handles(void **state) {
	static const struct {
		uint32_t reason;
		enum vp_exit_reason expected;
	} rows[] = {
	    {1, VP_EXIT_INTERRUPT},
	    {2, VP_EXIT_TRIPLE_FAULT},
	    {3, VP_EXIT_NONE},
	    {4, VP_EXIT_UNEXPECTED},
	    {7, VP_EXIT_INTERRUPT_WINDOW},
	    {8, VP_EXIT_NMI_WINDOW},
	    {9, VP_EXIT_UNEXPECTED},
	    {10, VP_EXIT_CPUID},
	    {11, VP_EXIT_UNDEFINED},
	    {12, VP_EXIT_HLT},
	    {13, VP_EXIT_CACHE},
	    {15, VP_EXIT_PRIVILEGED},
	    {17, VP_EXIT_UNEXPECTED},
	    {18, VP_EXIT_HYPERCALL},
	    {19, VP_EXIT_UNDEFINED},
	    {23, VP_EXIT_UNDEFINED},
	    {27, VP_EXIT_UNDEFINED},
	    {28, VP_EXIT_CR},
	    {29, VP_EXIT_DEBUG_REGISTERS},
	    {31, VP_EXIT_MSR_READ},
	    {32, VP_EXIT_MSR_WRITE},
	    {36, VP_EXIT_UNDEFINED},
	    {39, VP_EXIT_UNDEFINED},
	    {49, VP_EXIT_UNEXPECTED},
	    {50, VP_EXIT_UNDEFINED},
	    {53, VP_EXIT_UNDEFINED},
	    {54, VP_EXIT_CACHE},
	    {55, VP_EXIT_XSETBV},
	    {59, VP_EXIT_UNDEFINED},
	    {0x80000021, VP_EXIT_INVALID_STATE},
	    {0x80000022, VP_EXIT_INVALID_STATE},
	    {0x80000000, VP_EXIT_INVALID_STATE},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct vmx_exit_info info = {.reason = rows[i].reason, .instruction_length = 3};
		struct vp_exit exit = decode(&info);

		if (exit.reason != rows[i].expected)
			fail_msg("reason %x: %d", rows[i].reason, exit.reason);
		assert_int_equal((uint32_t)exit.hardware_code, rows[i].reason);
		assert_int_equal(exit.instruction_length, 3);
	}
}

static void a_failed_entry_shows_the_instruction_error(void **state) {
	const struct vmx_exit_info info = {.reason = 0x80000000, .qualification = 7};

	(void)state;
	assert_int_equal(decode(&info).hardware_code, 0x780000000);
}

static void a_machine_check_during_entry_is_a_machine_check(void **state) {
	const struct vmx_exit_info info = {.reason = 0x80000029};

	(void)state;
	assert_int_equal(decode(&info).reason, VP_EXIT_EXCEPTION);
	assert_int_equal(decode(&info).u.exception.vector, 18);
}

static void port_accesses_are_decoded(void **state) {
	/* IN AL; OUT EAX; REP OUTSW */
	static const struct {
		uint64_t qualification;
		uint16_t port;
		uint8_t size;
		bool is_in, is_string, is_rep;
	} rows[] = {
	    {0x03f80008, 0x3f8, 1, true, false, false},
	    {0x0cf80003, 0xcf8, 4, false, false, false},
	    {0x01f00031, 0x1f0, 2, false, true, true},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct vmx_exit_info info = {
		    .reason = 30, .qualification = rows[i].qualification, .instruction_length = 2};
		struct vp_exit exit = decode(&info);

		assert_int_equal(exit.reason, VP_EXIT_IO);
		assert_int_equal(exit.instruction_length, 2);
		assert_int_equal(exit.u.io.port, rows[i].port);
		assert_int_equal(exit.u.io.size, rows[i].size);
		assert_int_equal(exit.u.io.is_in, rows[i].is_in);
		assert_int_equal(exit.u.io.is_string, rows[i].is_string);
		assert_int_equal(exit.u.io.is_rep, rows[i].is_rep);
	}
}

static void ept_violations_are_decoded(void **state) {
	static const struct {
		uint64_t qualification;
		uint32_t access;
	} rows[] = {
	    {0x181, VP_ACCESS_READ}, {0x182, VP_ACCESS_WRITE}, {0x184, VP_ACCESS_EXECUTE},
	    {0x081, VP_ACCESS_READ}, {0x083, VP_ACCESS_WRITE}, /* an update of an accessed bit */
	    {0x001, VP_ACCESS_READ},                           /* a load of PDPTEs: no linear address */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct vmx_exit_info info = {
		    .reason = 48, .qualification = rows[i].qualification, .gpa = 0xfec00010, .instruction_length = 5};
		struct vp_exit exit = decode(&info);

		assert_int_equal(exit.reason, VP_EXIT_GPA_FAULT);
		assert_int_equal(exit.instruction_length, 0);
		assert_int_equal(exit.u.fault.gpa, 0xfec00010);
		assert_int_equal(exit.u.fault.access, rows[i].access);
	}
}

static void exceptions_and_nmis_share_a_reason(void **state) {
	const struct vmx_exit_info nmi = {.reason = 0, .interruption = 0x80000202};
	const struct vmx_exit_info debug = {
	    .reason = 0, .interruption = 0x80000301, .error = 9, .qualification = 0x4001};
	const struct vmx_exit_info alignment = {.reason = 0, .interruption = 0x80000b11, .error = 0};
	struct vp_exit exit;

	(void)state;
	assert_int_equal(decode(&nmi).reason, VP_EXIT_NMI);
	exit = decode(&debug);
	assert_int_equal(exit.reason, VP_EXIT_EXCEPTION);
	assert_int_equal(exit.u.exception.vector, 1);
	assert_false(exit.u.exception.has_error);
	assert_int_equal(exit.u.exception.error, 0);
	assert_true(decode(&alignment).u.exception.has_error);
}

static void an_interrupted_event_is_delivered_again(void **state) {
	static const struct {
		uint32_t reason, interruption, vectoring, error;
		uint64_t event;
	} rows[] = {
	    {48, 0, 0x80000030, 0, 0x300001},         /* an interrupt */
	    {48, 0, 0x80000202, 0, 0x20005},          /* an NMI */
	    {48, 0, 0x80000b0e, 2, 0x2000e0017},      /* a page fault, with its code */
	    {48, 0, 0x00000030, 0, 0},                /* none */
	    {48, 0, 0x80000480, 0, 0},                /* INT 0x80 runs again */
	    {48, 0, 0x80000603, 0, 0},                /* so does INT3 */
	    {0, 0x80000202, 0x80000030, 0, 0x300001}, /* an NMI came in between */
	    {0, 0x80000312, 0x80000030, 0, 0x300001}, /* a machine check did */
	    {0, 0x80000b11, 0x80000030, 0, 0},        /* #AC takes its place */
	    {2, 0, 0x80000b08, 0, 0},                 /* triple fault */
	    {0x80000021, 0, 0x80000030, 0, 0},        /* nothing was delivered */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct vmx_exit_info info = {.reason = rows[i].reason,
		                                   .interruption = rows[i].interruption,
		                                   .vectoring = rows[i].vectoring | (uint64_t)rows[i].error << 32};
		const struct vp_exit exit = decode(&info);

		if (hw_event_requeued(info.vectoring, &exit) != rows[i].event)
			fail_msg("row %u: %llx", i, (unsigned long long)hw_event_requeued(info.vectoring, &exit));
	}
}

static void an_iret_that_did_not_finish_leaves_nmis_blocked(void **state) {
	static const struct {
		uint32_t reason, interruption, vectoring;
		uint64_t qualification;
		bool expected;
	} rows[] = {
	    {48, 0, 0, 0x1181, true},          {48, 0, 0, 0x181, false},      {48, 0, 0x80000030, 0x1181, false},
	    {0, 0x80001311, 0, 0, true},       {0, 0x80000311, 0, 0, false},  {0, 0x80001308, 0, 0, false},
	    {0x80000021, 0, 0, 0x1000, false}, {30, 0, 0, 0x10001000, false},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct vmx_exit_info info = {.reason = rows[i].reason,
		                                   .interruption = rows[i].interruption,
		                                   .vectoring = rows[i].vectoring,
		                                   .qualification = rows[i].qualification};

		if (vmx_exit_undid_iret(&info) != rows[i].expected)
			fail_msg("row %u", i);
	}
}

static void a_debug_exception_goes_into_dr6(void **state) {
	(void)state;
	/* B0-3 are cleared first, BD and BS stay, RTM is active low. */
	assert_int_equal(vmx_exit_dr6(0xffff0ff5, 0x4002), 0xffff4ff2);
	assert_int_equal(vmx_exit_dr6(0xffff4ff0, 0x0001), 0xffff4ff1);
	assert_int_equal(vmx_exit_dr6(0xffff0ff0, 0x10000), 0xfffe0ff0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_reason_decodes_to_what_core_handles),
	    cmocka_unit_test(a_failed_entry_shows_the_instruction_error),
	    cmocka_unit_test(a_machine_check_during_entry_is_a_machine_check),
	    cmocka_unit_test(port_accesses_are_decoded),
	    cmocka_unit_test(ept_violations_are_decoded),
	    cmocka_unit_test(exceptions_and_nmis_share_a_reason),
	    cmocka_unit_test(an_interrupted_event_is_delivered_again),
	    cmocka_unit_test(an_iret_that_did_not_finish_leaves_nmis_blocked),
	    cmocka_unit_test(a_debug_exception_goes_into_dr6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
