/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* RDMSR and WRMSR that the kernel sends to the parent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"
#include "vm_rig.h"
#include "vmm/intercept.h"

#define RIP 0x300000ull

static struct vm *vm;
static struct hv_register_page *page;

static int set_up(void **state) {
	(void)rig_set_up(state);
	vm = rig_start();
	page = vm->vp[0].registers;
	return 0;
}

/* Runs the two-byte instruction, with CR8 = 3 in the header's upper half. */
static void msr(unsigned vp, uint32_t number, enum hv_intercept_access access, uint64_t value) {
	struct hv_msr_intercept m = {.header = rig_header(RIP, 0x32, access),
	                             .msr = number,
	                             .rdx = 0xaaaaaaaa00000000 | value >> 32,
	                             .rax = 0xbbbbbbbb00000000 | (uint32_t)value};

	page = vm->vp[vp].registers;
	page->gpr[HV_RAX] = ~0ull;
	page->gpr[HV_RDX] = ~0ull;
	page->pending_interruption = 0;
	rig_intercept(vm, vp, HV_MESSAGE_MSR_INTERCEPT, &m, sizeof(m));
	assert_true(intercept_handle(vm->vp[vp].slot));
}

static void a_stored_register_keeps_what_was_written(void **state) {
	(void)state;
	msr(0, 0x201, HV_INTERCEPT_WRITE, 0xff00000800);
	assert_int_equal(page->dirty, HV_DIRTY_RIP);
	assert_int_equal(page->rip, RIP + 2);
	assert_true(page->gpr[HV_RAX] == ~0ull); /* a write changes no register */
	msr(0, 0x201, HV_INTERCEPT_READ, 0);
	assert_int_equal(page->rip, RIP + 2);
	assert_int_equal(page->gpr[HV_RAX], 0x800);
	assert_int_equal(page->gpr[HV_RDX], 0xff);
}

static void each_processor_has_registers_of_its_own(void **state) {
	(void)state;
	msr(0, 0x2ff, HV_INTERCEPT_WRITE, 0xc00);
	msr(1, 0x2ff, HV_INTERCEPT_READ, 0);
	assert_int_equal(page->gpr[HV_RAX], 0xc06);
}

static void an_unknown_register_faults_and_changes_nothing(void **state) {
	(void)state;
	msr(0, 0x48, HV_INTERCEPT_READ, 0);
	assert_int_equal(page->dirty, HV_DIRTY_EVENT);
	assert_int_equal(page->pending_interruption, HV_EVENT_PENDING | HV_EVENT_TYPE_EXCEPTION << HV_EVENT_TYPE_SHIFT |
	                                                 HV_EVENT_DELIVER_ERROR | 13ull << HV_EVENT_VECTOR_SHIFT);
	assert_true(page->gpr[HV_RAX] == ~0ull && page->gpr[HV_RDX] == ~0ull);
	msr(0, 0x48, HV_INTERCEPT_WRITE, 1);
	assert_int_equal(page->dirty, HV_DIRTY_EVENT);
}

static void a_value_that_is_refused_faults(void **state) {
	(void)state;
	msr(0, 0x2ff, HV_INTERCEPT_WRITE, 0xc02);
	assert_int_equal(page->dirty, HV_DIRTY_EVENT);
	msr(0, 0x2ff, HV_INTERCEPT_READ, 0);
	assert_int_equal(page->gpr[HV_RAX], 0xc06);
}

static void a_new_start_begins_with_new_registers(void **state) {
	(void)state;
	msr(0, 0x2ff, HV_INTERCEPT_WRITE, 0xc00);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(vm_manager_start(vm, NULL), ERR_NONE);
	msr(0, 0x2ff, HV_INTERCEPT_READ, 0);
	assert_int_equal(page->gpr[HV_RAX], 0xc06);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_stored_register_keeps_what_was_written, set_up),
	    cmocka_unit_test_setup(each_processor_has_registers_of_its_own, set_up),
	    cmocka_unit_test_setup(an_unknown_register_faults_and_changes_nothing, set_up),
	    cmocka_unit_test_setup(a_value_that_is_refused_faults, set_up),
	    cmocka_unit_test_setup(a_new_start_begins_with_new_registers, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
