/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/pci.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "drivers/pci_registers.h"
#include "fake/parent_kernel.h"
#include "fake/pci_space.h"

static struct hv_boot_info info;
static struct pci_function found[16];
static struct err_text text;
static struct mmio registers;
static struct interrupt_handler handler[4];

static int set_up(void **state) {
	(void)state;
	fake_kernel_reset();
	fake_pci_reset();
	interrupts_reset();
	memset(&info, 0, sizeof(info));
	memset(handler, 0, sizeof(handler));
	return 0;
}

static void functions_behind_bridges_and_on_other_roots_are_found(void **state) {
	(void)state;
	fake_pci_add_bridge(1 << 3, 2, 3);
	fake_pci_add(2 << 8, PCI_CLASS_NVME, 0xf0000000, 4096);
	fake_pci_add(0x80 << 8 | 5 << 3, PCI_CLASS_AHCI, 0xf1000000, 4096);
	assert_int_equal(pci_enumerate(found, 16), 3);
	assert_int_equal(found[1].address, 2 << 8);
	assert_int_equal(found[1].class_code, PCI_CLASS_NVME);
	assert_int_equal(found[1].vendor, 0x1af4);
	assert_int_equal(found[2].class_code, PCI_CLASS_AHCI);
}

static void functions_above_0_are_looked_at_only_where_there_are_several(void **state) {
	struct fake_pci_function *first;

	(void)state;
	first = fake_pci_add(3 << 3, 0x010000, 0xf0000000, 4096);
	fake_pci_add(3 << 3 | 2, PCI_CLASS_NVME, 0xf1000000, 4096);
	assert_int_equal(pci_enumerate(found, 16), 1);
	first->config[PCI_HEADER / 4] = PCI_HEADER_MULTIPLE << 16;
	assert_int_equal(pci_enumerate(found, 16), 2);
	assert_int_equal(pci_enumerate(found, 1), 1);
	assert_non_null(strstr(fake.log, "pci: only 1 functions are looked at"));
}

static void bridges_that_lead_back_or_nowhere_are_refused_with_a_line(void **state) {
	static const uint8_t buses[][2] = {{4, 3}, {2, 2}, {3, 9}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		(void)set_up(NULL);
		fake_pci_add_bridge(1 << 3, 2, 4);
		fake_pci_add_bridge(2 << 8, buses[i][0], buses[i][1]);
		fake_pci_add(4 << 8, PCI_CLASS_NVME, 0xf0000000, 4096);
		(void)pci_enumerate(found, 16);
		assert_non_null(strstr(fake.log, "which cannot be"));
	}
}

static void a_capability_list_in_a_ring_ends(void **state) {
	uint32_t word = 0;
	struct fake_pci_function *f;

	(void)state;
	f = fake_pci_add(1 << 3, PCI_CLASS_NVME, 0xf0000000, 4096);
	assert_int_equal(pci_find_capability(1 << 3, PCI_CAPABILITY_MSI), 0);
	fake_pci_add_capability(f, 0x10, &word, 1);
	f->config[0x40 / 4] |= 0x4000;
	assert_int_equal(pci_find_capability(1 << 3, PCI_CAPABILITY_MSI), 0);
	assert_int_equal(pci_find_capability(1 << 3, 0x10), 0x40);
}

static void registers_are_mapped_with_their_whole_size(void **state) {
	(void)state;
	fake_pci_add(1 << 3, PCI_CLASS_NVME, 0x8f0000000, 0x4000);
	assert_int_equal(pci_map_registers(&info, 1 << 3, 0, 0x1000, &registers, &text), ERR_NONE);
	assert_true(registers.base == 0x8f0000000 && registers.size == 0x4000);
	assert_int_equal(fake_pci[0].config[4], 0xf0000004); /* put back */
	assert_true(fake_pci[0].config[1] & PCI_COMMAND_MEMORY);
	assert_false(fake_pci_is_master(&fake_pci[0]));
}

static void registers_that_cannot_be_are_refused(void **state) {
	(void)state;
	fake_pci_add(1 << 3, PCI_CLASS_NVME, 0xf0000000, 0x4000);
	assert_int_equal(pci_map_registers(&info, 1 << 3, 0, 0x8000, &registers, &text), ERR_RANGE);
	assert_int_equal(pci_map_registers(&info, 1 << 3, 6, 1, &registers, &text), ERR_FORMAT);
	assert_int_equal(pci_map_registers(&info, 1 << 3, 2, 1, &registers, &text), ERR_FORMAT);
	info.memory_count = 1;
	info.memory[0] = (struct hv_boot_memory){.base = 0xf0003000, .size = 0x1000};
	assert_int_equal(pci_map_registers(&info, 1 << 3, 0, 1, &registers, &text), ERR_RANGE);
	info.memory_count = 0;
	fake_pci[0].config[4] |= 1;
	assert_int_equal(pci_map_registers(&info, 1 << 3, 0, 1, &registers, &text), ERR_FORMAT);
	fake_pci[0].config[4] = 4;
	assert_int_equal(pci_map_registers(&info, 1 << 3, 0, 1, &registers, &text), ERR_FORMAT);
	fake_pci[0].config[5] = 0x00800000;
	assert_int_equal(pci_map_registers(&info, 1 << 3, 0, 1, &registers, &text), ERR_RANGE);
	fake_pci[0].config[4] = 0xf0000004;
	fake_pci[0].config[5] = 0;
	fake_mmio_max = 1;
	fake_mmio_maps = 1;
	assert_int_equal(pci_map_registers(&info, 1 << 3, 0, 1, &registers, &text), ERR_MEMORY);
}

