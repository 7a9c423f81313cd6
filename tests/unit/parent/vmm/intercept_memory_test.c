/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* MMIO of a guest: I/O APIC, the local APIC's page, and addresses of nobody. */
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

/* Runs the instruction that accessed gpa; true if the processor is resumed. */
static bool access_gpa(uint64_t gpa, enum hv_intercept_access access, const char *code, size_t size) {
	struct hv_memory_intercept m = {.header = rig_header(RIP, 0, access), .gpa = gpa};

	assert_int_equal(guest_memory_write(&vm->memory, RIP, code, size), ERR_NONE);
	rig_intercept(vm, 0, HV_MESSAGE_UNMAPPED_GPA, &m, sizeof(m));
	return intercept_handle(vm->vp[0].slot);
}

/* mov [rdi], eax; mov eax, [rdi] */
static bool write32(uint64_t gpa, uint32_t value) {
	page->gpr[HV_RAX] = value;
	return access_gpa(gpa, HV_INTERCEPT_WRITE, "\x89\x07", 2);
}

static uint32_t read32(uint64_t gpa) {
	page->gpr[HV_RAX] = ~0ull;
	assert_true(access_gpa(gpa, HV_INTERCEPT_READ, "\x8b\x07", 2));
	assert_int_equal(page->rip, RIP + 2);
	return (uint32_t)page->gpr[HV_RAX];
}

static void the_ioapics_registers_are_written_and_read(void **state) {
	(void)state;
	assert_true(write32(0xfec00000, 0x12));
	assert_int_equal(page->dirty, HV_DIRTY_RIP);
	assert_true(write32(0xfec00010, 0x10031));
	assert_int_equal(read32(0xfec00010), 0x10031);
	assert_int_equal(read32(0xfec00000), 0x12);
}

static void read_modify_write_changes_device_and_flags(void **state) {
	(void)state;
	assert_true(write32(0xfec00000, 0x12));
	assert_true(write32(0xfec00010, 0x10031));
	/* and dword [rdi], 0xfffeffff: the pin is unmasked */
	assert_true(access_gpa(0xfec00010, HV_INTERCEPT_WRITE, "\x81\x27\xff\xff\xfe\xff", 6));
	assert_int_equal(page->rip, RIP + 6);
	assert_int_equal(read32(0xfec00010), 0x31);
	/* xor dword [rdi], 0x31 gives zero: ZF */
	assert_true(access_gpa(0xfec00010, HV_INTERCEPT_WRITE, "\x83\x37\x31", 3));
	assert_true(page->dirty & HV_DIRTY_FLAGS);
	assert_int_equal(page->rflags & 0x40, 0x40);
}

static void addresses_of_nobody_read_all_ones(void **state) {
	(void)state;
	assert_int_equal(read32(0xfd000000), 0xffffffff);
	assert_true(write32(0xfd000000, 1));
	/* movzx eax, byte [rdi] */
	page->gpr[HV_RAX] = 0;
	assert_true(access_gpa(0xfd000000, HV_INTERCEPT_READ, "\x0f\xb6\x07", 3));
	assert_int_equal(page->gpr[HV_RAX], 0xff);
}

static void the_local_apics_page_is_the_kernels_registers(void **state) {
	(void)state;
	fake_register_set(vm->partition, 0, HV_REGISTER_APIC_BASE_NAME + 0x03, 0x50014);
	assert_int_equal(read32(0xfee00030), 0x50014);
	assert_true(write32(0xfee00080, 0x20));
	assert_int_equal(fake_register_get(vm->partition, 0, HV_REGISTER_APIC_BASE_NAME + 0x08), 0x20);
	assert_true(write32(0xfee00310, 0x01000000));
	assert_int_equal(fake_register_get(vm->partition, 0, HV_REGISTER_APIC_BASE_NAME + 0x31), 0x01000000);
}

/* Asserts pin 9 as a level with vector 0x35, which the local APIC then serves. */
static void serve_a_level(void) {
	ioapic_write(&vm->devices.ioapic, 0, 0x10 + 2 * 9);
	ioapic_write(&vm->devices.ioapic, 0x10, 0x8035);
	ioapic_set_pin(&vm->devices.ioapic, 9, true);
	vm_devices_deliver(vm);
	ioapic_set_pin(&vm->devices.ioapic, 9, false);
	assert_int_equal(ioapic_read(&vm->devices.ioapic, 0x10) & 0x4000, 0x4000);
	fake_register_set(vm->partition, 0, HV_REGISTER_APIC_BASE_NAME + 0x11, 1u << 0x15);
	fake_register_set(vm->partition, 0, HV_REGISTER_APIC_BASE_NAME + 0x19, 1u << 0x15);
}

