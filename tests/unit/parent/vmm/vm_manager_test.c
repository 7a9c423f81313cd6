/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The life of a VM from its file to the last line in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"
#include "runtime/events.h"
#include "vm_rig.h"
#include "vmm/deposit.h"
#include "vmm/intercept.h"
#include "vmm/scrub_pool.h"

static unsigned arena_in_use(void) {
	unsigned total, free;

	deposit_usage(&total, &free);
	return total - free;
}

static void a_vm_is_made_loaded_and_started(void **state) {
	struct vm *vm = rig_start();
	const struct fake_partition *p = fake_partition_of(vm->partition);

	(void)state;
	assert_int_equal(vm->state, VM_RUNNING);
	assert_true(fake_log_has("vm box started"));
	assert_int_equal(p->vp_count, 2);
	assert_int_equal(p->mapped_size, 16u << 20);
	assert_int_equal(p->mapped_large, 8);
	assert_int_equal(p->mapped_small, 0);
	assert_int_equal(fake_register_get(vm->partition, 0, HV_REGISTER_RIP), 0x100020);
	assert_int_equal(fake_register_get(vm->partition, 0, HV_REGISTER_CR0) & 1, 1);
	assert_int_equal(vm->vp[0].registers->gpr[HV_RAX], 0x2badb002);
	assert_memory_equal(guest_memory_pointer(&vm->memory, 0xe0000, 8), "RSD PTR ", 8);
}

/* mov al, 1; mov dx, 0x602; out dx, al; hlt; jmp to the hlt */
static void the_reset_vector_writes_the_reset_register(void **state) {
	struct vm *vm = rig_start();

	(void)state;
	assert_memory_equal(guest_memory_pointer(&vm->memory, 0xffff0, 9), "\xb0\x01\xba\x02\x06\xee\xf4\xeb\xfd", 9);
}

static void the_kernel_is_told_what_the_processors_are(void **state) {
	struct vm *vm = rig_start();
	const struct fake_partition *p = fake_partition_of(vm->partition);
	const struct hv_cpuid_result *leaf1 = NULL;

	(void)state;
	for (unsigned i = 0; i < p->cpuid_count; i++)
		if (p->cpuid[i].leaf == 1)
			leaf1 = &p->cpuid[i];
	assert_non_null(leaf1);
	assert_int_equal(leaf1->ebx >> 16 & 0xff, 2);
	assert_int_equal(leaf1->ecx & 1, 1);      /* SSE3 */
	assert_int_equal(leaf1->ecx >> 3 & 1, 0); /* no MONITOR */
	assert_int_equal(vm->policy.physical_bits, 40);
}

static void a_machine_that_lacks_a_feature_makes_no_vm(void **state) {
	struct err_text text;
	struct vm *vm;

	(void)state;
	rig_box(NULL);
	vm_manager_define_all();
	vm = vm_manager_find("box");
	fake.lacks_sse3 = true;
	assert_int_equal(vm_manager_start(vm, &text), ERR_UNSUPPORTED);
	assert_string_equal(text.text, "CPU level host needs SSE3 (CPUID leaf 0x1 ECX bit 0), "
	                               "which this machine lacks");
	assert_null(fake_partition_of(2));
	assert_int_equal(vm->state, VM_CREATED);
}

static void a_host_without_random_numbers_starts_no_vm(void **state) {
	struct err_text text;
	struct vm *vm;

	(void)state;
	rig_box(NULL);
	vm_manager_define_all();
	vm = vm_manager_find("box");
	fake.has_no_random = true;
	assert_int_equal(vm_manager_start(vm, &text), ERR_STATE);
	assert_string_equal(text.text, "there is no random seed for the VM: the host has none");
	assert_null(fake_partition_of(2));
	fake.has_no_random = false;
	assert_int_equal(vm_manager_start(vm, &text), ERR_NONE);
}

