/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of the decoding of exits: a row per exit code [APM2 Appendix C "SVM
 * Intercept Exit Codes"]; every other code is unexpected.
 */
#include "arch/x86/svm/svm_controls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/hw_event.h"
#include "lib/bits.h"

static struct vmcb vmcb;
static struct vp_exit decoded;

static const struct vp_exit *decode(uint64_t code, uint64_t info1, uint64_t info2) {
	vmcb.exit_code = code;
	vmcb.exit_info1 = info1;
	vmcb.exit_info2 = info2;
	memset(&decoded, 0xa5, sizeof(decoded));
	svm_exit_decode(&vmcb, false, &decoded);
	return &decoded;
}

static int fresh(void **state) {
	(void)state;
	memset(&vmcb, 0, sizeof(vmcb));
	return 0;
}

static const struct {
	uint32_t first;
	uint32_t last;
	enum vp_exit_reason reason;
} rows[] = {
    {0x04, 0x04, VP_EXIT_CR},
    {0x14, 0x14, VP_EXIT_CR},
    {0x18, 0x18, VP_EXIT_CR},
    {0x20, 0x3f, VP_EXIT_DEBUG_REGISTERS},
    {0x41, 0x41, VP_EXIT_EXCEPTION}, /* #DB */
    {0x47, 0x47, VP_EXIT_EXCEPTION}, /* #NM */
    {0x51, 0x52, VP_EXIT_EXCEPTION}, /* #AC, #MC */
    {0x60, 0x60, VP_EXIT_INTERRUPT},
    {0x61, 0x61, VP_EXIT_NMI},
    {0x63, 0x63, VP_EXIT_NONE}, /* a physical INIT */
    {0x64, 0x64, VP_EXIT_INTERRUPT_WINDOW},
    {0x6f, 0x6f, VP_EXIT_PRIVILEGED}, /* RDPMC */
    {0x72, 0x72, VP_EXIT_CPUID},
    {0x73, 0x73, VP_EXIT_UNDEFINED},  /* RSM */
    {0x74, 0x74, VP_EXIT_NMI_WINDOW}, /* IRET */
    {0x76, 0x76, VP_EXIT_CACHE},      /* INVD */
    {0x78, 0x78, VP_EXIT_HLT},
    {0x7a, 0x7a, VP_EXIT_UNDEFINED}, /* INVLPGA */
    {0x7b, 0x7b, VP_EXIT_IO},
    {0x7c, 0x7c, VP_EXIT_MSR_READ},
    {0x7e, 0x7e, VP_EXIT_NONE}, /* FERR freeze */
    {0x7f, 0x7f, VP_EXIT_TRIPLE_FAULT},
    {0x80, 0x80, VP_EXIT_UNDEFINED}, /* VMRUN */
    {0x81, 0x81, VP_EXIT_HYPERCALL},
    {0x82, 0x86, VP_EXIT_UNDEFINED}, /* VMLOAD, VMSAVE, STGI, CLGI, SKINIT */
    {0x89, 0x89, VP_EXIT_CACHE},     /* WBINVD */
    {0x8a, 0x8c, VP_EXIT_UNDEFINED}, /* MONITOR, MWAIT */
    {0x8d, 0x8d, VP_EXIT_XSETBV},
    {0x8e, 0x8e, VP_EXIT_UNDEFINED}, /* RDPRU */
    {0xa0, 0xa1, VP_EXIT_UNDEFINED}, /* INVLPGB */
    {0xa3, 0xa4, VP_EXIT_UNDEFINED}, /* MCOMMIT, TLBSYNC */
    {0x400, 0x400, VP_EXIT_GPA_FAULT},
};

static void every_code_has_the_reason_of_its_row(void **state) {
	(void)state;
	for (uint32_t code = 0; code <= 0x500; code++) {
		enum vp_exit_reason expected = VP_EXIT_UNEXPECTED;

		for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
			if (code >= rows[i].first && code <= rows[i].last)
				expected = rows[i].reason;
		if (decode(code, 0, 0)->reason != expected)
			fail_msg("code %x: reason %d instead of %d", code, (int)decoded.reason, (int)expected);
		assert_int_equal(decoded.hardware_code, code);
	}
}

static void a_refused_entry_is_seen_with_32_and_64_bits(void **state) {
	(void)state;
	assert_int_equal(decode(~0ull, 0, 0)->reason, VP_EXIT_INVALID_STATE);
	assert_int_equal(decode(0xffffffff, 0, 0)->reason, VP_EXIT_INVALID_STATE);
	assert_int_equal(decoded.instruction_length, 0);
}

static void msr_exits_tell_reads_from_writes(void **state) {
	(void)state;
	assert_int_equal(decode(0x7c, 0, 0)->reason, VP_EXIT_MSR_READ);
	assert_int_equal(decode(0x7c, 1, 0)->reason, VP_EXIT_MSR_WRITE);
}

/* [APM2 15.10.2 "IN and OUT Behavior"] */
static void port_exits_row_by_row(void **state) {
	static const struct {
		uint32_t info;
		uint16_t port;
		uint8_t size;
		bool is_in;
		bool is_string;
		bool is_rep;
	} io[] = {
	    {0x03f80010, 0x3f8, 1, false, false, false}, /* OUT DX, AL */
	    {0x03f80011, 0x3f8, 1, true, false, false},  {0x00600021, 0x60, 2, true, false, false},
	    {0x0cf80040, 0xcf8, 4, false, false, false}, {0xffff0041, 0xffff, 4, true, false, false},
	    {0x01f00025, 0x1f0, 2, true, true, false}, /* INS */
	    {0x01f0002d, 0x1f0, 2, true, true, true},  /* REP INS */
	    {0x03f8091c, 0x3f8, 1, false, true, true}, /* REP OUTS, with address size and segment */
	};

	(void)state;
	vmcb.rip = 0x7ffe;
	for (unsigned i = 0; i < ARRAY_COUNT(io); i++) {
		decode(0x7b, io[i].info, 0x7ffe + i % 3 + 1);
		assert_int_equal(decoded.u.io.port, io[i].port);
		assert_int_equal(decoded.u.io.size, io[i].size);
		assert_int_equal(decoded.u.io.is_in, io[i].is_in);
		assert_int_equal(decoded.u.io.is_string, io[i].is_string);
		assert_int_equal(decoded.u.io.is_rep, io[i].is_rep);
		assert_int_equal(decoded.instruction_length, i % 3 + 1);
	}
}

/* [APM2 15.25.6 "Nested versus Guest Page Faults, Fault Ordering"] */
static void nested_faults_row_by_row(void **state) {
	static const struct {
		uint64_t info;
		uint32_t access;
	} faults[] = {
	    {0x0, VP_ACCESS_READ},          {0x100000004, VP_ACCESS_READ},  {0x100000005, VP_ACCESS_READ},
	    {0x100000006, VP_ACCESS_WRITE}, {0x100000007, VP_ACCESS_WRITE}, {0x100000014, VP_ACCESS_EXECUTE},
	    {0x200000004, VP_ACCESS_READ},  {0x200000006, VP_ACCESS_WRITE},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(faults); i++) {
		decode(0x400, faults[i].info, 0xfee00300);
		assert_int_equal(decoded.u.fault.gpa, 0xfee00300);
		assert_int_equal(decoded.u.fault.access, faults[i].access);
		assert_int_equal(decoded.instruction_length, 0);
	}
}

static void exceptions_carry_what_their_vector_has(void **state) {
	(void)state;
	decode(0x41, 0x77, 0x88);
	assert_int_equal(decoded.u.exception.vector, 1);
	assert_false(decoded.u.exception.has_error);
	decode(0x51, 0, 0);
	assert_int_equal(decoded.u.exception.vector, 17);
	assert_true(decoded.u.exception.has_error);
	assert_int_equal(decoded.u.exception.error, 0);
	decode(0x52, 0, 0);
	assert_int_equal(decoded.u.exception.vector, 18);
	assert_false(decoded.u.exception.has_error);
	decode(0x47, 0, 0);
	assert_int_equal(decoded.u.exception.vector, 7);
	assert_false(decoded.u.exception.has_error);
}

static unsigned length(uint64_t code, bool has_next_rip, uint64_t rip, uint64_t next) {
	vmcb.exit_code = code;
	vmcb.rip = rip;
	vmcb.next_rip = next;
	svm_exit_decode(&vmcb, has_next_rip, &decoded);
	return decoded.instruction_length;
}

static void lengths_come_from_the_next_rip_where_it_makes_sense(void **state) {
	(void)state;
	assert_int_equal(length(0x72, true, 0x1000, 0x1002), 2);
	assert_int_equal(length(0x72, true, 0x1000, 0x100f), 15);
	assert_int_equal(length(0x72, true, 0x1000, 0x1010), 0);
	assert_int_equal(length(0x72, true, 0x1000, 0x1000), 0);
	assert_int_equal(length(0x72, true, 0x1000, 0xfff), 0);
	assert_int_equal(length(0x72, false, 0x1000, 0x1002), 0);
	assert_int_equal(length(0x7c, true, 0x1000, 0x1003), 3);
	/* VMMCALL is three bytes everywhere. */
	assert_int_equal(length(0x81, false, 0x1000, 0), 3);
	assert_int_equal(length(0x81, true, 0x1000, 0), 3);
	assert_int_equal(length(0x81, true, 0x1000, 0x1004), 4);
}

/* [APM2 15.7.2 "Event Injection and Exceptions"] */
static void an_interrupted_delivery_is_repeated_row_by_row(void **state) {
	static const struct {
		uint64_t code;
		uint64_t info;
		uint64_t again;
	} events[] = {
	    {0x400, 0, 0},
	    {0x400, 0x00000020, 0},                          /* not valid */
	    {0x400, 0x80000020, 0x200001},                   /* interrupt */
	    {0x400, 0x80000202, 0x20005},                    /* NMI */
	    {0x400, 0x1000080000b0eull, 0x10000000e0017ull}, /* #PF with its error code */
	    {0x400, 0x80000480, 0},                          /* INT n runs again */
	    {0x60, 0x80000020, 0x200001},
	    {0x52, 0x80000020, 0x200001}, /* a machine check is the host's */
	    {0x41, 0x80000020, 0},        /* an intercepted exception of the delivery */
	    {0x51, 0x80000020, 0},
	    {0x7f, 0x80000308, 0},       /* shutdown */
	    {0xffffffff, 0x80000020, 0}, /* nothing was entered */
	    {~0ull, 0x80000020, 0},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(events); i++) {
		if (hw_event_requeued(events[i].info, decode(events[i].code, 0, 0)) != events[i].again)
			fail_msg("row %u", i);
	}
}

static void decoding_changes_nothing_in_the_vmcb(void **state) {
	struct vmcb before;

	(void)state;
	memset(&vmcb, 0x5a, sizeof(vmcb));
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		vmcb.exit_code = rows[i].first;
		before = vmcb;
		svm_exit_decode(&vmcb, true, &decoded);
		assert_memory_equal(&vmcb, &before, sizeof(vmcb));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(every_code_has_the_reason_of_its_row, fresh),
	    cmocka_unit_test_setup(a_refused_entry_is_seen_with_32_and_64_bits, fresh),
	    cmocka_unit_test_setup(msr_exits_tell_reads_from_writes, fresh),
	    cmocka_unit_test_setup(port_exits_row_by_row, fresh),
	    cmocka_unit_test_setup(nested_faults_row_by_row, fresh),
	    cmocka_unit_test_setup(exceptions_carry_what_their_vector_has, fresh),
	    cmocka_unit_test_setup(lengths_come_from_the_next_rip_where_it_makes_sense, fresh),
	    cmocka_unit_test_setup(an_interrupted_delivery_is_repeated_row_by_row, fresh),
	    cmocka_unit_test_setup(decoding_changes_nothing_in_the_vmcb, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
