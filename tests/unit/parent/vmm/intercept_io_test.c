/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Port instructions of a guest, from its registers to the devices and back. */
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
	rig_long_mode(vm, 0);
	return 0;
}

/* Runs one port instruction; true if the processor is resumed. */
static bool port(uint16_t number, unsigned access_info, enum hv_intercept_access access, unsigned length) {
	struct hv_io_port_intercept io = {
	    .header = rig_header(RIP, length, access), .port = number, .access_info = (uint8_t)access_info};

	rig_intercept(vm, 0, HV_MESSAGE_IO_PORT_INTERCEPT, &io, sizeof(io));
	return intercept_handle(vm->vp[0].slot);
}

static uint64_t written(void) { return vm->console.written - vm->console.first; }

static void expect_advance(unsigned length) {
	assert_int_equal(page->dirty, HV_DIRTY_RIP);
	assert_int_equal(page->rip, RIP + length);
}

static void an_output_byte_reaches_the_console(void **state) {
	uint64_t position = 0;
	char text[2];

	(void)state;
	page->gpr[HV_RAX] = 0xffffff41;
	assert_true(port(0x3f8, 1, HV_INTERCEPT_WRITE, 1));
	expect_advance(1);
	assert_int_equal(console_read(&vm->console, &position, text, 2, NULL), 1);
	assert_int_equal(text[0], 'A');
}

static void input_of_each_size_keeps_the_rest_of_rax_as_the_processor_does(void **state) {
	static const struct {
		unsigned size;
		uint64_t rax;
	} rows[] = {
	    {1, 0x11223344556677ff},
	    {2, 0x112233445566ffff},
	    {4, 0x00000000ffffffff},
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		page->gpr[HV_RAX] = 0x1122334455667788;
		assert_true(port(0x99, rows[i].size, HV_INTERCEPT_READ, 2));
		assert_int_equal(page->gpr[HV_RAX], rows[i].rax);
		expect_advance(2);
	}
}

static void a_single_step_ends_behind_the_instruction(void **state) {
	struct hv_io_port_intercept io = {
	    .header = rig_header(RIP, 2, HV_INTERCEPT_READ), .port = 0x80, .access_info = 1};

	(void)state;
	io.header.rflags |= 0x100;
	fake_register_set(vm->partition, 0, HV_REGISTER_DR6, 0xffff0ff0);
	rig_intercept(vm, 0, HV_MESSAGE_IO_PORT_INTERCEPT, &io, sizeof(io));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(page->dirty, HV_DIRTY_RIP | HV_DIRTY_EVENT);
	assert_int_equal(page->rip, RIP + 2);
	assert_int_equal(page->pending_interruption >> HV_EVENT_VECTOR_SHIFT & 0xff, 1);
	assert_int_equal(fake_register_get(vm->partition, 0, HV_REGISTER_DR6), 0xffff4ff0);
}

static void a_wide_output_is_split_over_byte_devices(void **state) {
	(void)state;
	page->gpr[HV_RAX] = 0x5a;
	assert_true(port(0x3ff, 1, HV_INTERCEPT_WRITE, 1));
	page->gpr[HV_RAX] = 0;
	assert_true(port(0x3fe, 2, HV_INTERCEPT_READ, 1));
	assert_int_equal(page->gpr[HV_RAX] >> 8, 0x5a);
}

static void the_number_of_processors_is_read_through_fw_cfg(void **state) {
	(void)state;
	page->gpr[HV_RAX] = 5;
	assert_true(port(0x510, 2, HV_INTERCEPT_WRITE, 2));
	assert_true(port(0x511, 1, HV_INTERCEPT_READ, 1));
	assert_int_equal(page->gpr[HV_RAX] & 0xff, 2);
}