static void a_stopped_vm_gives_everything_back(void **state) {
	struct vm *vm = rig_start();
	unsigned in_use = arena_in_use();

	(void)state;
	assert_int_equal(in_use, fake_partition_of(vm->partition)->deposited);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(vm->state, VM_STOPPED);
	assert_true(fake_log_has("vm box ended: stopped"));
	assert_null(fake_partition_of(2));
	while (scrub_pool_step())
		;
	assert_int_equal(fake.scrubbed_size, 16u << 20);
	assert_int_equal(arena_in_use(), 0);
	assert_true(fake.memory_taken <= 2u << 20); /* the arena's piece */
	assert_int_equal(vm_manager_start(vm, NULL), ERR_NONE);
	assert_int_equal(vm->state, VM_RUNNING);
}

static void memory_that_waits_to_be_scrubbed_serves_the_next_vm(void **state) {
	struct vm *vm = rig_start();

	(void)state;
	fake.memory_limit = 20u << 20;
	memset(guest_memory_pointer(&vm->memory, 0x800000, 4096), 0x55, 4096);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(fake.scrubbed_size, 0);
	assert_int_equal(scrub_pool_size(), 16u << 20);
	assert_int_equal(vm_manager_start(vm, NULL), ERR_NONE);
	assert_int_equal(fake.scrubbed_size, 16u << 20);
	assert_int_equal(*(uint8_t *)guest_memory_pointer(&vm->memory, 0x800000, 1), 0);
}

static void memory_that_cannot_be_scrubbed_is_never_used_again(void **state) {
	struct vm *vm = rig_start();
	uint64_t taken = fake.memory_taken;

	(void)state;
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	fake.fail_code = HV_CALL_SCRUB_PAGES;
	fake.fail_after = 3;
	fake.fail_status = HV_STATUS_OPERATION_DENIED;
	while (scrub_pool_step())
		;
	assert_int_equal(scrub_pool_size(), 0);
	assert_int_equal(fake.memory_taken, taken);
	assert_non_null(strstr(fake.log, "16384 KiB stay unused"));
}

static void every_call_that_fails_is_undone(void **state) {
	static const enum hv_call_code codes[] = {
	    HV_CALL_CREATE_PARTITION, HV_CALL_INITIALIZE_PARTITION, HV_CALL_DEPOSIT_MEMORY,   HV_CALL_MAP_GPA_PAGES,
	    HV_CALL_CREATE_VP,        HV_CALL_CONNECT_PORT,         HV_CALL_SET_VP_REGISTERS,
	};
	struct vm *vm = rig_start();

	(void)state;
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	while (scrub_pool_step())
		;
	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct err_text text = {""};
		uint64_t taken = fake.memory_taken;

		fake.fail_code = codes[i];
		fake.fail_after = 1;
		fake.fail_status = HV_STATUS_OPERATION_FAILED;
		assert_int_not_equal(vm_manager_start(vm, &text), ERR_NONE);
		assert_non_null(strstr(text.text, "the operation failed"));
		assert_int_equal(vm->state, VM_STOPPED);
		while (scrub_pool_step())
			;
		assert_int_equal(fake.memory_taken, taken);
		assert_int_equal(arena_in_use(), 0);
		assert_int_equal(vm->partition, HV_PARTITION_ID_INVALID);
	}
	assert_int_equal(vm_manager_start(vm, NULL), ERR_NONE);
}

static void too_little_memory_is_said_and_undone(void **state) {
	struct err_text text;
	struct vm *vm;

	(void)state;
	rig_box(NULL);
	vm_manager_define_all();
	vm = vm_manager_find("box");
	fake.memory_limit = 10u << 20;
	assert_int_equal(vm_manager_start(vm, &text), ERR_MEMORY);
	assert_non_null(strstr(text.text, "memory"));
	assert_int_equal(vm->state, VM_CREATED);
	assert_true(fake.memory_taken <= 2u << 20);
}