static void a_claimed_function_masters_the_bus_until_it_is_stopped(void **state) {
	(void)state;
	fake_pci_add(1 << 3, PCI_CLASS_NVME, 0xf0000000, 0x4000);
	assert_int_equal(pci_start(1 << 3, &text), ERR_NONE);
	assert_true(fake_pci_is_master(&fake_pci[0]));
	pci_stop(1 << 3);
	assert_false(fake_pci_is_master(&fake_pci[0]));
	assert_true(fake_pci[0].config[1] & PCI_COMMAND_NO_PIN);
}

static unsigned connect(unsigned wanted, struct pci_interrupts *interrupts) {
	struct interrupt_handler *handlers[4] = {&handler[0], &handler[1], &handler[2], &handler[3]};

	return pci_connect_interrupts(&info, 1 << 3, 0, 2, handlers, wanted, interrupts);
}

static void msi_is_used_where_there_is_no_msix(void **state) {
	uint32_t words[4] = {MSI_64 | 3u << 17};
	struct pci_interrupts interrupts;

	(void)state;
	fake_pci_add_capability(fake_pci_add(1 << 3, PCI_CLASS_NVME, 0xf0000000, 0x4000), PCI_CAPABILITY_MSI, words, 4);
	assert_int_equal(connect(4, &interrupts), 1);
	assert_int_equal(interrupts.kind, PCI_INTERRUPT_MSI);
	assert_false(pci_mask_interrupt(&interrupts, 0, true));
	assert_int_equal(fake_pci[0].config[0x44 / 4], 0xfee00000);
	assert_int_equal(fake_pci[0].config[0x4c / 4], 0x40);
	assert_true(fake_pci[0].config[0x40 / 4] & MSI_ENABLE);
	assert_int_equal(fake_pci[0].config[0x40 / 4] & MSI_MULTIPLE, 0);
}

static void the_pin_is_used_where_there_are_no_messages(void **state) {
	struct pci_interrupts interrupts;

	(void)state;
	fake_pci_add(1 << 3, PCI_CLASS_NVME, 0xf0000000, 0x4000)->config[PCI_INTERRUPT / 4] = 0x10a;
	assert_int_equal(connect(4, &interrupts), 1);
	assert_int_equal(interrupts.kind, PCI_INTERRUPT_PIN);
	assert_int_equal(fake.device_interrupt[0].gsi, 10);
	assert_int_equal(fake.device_interrupt[0].flags, HV_DEVICE_INTERRUPT_LEVEL | HV_DEVICE_INTERRUPT_ACTIVE_LOW);
	fake_pci[0].config[PCI_INTERRUPT / 4] = 0x1ff;
	assert_int_equal(connect(4, &interrupts), 0);
	assert_int_equal(interrupts.kind, PCI_INTERRUPT_NONE);
}

static void the_pin_is_used_where_messages_are_not_wanted(void **state) {
	uint32_t words[4] = {MSI_64 | MSI_ENABLE};
	struct pci_interrupts interrupts;

	(void)state;
	fake_pci_add_capability(fake_pci_add(1 << 3, PCI_CLASS_NVME, 0xf0000000, 0x4000), PCI_CAPABILITY_MSI, words, 4);
	fake_pci[0].config[PCI_INTERRUPT / 4] = 0x10a;
	pci_use_pins(true);
	assert_int_equal(connect(4, &interrupts), 1);
	pci_use_pins(false);
	assert_int_equal(interrupts.kind, PCI_INTERRUPT_PIN);
	assert_false(fake_pci[0].config[0x40 / 4] & MSI_ENABLE);
}

static void a_table_outside_its_bar_is_not_used(void **state) {
	uint32_t words[3] = {7u << 16, 0x3ff8, 0};
	struct pci_interrupts interrupts;

	(void)state;
	fake_pci_add_capability(fake_pci_add(1 << 3, PCI_CLASS_NVME, 0xf0000000, 0x4000), PCI_CAPABILITY_MSIX, words,
	                        3);
	assert_int_equal(connect(4, &interrupts), 0);
	assert_non_null(strstr(fake.log, "pci: no MSI-X: BAR 0 has 16384 bytes"));
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(functions_behind_bridges_and_on_other_roots_are_found),
	    T(functions_above_0_are_looked_at_only_where_there_are_several),
	    T(bridges_that_lead_back_or_nowhere_are_refused_with_a_line),
	    T(a_capability_list_in_a_ring_ends),
	    T(registers_are_mapped_with_their_whole_size),
	    T(registers_that_cannot_be_are_refused),
	    T(a_claimed_function_masters_the_bus_until_it_is_stopped),
	    T(msi_is_used_where_there_is_no_msix),
	    T(the_pin_is_used_where_there_are_no_messages),
	    T(the_pin_is_used_where_messages_are_not_wanted),
	    T(a_table_outside_its_bar_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