static void a_write_to_debug_exit_ends_the_vm_with_its_status(void **state) {
	(void)state;
	page->gpr[HV_RAX] = 0x10;
	assert_false(port(0xf4, 4, HV_INTERCEPT_WRITE, 1));
	vm_manager_reap();
	assert_true(fake_log_has("vm box ended: debug exit 33"));
}

static void sleep_and_reset_registers_end_the_vm(void **state) {
	(void)state;
	page->gpr[HV_RAX] = 0x20;
	assert_false(port(0x600, 1, HV_INTERCEPT_WRITE, 1));
	vm_manager_reap();
	assert_true(fake_log_has("vm box ended: power off"));
	(void)set_up(state);
	page->gpr[HV_RAX] = 1;
	assert_false(port(0x602, 1, HV_INTERCEPT_WRITE, 1));
	vm_manager_reap();
	assert_true(fake_log_has("vm box ended: reset"));
}

static void the_clock_shows_the_hosts_time(void **state) {
	(void)state;
	fake.unix_time = 1767225600 + 59; /* 2026-01-01 00:00:59 */
	page->gpr[HV_RAX] = 0;
	assert_true(port(0x70, 1, HV_INTERCEPT_WRITE, 1));
	assert_true(port(0x71, 1, HV_INTERCEPT_READ, 1));
	assert_int_equal(page->gpr[HV_RAX], 0x59);
}

static void the_uarts_interrupt_reaches_the_processor_that_the_ioapic_names(void **state) {
	(void)state;
	/* Pin 4: vector 0x31, fixed, edge, to APIC 1. */
	ioapic_write(&vm->devices.ioapic, 0, 0x10 + 2 * 4 + 1);
	ioapic_write(&vm->devices.ioapic, 0x10, 1u << 24);
	ioapic_write(&vm->devices.ioapic, 0, 0x10 + 2 * 4);
	ioapic_write(&vm->devices.ioapic, 0x10, 0x31);
	page->gpr[HV_RAX] = 0x08; /* OUT2 */
	assert_true(port(0x3fc, 1, HV_INTERCEPT_WRITE, 1));
	page->gpr[HV_RAX] = 0x01; /* data available */
	assert_true(port(0x3f9, 1, HV_INTERCEPT_WRITE, 1));
	assert_int_equal(fake.assert_count, 0);
	vm_manager_type(vm, (const uint8_t *)"x", 1);
	assert_int_equal(fake.assert_count, 1);
	assert_int_equal(fake.asserted[0].partition_id, vm->partition);
	assert_int_equal(fake.asserted[0].vector, 0x31);
	assert_int_equal(fake.asserted[0].destination, 1);
	assert_int_equal(fake.asserted[0].control, 0);
	assert_true(port(0x3f8, 1, HV_INTERCEPT_READ, 1));
	assert_int_equal(page->gpr[HV_RAX] & 0xff, 'x');
}

static void typed_bytes_wait_until_the_uart_has_space(void **state) {
	uint8_t typed[100];

	(void)state;
	for (unsigned i = 0; i < sizeof(typed); i++)
		typed[i] = (uint8_t)i;
	vm_manager_type(vm, typed, sizeof(typed));
	for (unsigned i = 0; i < sizeof(typed); i++) {
		assert_true(port(0x3fd, 1, HV_INTERCEPT_READ, 1));
		assert_int_equal(page->gpr[HV_RAX] & 1, 1);
		assert_true(port(0x3f8, 1, HV_INTERCEPT_READ, 1));
		assert_int_equal(page->gpr[HV_RAX] & 0xff, i);
	}
	assert_true(port(0x3fd, 1, HV_INTERCEPT_READ, 1));
	assert_int_equal(page->gpr[HV_RAX] & 1, 0);
}

static void put_code(const char *bytes, size_t size) {
	assert_int_equal(guest_memory_write(&vm->memory, RIP, bytes, size), ERR_NONE);
}