static void a_missing_module_is_named(void **state) {
	static const char json[] = "{\"name\":\"box\",\"memory\":\"16M\",\"boot\":{\"kernel\":\"absent\"}}";
	struct err_text text;

	(void)state;
	rig_box(json);
	vm_manager_define_all();
	assert_int_equal(vm_manager_start(vm_manager_find("box"), &text), ERR_NOT_FOUND);
	assert_non_null(strstr(text.text, "'absent'"));
}

static void a_bad_file_is_a_line_in_the_log(void **state) {
	(void)state;
	rig_module("vm/bad.json", "{", 1);
	rig_module("vm/notes.txt", "{", 1);
	rig.host.on_all_stopped = HOST_POWEROFF;
	vm_manager_define_all();
	assert_non_null(strstr(fake.log, "vm/bad.json: "));
	assert_null(strstr(fake.log, "notes"));
	vm_manager_autostart();
	assert_int_equal(rig.all_ended, 1);
}

static void two_vms_of_one_name_are_refused(void **state) {
	(void)state;
	rig_box(NULL);
	rig.info.module[2] = rig.info.module[1];
	strcpy(rig.info.module[2].name, "vm/twin.json");
	rig.info.module_count = 3;
	vm_manager_define_all();
	assert_true(fake_log_has("vm/twin.json: there is a VM named 'box' already"));
}

static void the_host_goes_off_when_the_last_vm_has_ended(void **state) {
	struct vm *vm = rig_start();

	(void)state;
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(rig.all_ended, 0);
	rig.host.on_all_stopped = HOST_POWEROFF;
	assert_int_equal(vm_manager_start(vm, NULL), ERR_NONE);
	vm_manager_reap();
	assert_int_equal(rig.all_ended, 0);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(rig.all_ended, 1);
}

static void a_paused_vm_goes_on_or_ends(void **state) {
	struct vm *vm = rig_start();

	(void)state;
	assert_int_equal(vm_manager_pause(vm, NULL), ERR_NONE);
	assert_true(fake_partition_of(vm->partition)->is_suspended);
	assert_true(fake_partition_of(vm->partition)->is_frozen);
	assert_int_equal(vm_manager_pause(vm, NULL), ERR_STATE);
	assert_int_equal(vm_manager_resume(vm, NULL), ERR_NONE);
	assert_false(fake_partition_of(vm->partition)->is_suspended);
	assert_false(fake_partition_of(vm->partition)->is_frozen);
	assert_int_equal(vm_manager_pause(vm, NULL), ERR_NONE);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
}

static void only_a_vm_without_a_partition_is_deleted(void **state) {
	struct vm *vm = rig_start();
	struct err_text text;

	(void)state;
	assert_int_equal(vm_manager_delete(vm, &text), ERR_STATE);
	assert_string_equal(text.text, "a VM that is running cannot be deleted; stop it first");
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(vm_manager_delete(vm, NULL), ERR_NONE);
	assert_null(vm_manager_find("box"));
}

static void a_guests_end_reaches_the_manager_and_the_log(void **state) {
	static const struct {
		uint32_t type;
		const char *line;
	} rows[] = {
	    {HV_MESSAGE_RESET, "vm box ended: reset"},
	    {HV_MESSAGE_UNRECOVERABLE_EXCEPTION, "vm box ended: crash: triple fault of processor 0 at RIP 0x1234"},
	    {HV_MESSAGE_CPUID_INTERCEPT, "vm box ended: crash: processor 0 intercepted with message 0x80010002 at RIP "
	                                 "0x1234, which nobody handles"},
	    {HV_MESSAGE_MACHINE_CHECK, "vm box ended: crash: the host lost a page of its memory to a machine check"},
	};
	struct vm *vm = rig_start();

	(void)state;
	vm->config.restarts_on_reset = false;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hv_intercept_header header = rig_header(0x1234, 0, HV_INTERCEPT_EXECUTE);
		uint32_t slot = vm->vp[0].slot;

		fake.signaled[2] = 0;
		rig_intercept(vm, 0, rows[i].type, &header, sizeof(header));
		assert_false(intercept_handle(slot));
		assert_int_equal(vm->state, VM_STOPPING);
		assert_int_equal(fake.signaled[2], EVENT_BIT(EVENT_VM_ENDED));
		vm_manager_reap();
		assert_true(fake_log_has(rows[i].line));
		assert_int_equal(vm->state, i == 0 ? VM_STOPPED : VM_CRASHED);
		assert_false(intercept_handle(slot));
		assert_int_equal(vm_manager_start(vm, NULL), ERR_NONE);
	}
}