static void the_end_of_a_level_by_the_page_reaches_the_ioapic(void **state) {
	(void)state;
	serve_a_level();
	assert_true(write32(0xfee000b0, 0));
	assert_int_equal(ioapic_read(&vm->devices.ioapic, 0x10) & 0x4000, 0);
}

static void the_end_of_an_edge_above_it_does_not(void **state) {
	(void)state;
	serve_a_level();
	fake_register_set(vm->partition, 0, HV_REGISTER_APIC_BASE_NAME + 0x12, 1);
	assert_true(write32(0xfee000b0, 0));
	assert_int_equal(ioapic_read(&vm->devices.ioapic, 0x10) & 0x4000, 0x4000);
}

static void between_the_local_apics_registers_is_nothing(void **state) {
	unsigned registers = fake.register_count;

	(void)state;
	assert_int_equal(read32(0xfee00034), 0);
	assert_true(write32(0xfee00084, 0x20));
	assert_true(write32(0xfee00ff0, 0x20));
	assert_int_equal(fake.register_count, registers);
	/* movzx eax, byte [rdi]: the id's own byte */
	fake_register_set(vm->partition, 0, HV_REGISTER_APIC_BASE_NAME + 0x02, 0x05000000);
	assert_true(access_gpa(0xfee00023, HV_INTERCEPT_READ, "\x0f\xb6\x07", 3));
	assert_int_equal(page->gpr[HV_RAX], 5);
}

static void an_apic_that_is_not_mapped_reads_all_ones(void **state) {
	(void)state;
	/* The control registers are in the page already, so the next call is this one. */
	(void)read32(0xfd000000);
	page->gpr[HV_RAX] = 0;
	{
		struct hv_memory_intercept m = {.header = rig_header(RIP, 0, HV_INTERCEPT_READ), .gpa = 0xfee00030};
		uint64_t valid = page->valid;

		rig_intercept(vm, 0, HV_MESSAGE_UNMAPPED_GPA, &m, sizeof(m));
		page->valid = valid;
	}
	fake.fail_code = HV_CALL_GET_VP_REGISTERS;
	fake.fail_after = 1;
	fake.fail_status = HV_STATUS_INVALID_VP_STATE;
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(page->gpr[HV_RAX], 0xffffffff);
}

static void movs_copies_between_ram_and_device(void **state) {
	uint32_t value = 0x00010077;

	(void)state;
	assert_true(write32(0xfec00000, 0x14));
	assert_int_equal(guest_memory_write(&vm->memory, 0x500000, &value, 4), ERR_NONE);
	page->gpr[HV_RSI] = 0x500000;
	page->gpr[HV_RDI] = 0xfec00010;
	assert_true(access_gpa(0xfec00010, HV_INTERCEPT_WRITE, "\xa5", 1));
	assert_int_equal(page->gpr[HV_RSI], 0x500004);
	assert_int_equal(page->gpr[HV_RDI], 0xfec00014);
	assert_int_equal(page->rip, RIP + 1);
	page->gpr[HV_RSI] = 0xfec00010;
	page->gpr[HV_RDI] = 0x600000;
	assert_true(access_gpa(0xfec00010, HV_INTERCEPT_READ, "\xa5", 1));
	assert_int_equal(guest_memory_read(&vm->memory, 0x600000, &value, 4), ERR_NONE);
	assert_int_equal(value, 0x00010077);
}

static void a_repeated_store_runs_step_by_step(void **state) {
	(void)state;
	page->gpr[HV_RCX] = 3;
	page->gpr[HV_RDI] = 0xfd000000;
	for (unsigned step = 3; step > 0; step--) {
		assert_int_equal(page->gpr[HV_RCX], step);
		assert_true(access_gpa(page->gpr[HV_RDI], HV_INTERCEPT_WRITE, "\xf3\xab", 2));
		assert_int_equal(page->rip, step > 1 ? RIP : RIP + 2);
	}
	assert_int_equal(page->gpr[HV_RDI], 0xfd00000c);
}

static void an_unknown_instruction_crashes_the_vm_with_its_bytes(void **state) {
	(void)state;
	/* movaps [rdi], xmm0 */
	assert_false(access_gpa(0xfec00000, HV_INTERCEPT_WRITE, "\x0f\x29\x07", 3));
	vm_manager_reap();
	assert_non_null(strstr(fake.log, "vm box ended: crash: unknown MMIO instruction at RIP "
	                                 "0x300000, accessing 0xfec00000, bytes 0f 29 07"));
}

static void code_outside_ram_is_an_invalid_opcode(void **state) {
	struct hv_memory_intercept m = {.header = rig_header(0xfd000000, 0, HV_INTERCEPT_EXECUTE), .gpa = 0xfd000000};

	(void)state;
	rig_intercept(vm, 0, HV_MESSAGE_UNMAPPED_GPA, &m, sizeof(m));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(page->dirty, HV_DIRTY_EVENT);
	assert_int_equal(page->pending_interruption, 0x1 | 3 << 1 | 6 << 16);
}

