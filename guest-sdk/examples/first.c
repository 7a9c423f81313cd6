/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A first guest: two tests and a greeting. */
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>

GUEST_TEST("the processor has long mode") {
	guest_printf("hello from \"%s\"\n", guest_command_line());
	expect(guest_cpuid(0x80000001, 0).edx & 1u << 29);
}

GUEST_TEST("memory that is not mapped faults at its address") {
	struct guest_fault fault;
	uint8_t value;

	expect(!guest_try_read8((void *)0x123456789a, &value, &fault));
	expect_equal(fault.vector, GUEST_PF);
	expect_equal(fault.cr2, 0x123456789a);
}