/* The kernel lacks memory for tables around a page that the guest places. */
static void a_page_that_cannot_be_placed_gets_a_deposit_or_faults(void **state) {
	struct hv_intercept_header header = rig_header(0x1234, 0, HV_INTERCEPT_EXECUTE);
	struct vm *vm = rig_start();
	const struct hv_register_page *page = vm->vp[0].registers;
	unsigned deposited = fake_partition_of(vm->partition)->deposited;

	(void)state;
	rig_intercept(vm, 0, HV_MESSAGE_INSUFFICIENT_MEMORY, &header, sizeof(header));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(fake_partition_of(vm->partition)->deposited, deposited + DEPOSIT_STEP);
	assert_int_equal(page->pending_interruption, 0);
	fake.fail_code = HV_CALL_DEPOSIT_MEMORY;
	fake.fail_after = 1;
	fake.fail_status = HV_STATUS_INSUFFICIENT_MEMORY;
	rig_intercept(vm, 0, HV_MESSAGE_INSUFFICIENT_MEMORY, &header, sizeof(header));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_not_equal(page->pending_interruption, 0);
	assert_non_null(strstr(fake.log, "vm box: a page of processor 0 is not placed: the kernel takes no deposit"));
}

/* One that places pages everywhere gets no more than what tables for its memory take. */
static void a_guest_that_moves_its_pages_about_without_end_faults(void **state) {
	struct hv_intercept_header header = rig_header(0x1234, 0, HV_INTERCEPT_EXECUTE);
	struct vm *vm = rig_start();
	const struct hv_register_page *page = vm->vp[0].registers;
	unsigned before = fake_partition_of(vm->partition)->deposited, most = 8 + 16 * vm->vp_count;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		rig_intercept(vm, 0, HV_MESSAGE_INSUFFICIENT_MEMORY, &header, sizeof(header));
		assert_true(intercept_handle(vm->vp[0].slot));
	}
	assert_int_equal(fake_partition_of(vm->partition)->deposited, before + most);
	assert_int_not_equal(page->pending_interruption, 0);
	assert_true(fake_log_has("vm box: a page of processor 0 is not placed: it has moved them about too much"));
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(vm_manager_start(vm, NULL), ERR_NONE);
	assert_int_equal(vm->asked_pages, 0);
}

static void a_guest_that_resets_itself_starts_again(void **state) {
	struct hv_intercept_header header = rig_header(0x1234, 0, HV_INTERCEPT_EXECUTE);
	struct vm *vm = rig_start();

	(void)state;
	rig.host.on_all_stopped = HOST_POWEROFF;
	rig_intercept(vm, 0, HV_MESSAGE_RESET, &header, sizeof(header));
	assert_false(intercept_handle(vm->vp[0].slot));
	vm_manager_reap();
	assert_true(fake_log_has("vm box ended: reset"));
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(rig.all_ended, 0);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(vm->state, VM_STOPPED);
}