static void an_instruction_whose_page_went_away_is_run_again(void **state) {
	struct hv_memory_intercept m = {.header = rig_header(0x600000, 0, HV_INTERCEPT_READ), .gpa = 0xfec00000};
	uint64_t entry = 0;

	(void)state;
	assert_int_equal(guest_memory_write(&vm->memory, 0x202000 + 8 * 3, &entry, 8), ERR_NONE);
	rig_intercept(vm, 0, HV_MESSAGE_UNMAPPED_GPA, &m, sizeof(m));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(page->dirty, 0);
}

static void an_event_that_leads_outside_ram_crashes_the_vm(void **state) {
	struct hv_memory_intercept m = {.header = rig_header(RIP, 0, HV_INTERCEPT_READ), .gpa = 0xfd000000};

	(void)state;
	m.header.execution_state |= HV_EXECUTION_EVENT_PENDING;
	rig_intercept(vm, 0, HV_MESSAGE_UNMAPPED_GPA, &m, sizeof(m));
	assert_false(intercept_handle(vm->vp[0].slot));
	vm_manager_reap();
	assert_true(fake_log_has("vm box ended: crash: an interrupt or exception at RIP 0x300000 "
	                         "led to 0xfd000000, which is not RAM"));
}

static void an_end_of_interrupt_lets_a_level_pin_fire_again(void **state) {
	struct hv_apic_eoi_message eoi = {.vp_index = 0, .vector = 0x35};

	(void)state;
	/* Pin 9: vector 0x35, level. */
	ioapic_write(&vm->devices.ioapic, 0, 0x10 + 2 * 9);
	ioapic_write(&vm->devices.ioapic, 0x10, 0x8035);
	ioapic_set_pin(&vm->devices.ioapic, 9, true);
	vm_devices_deliver(vm);
	assert_int_equal(fake.assert_count, 1);
	assert_int_equal(fake.asserted[0].control, HV_INTERRUPT_CONTROL_LEVEL);
	rig_intercept(vm, 0, HV_MESSAGE_APIC_EOI, &eoi, sizeof(eoi));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(page->dirty, 0);
	assert_int_equal(fake.assert_count, 2);
	ioapic_set_pin(&vm->devices.ioapic, 9, false);
	rig_intercept(vm, 0, HV_MESSAGE_APIC_EOI, &eoi, sizeof(eoi));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(fake.assert_count, 2);
}

static void a_guest_without_paging_is_decoded_as_32_bit_code(void **state) {
	struct hv_memory_intercept m = {.header = rig_header(RIP, 0, HV_INTERCEPT_WRITE), .gpa = 0xfec00000};

	(void)state;
	fake_register_set(vm->partition, 0, HV_REGISTER_CR0, 0x11);
	fake_register_set(vm->partition, 0, HV_REGISTER_EFER, 0);
	m.header.execution_state = HV_EXECUTION_CR0_PE;
	m.header.cs.attributes = 0xc09b;
	/* 48 is no REX here but DEC EAX: so "mov [edi], eax" stands alone. */
	assert_int_equal(guest_memory_write(&vm->memory, RIP, "\x89\x07", 2), ERR_NONE);
	page->gpr[HV_RAX] = 0x10;
	rig_intercept(vm, 0, HV_MESSAGE_UNMAPPED_GPA, &m, sizeof(m));
	assert_true(intercept_handle(vm->vp[0].slot));
	assert_int_equal(page->rip, RIP + 2);
	assert_int_equal(vm->devices.ioapic.selected, 0x10);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(the_ioapics_registers_are_written_and_read),
	    T(read_modify_write_changes_device_and_flags),
	    T(addresses_of_nobody_read_all_ones),
	    T(the_local_apics_page_is_the_kernels_registers),
	    T(the_end_of_a_level_by_the_page_reaches_the_ioapic),
	    T(the_end_of_an_edge_above_it_does_not),
	    T(between_the_local_apics_registers_is_nothing),
	    T(an_apic_that_is_not_mapped_reads_all_ones),
	    T(movs_copies_between_ram_and_device),
	    T(a_repeated_store_runs_step_by_step),
	    T(an_unknown_instruction_crashes_the_vm_with_its_bytes),
	    T(code_outside_ram_is_an_invalid_opcode),
	    T(an_instruction_whose_page_went_away_is_run_again),
	    T(an_event_that_leads_outside_ram_crashes_the_vm),
	    T(an_end_of_interrupt_lets_a_level_pin_fire_again),
	    T(a_guest_without_paging_is_decoded_as_32_bit_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