static void outs_with_rep_sends_a_string(void **state) {
	uint64_t position = 0;
	char text[8];

	(void)state;
	put_code("\xf3\x6e", 2);
	assert_int_equal(guest_memory_write(&vm->memory, 0x3ffffe, "string", 6), ERR_NONE);
	page->gpr[HV_RSI] = 0x3ffffe; /* across a page */
	page->gpr[HV_RCX] = 6;
	assert_true(port(0x3f8, 1 | HV_IO_ACCESS_STRING | HV_IO_ACCESS_REP, HV_INTERCEPT_WRITE, 2));
	assert_int_equal(console_read(&vm->console, &position, text, 8, NULL), 6);
	assert_memory_equal(text, "string", 6);
	assert_int_equal(page->gpr[HV_RSI], 0x400004);
	assert_int_equal(page->gpr[HV_RCX], 0);
	expect_advance(2);
}

static void ins_goes_backwards_with_the_direction_flag(void **state) {
	struct hv_io_port_intercept io = {
	    .header = rig_header(RIP, 1, HV_INTERCEPT_READ),
	    .port = 0x99,
	    .access_info = 2 | HV_IO_ACCESS_STRING,
	};
	uint32_t value = 0;

	(void)state;
	put_code("\x6d", 1);
	io.header.rflags |= 0x400;
	page->gpr[HV_RDI] = 0x500000;
	page->gpr[HV_RCX] = 9;
	rig_intercept(vm, 0, HV_MESSAGE_IO_PORT_INTERCEPT, &io, sizeof(io));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(page->gpr[HV_RDI], 0x4ffffe);
	assert_int_equal(page->gpr[HV_RCX], 9);
	assert_int_equal(guest_memory_read(&vm->memory, 0x500000, &value, 4), ERR_NONE);
	assert_int_equal(value, 0xffff);
	expect_advance(1);
}

static void the_segment_override_of_outs_counts_and_that_of_ins_does_not(void **state) {
	union hv_register_value fs = {.segment = {.base = 0x600000}};
	uint64_t position = 0;
	char text[2];

	(void)state;
	fake_register_set(vm->partition, 0, HV_REGISTER_FS, 0);
	for (unsigned i = 0; i < fake.register_count; i++)
		if (fake.reg[i].name == HV_REGISTER_FS)
			fake.reg[i].value = fs;
	put_code("\x64\x6e", 2);
	assert_int_equal(guest_memory_write(&vm->memory, 0x600010, "F", 1), ERR_NONE);
	page->gpr[HV_RSI] = 0x10;
	assert_true(port(0x3f8, 1 | HV_IO_ACCESS_STRING, HV_INTERCEPT_WRITE, 2));
	assert_int_equal(console_read(&vm->console, &position, text, 2, NULL), 1);
	assert_int_equal(text[0], 'F');
	put_code("\x64\x6c", 2);
	page->gpr[HV_RDI] = 0x700000;
	assert_true(port(0x99, 1 | HV_IO_ACCESS_STRING, HV_INTERCEPT_READ, 2));
	assert_int_equal(*(uint8_t *)guest_memory_pointer(&vm->memory, 0x700000, 1), 0xff);
}

static void an_address_size_prefix_cuts_the_registers(void **state) {
	(void)state;
	put_code("\xf3\x67\x6e", 3);
	page->gpr[HV_RSI] = 0xffff00000000ull | 0x400000;
	page->gpr[HV_RCX] = 0x100000000ull | 2;
	assert_true(port(0x3f8, 1 | HV_IO_ACCESS_STRING | HV_IO_ACCESS_REP, HV_INTERCEPT_WRITE, 3));
	assert_int_equal(written(), 2);
	assert_int_equal(page->gpr[HV_RSI], 0x400002);
	assert_int_equal(page->gpr[HV_RCX], 0);
}