static void a_deleted_vm_is_created_again_also_under_another_name(void **state) {
	struct err_text text;
	struct vm *vm = rig_start();

	(void)state;
	assert_int_equal(vm_manager_create("box", "box", &text), ERR_STATE);
	assert_int_equal(vm_manager_create("second", "box", &text), ERR_NONE);
	assert_int_equal(vm_manager_find("second")->config.memory_size, 16u << 20);
	assert_int_equal(vm_manager_find("second")->state, VM_CREATED);
	assert_int_equal(vm_manager_start(vm_manager_find("second"), &text), ERR_NONE);
	assert_int_equal(vm_manager_create("third", "absent", &text), ERR_NOT_FOUND);
	assert_string_equal(text.text, "the host has no module 'vm/absent.json'");
	assert_int_equal(vm_manager_create("No", "box", &text), ERR_FORMAT);
	assert_null(vm_manager_find("third"));
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(vm_manager_delete(vm, NULL), ERR_NONE);
	assert_int_equal(vm_manager_create("box", "box", &text), ERR_NONE);
	assert_non_null(vm_manager_find("box"));
}

static void an_illegal_state_is_named_by_its_rule(void **state) {
	struct hv_invalid_vp_register_message message = {.vp_index = 1, .rule = 12, .value = 0xbad};
	struct vm *vm = rig_start();

	(void)state;
	rig_intercept(vm, 1, HV_MESSAGE_INVALID_VP_REGISTER, &message, sizeof(message));
	assert_false(intercept_handle(vm->vp[1].slot));
	vm_manager_reap();
	assert_true(fake_log_has("vm box ended: crash: illegal state of processor 1: rule 12, value "
	                         "0xbad, hardware code 0x0"));
}

static void one_intercept_counts_once(void **state) {
	struct hv_io_port_intercept io = {
	    .header = rig_header(0x1000, 1, HV_INTERCEPT_WRITE), .port = 0x3f8, .access_info = 1};
	struct vm *vm = rig_start();

	(void)state;
	vm->vp[0].registers->gpr[HV_RAX] = 'a';
	rig_intercept(vm, 0, HV_MESSAGE_IO_PORT_INTERCEPT, &io, sizeof(io));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(vm->console.written - vm->console.first, 1);
	(void)intercept_handle(vm->vp[0].slot);
	assert_int_equal(vm->console.written - vm->console.first, 1);
	assert_false(intercept_handle(12345));
	assert_false(intercept_handle(HV_SLOT_NONE));
}

static void a_refused_resume_ends_the_vm(void **state) {
	struct vm *vm = rig_start();

	(void)state;
	intercept_resume_failed(vm->vp[1].slot, HV_STATUS_INVALID_REGISTER_VALUE);
	vm_manager_reap();
	assert_true(fake_log_has("vm box ended: crash: the kernel refused to resume processor 1: a "
	                         "register value is illegal"));
}

#define T(name) cmocka_unit_test_setup(name, rig_set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_vm_is_made_loaded_and_started),
	    T(the_reset_vector_writes_the_reset_register),
	    T(the_kernel_is_told_what_the_processors_are),
	    T(a_machine_that_lacks_a_feature_makes_no_vm),
	    T(a_host_without_random_numbers_starts_no_vm),
	    T(a_stopped_vm_gives_everything_back),
	    T(memory_that_waits_to_be_scrubbed_serves_the_next_vm),
	    T(memory_that_cannot_be_scrubbed_is_never_used_again),
	    T(every_call_that_fails_is_undone),
	    T(too_little_memory_is_said_and_undone),
	    T(a_missing_module_is_named),
	    T(a_bad_file_is_a_line_in_the_log),
	    T(two_vms_of_one_name_are_refused),
	    T(the_host_goes_off_when_the_last_vm_has_ended),
	    T(a_paused_vm_goes_on_or_ends),
	    T(only_a_vm_without_a_partition_is_deleted),
	    T(a_guests_end_reaches_the_manager_and_the_log),
	    T(a_page_that_cannot_be_placed_gets_a_deposit_or_faults),
	    T(a_guest_that_moves_its_pages_about_without_end_faults),
	    T(a_guest_that_resets_itself_starts_again),
	    T(a_deleted_vm_is_created_again_also_under_another_name),
	    T(an_illegal_state_is_named_by_its_rule),
	    T(one_intercept_counts_once),
	    T(a_refused_resume_ends_the_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