static void a_long_string_is_done_in_portions(void **state) {
	unsigned rounds = 0;

	(void)state;
	put_code("\xf3\x6e", 2);
	page->gpr[HV_RSI] = 0x400000;
	page->gpr[HV_RCX] = 1300;
	do {
		assert_true(port(0x3f8, 1 | HV_IO_ACCESS_STRING | HV_IO_ACCESS_REP, HV_INTERCEPT_WRITE, 2));
		rounds++;
	} while (page->gpr[HV_RCX] > 0 && rounds < 10);
	assert_int_equal(rounds, 3);
	assert_int_equal(written(), 1300);
	expect_advance(2);
}

static void a_string_that_faults_raises_the_page_fault_where_it_stopped(void **state) {
	uint64_t entry = 0;

	(void)state;
	put_code("\xf3\x6e", 2);
	/* 2 MiB at 0x600000 is not present. */
	assert_int_equal(guest_memory_write(&vm->memory, 0x202000 + 8 * 3, &entry, 8), ERR_NONE);
	page->gpr[HV_RSI] = 0x5ffffe;
	page->gpr[HV_RCX] = 4;
	assert_true(port(0x3f8, 1 | HV_IO_ACCESS_STRING | HV_IO_ACCESS_REP, HV_INTERCEPT_WRITE, 2));
	assert_int_equal(written(), 2);
	assert_int_equal(page->gpr[HV_RCX], 2);
	assert_int_equal(page->dirty, HV_DIRTY_EVENT);
	assert_int_equal(page->pending_interruption, 0x1 | 3 << 1 | 0x10 | 14 << 16);
	assert_int_equal(fake_register_get(vm->partition, 0, HV_REGISTER_CR2), 0x600000);
}

static void an_ins_that_faults_reads_nothing_from_the_device(void **state) {
	uint64_t entry = 0;

	(void)state;
	put_code("\x6c", 1);
	vm_manager_type(vm, (const uint8_t *)"k", 1);
	assert_int_equal(guest_memory_write(&vm->memory, 0x202000 + 8 * 3, &entry, 8), ERR_NONE);
	page->gpr[HV_RDI] = 0x600000;
	assert_true(port(0x3f8, 1 | HV_IO_ACCESS_STRING, HV_INTERCEPT_READ, 1));
	assert_int_equal(page->pending_interruption >> 32, 2); /* a write */
	assert_true(port(0x3f8, 1, HV_INTERCEPT_READ, 1));
	assert_int_equal(page->gpr[HV_RAX] & 0xff, 'k');
}

static void a_size_that_no_port_has_crashes_the_vm(void **state) {
	(void)state;
	assert_false(port(0x80, 3, HV_INTERCEPT_WRITE, 1));
	vm_manager_reap();
	assert_true(fake_log_has("vm box ended: crash: a port access of 3 bytes at RIP 0x300000"));
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(an_output_byte_reaches_the_console),
	    T(input_of_each_size_keeps_the_rest_of_rax_as_the_processor_does),
	    T(a_single_step_ends_behind_the_instruction),
	    T(a_wide_output_is_split_over_byte_devices),
	    T(the_number_of_processors_is_read_through_fw_cfg),
	    T(a_write_to_debug_exit_ends_the_vm_with_its_status),
	    T(sleep_and_reset_registers_end_the_vm),
	    T(the_clock_shows_the_hosts_time),
	    T(the_uarts_interrupt_reaches_the_processor_that_the_ioapic_names),
	    T(typed_bytes_wait_until_the_uart_has_space),
	    T(outs_with_rep_sends_a_string),
	    T(ins_goes_backwards_with_the_direction_flag),
	    T(the_segment_override_of_outs_counts_and_that_of_ins_does_not),
	    T(an_address_size_prefix_cuts_the_registers),
	    T(a_long_string_is_done_in_portions),
	    T(a_string_that_faults_raises_the_page_fault_where_it_stopped),
	    T(an_ins_that_faults_reads_nothing_from_the_device),
	    T(a_size_that_no_port_has_crashes_the_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
