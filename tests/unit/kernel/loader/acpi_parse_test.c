/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tables in a flat memory that the test fills, sound and then spoiled. */
#include "loader/acpi_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fault.h"

#define MEMORY_SIZE 8192u
#define RSDP        0x40u
#define ROOT        0x100u
#define MADT        0x400u
#define HPET        0x1200u
#define FADT        0x1400u

static uint8_t memory[MEMORY_SIZE];
static uint32_t madt_size;
static struct handoff machine;

static void put(uint64_t at, uint64_t value, unsigned size) {
	for (unsigned i = 0; i < size; i++)
		memory[at + i] = (uint8_t)(value >> (8 * i));
}

static void seal(uint64_t at, uint32_t size, uint64_t sum_at) {
	uint8_t sum = 0;

	memory[sum_at] = 0;
	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + memory[at + i]);
	memory[sum_at] = (uint8_t)-sum;
}

static void finish_table(uint64_t at, const char *signature, uint32_t size) {
	memcpy(&memory[at], signature, 4);
	put(at + 4, size, 4);
	seal(at, size, at + 9);
}

static void begin_madt(void) {
	put(MADT + 36, 0xfee00000, 4);
	madt_size = 44;
}

/* An entry of up to 16 bytes: type, length, then the rest as given. */
static void add_entry(uint8_t type, uint8_t length, const uint8_t *rest) {
	memory[MADT + madt_size] = type;
	memory[MADT + madt_size + 1] = length;
	memcpy(&memory[MADT + madt_size + 2], rest, length - 2u);
	madt_size += length;
	finish_table(MADT, "APIC", madt_size);
}

static void add_cpu(uint8_t apic_id, uint8_t flags) { add_entry(0, 8, (uint8_t[]){0, apic_id, flags, 0, 0, 0}); }

static void add_x2apic(uint16_t apic_id, uint8_t flags) {
	add_entry(9, 16,
	          (uint8_t[]){0, 0, (uint8_t)apic_id, (uint8_t)(apic_id >> 8), 0, 0, flags, 0, 0, 0, 0, 0, 0, 0});
}

static void add_ioapic(uint8_t id, uint8_t gsi_base) {
	add_entry(1, 12, (uint8_t[]){id, 0, 0, 0, 0xc0, 0xfe, gsi_base, 0, 0, 0});
}

static void add_override(uint8_t bus, uint8_t source, uint8_t gsi, uint8_t flags) {
	add_entry(2, 10, (uint8_t[]){bus, source, gsi, 0, 0, 0, flags, 0});
}

static void seal_rsdp(void) {
	seal(RSDP, 20, RSDP + 8);
	seal(RSDP, 36, RSDP + 32);
}

static void make_root(const char *signature, unsigned width) {
	put(ROOT + 36, HPET, width);
	put(ROOT + 36 + width, FADT, width);
	put(ROOT + 36 + 2 * width, MADT, width);
	finish_table(ROOT, signature, 36 + 3 * width);
}

/* An XSDT with HPET, FADT and a MADT of two processors and one I/O APIC. */
static int make_machine(void **state) {
	(void)state;
	memset(memory, 0, sizeof(memory));
	memcpy(&memory[RSDP], "RSD PTR ", 8);
	memory[RSDP + 15] = 2;
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, ROOT, 8);
	seal_rsdp();
	make_root("XSDT", 8);
	put(HPET + 44, 0xfed00000, 8);
	finish_table(HPET, "HPET", 56);
	finish_table(FADT, "FACP", 244);
	begin_madt();
	add_cpu(0, 1);
	add_cpu(2, 1);
	add_ioapic(5, 0);
	return 0;
}

static const void *read_flat(void *context, uint64_t address, uint64_t size) {
	(void)context;
	if (address >= MEMORY_SIZE || size > MEMORY_SIZE - address)
		return NULL;
	return &memory[address];
}

static const char *parse(void) {
	const struct acpi_reader reader = {read_flat, NULL};

	return acpi_parse(&reader, RSDP, &machine);
}

static void a_sound_machine_is_described(void **state) {
	(void)state;
	assert_sound(parse());
	assert_int_equal(machine.cpu_count, 2);
	assert_int_equal(machine.cpu[1].apic_id, 2);
	assert_int_equal(machine.cpu[1].is_enabled, 1);
	assert_int_equal(machine.ioapic_count, 1);
	assert_int_equal(machine.ioapic[0].base, 0xfec00000);
	assert_int_equal(machine.ioapic[0].id, 5);
	assert_int_equal(machine.local_apic_base, 0xfee00000);
	assert_int_equal(machine.hpet_base, 0xfed00000);
	assert_int_equal(machine.has_pit, 1);
	for (unsigned i = 0; i < HANDOFF_MAX_ISA_IRQS; i++)
		assert_int_equal(machine.isa_irq[i].gsi, i);
}

static void an_old_root_pointer_leads_to_the_rsdt(void **state) {
	(void)state;
	memory[RSDP + 15] = 0;
	put(RSDP + 16, ROOT, 4);
	seal_rsdp();
	make_root("RSDT", 4);
	assert_sound(parse());
	assert_int_equal(machine.cpu_count, 2);
}

static void a_corrupt_xsdt_is_replaced_by_the_rsdt(void **state) {
	(void)state;
	put(RSDP + 16, ROOT, 4);
	put(RSDP + 24, ROOT + 4096, 8);
	seal_rsdp();
	make_root("RSDT", 4);
	assert_sound(parse());
	put(RSDP + 16, ROOT + 4096, 4);
	seal_rsdp();
	assert_fault(parse(), "root pointer or the root table");
}

static void a_wrong_root_pointer_is_refused(void **state) {
	const struct acpi_reader reader = {read_flat, NULL};

	(void)state;
	assert_fault(acpi_parse(&reader, 0, &machine), "root pointer or the root table");
	assert_fault(acpi_parse(&reader, ~0ull - 8, &machine), "root pointer or the root table");
	assert_fault(acpi_parse(&reader, MEMORY_SIZE - 10, &machine), "root pointer or the root table");
	memory[RSDP + 10]++;
	assert_fault(parse(), "root pointer or the root table");
	make_machine(NULL);
	memory[RSDP + 33]++;
	assert_fault(parse(), "root pointer or the root table");
	make_machine(NULL);
	memory[RSDP] = 'r';
	seal_rsdp();
	assert_fault(parse(), "root pointer or the root table");
}

static void processors_are_listed_once_and_only_if_they_can_run(void **state) {
	(void)state;
	begin_madt();
	add_cpu(1, 1);
	add_cpu(3, 2);    /* may be plugged later */
	add_cpu(4, 0);    /* a placeholder */
	add_cpu(0xff, 1); /* no id */
	add_x2apic(1, 1); /* the first one again */
	add_x2apic(300, 1);
	add_ioapic(0, 0);
	assert_sound(parse());
	assert_int_equal(machine.cpu_count, 3);
	assert_int_equal(machine.cpu[0].apic_id, 1);
	assert_int_equal(machine.cpu[1].apic_id, 3);
	assert_int_equal(machine.cpu[1].is_enabled, 0);
	assert_int_equal(machine.cpu[2].apic_id, 300);
}

static void overrides_move_isa_interrupts(void **state) {
	(void)state;
	add_override(0, 0, 2, 0);
	add_override(0, 9, 9, 0xd);   /* level, active high */
	add_override(0, 11, 20, 0xf); /* level, active low */
	add_override(1, 5, 30, 0);    /* another bus */
	add_override(0, 16, 31, 0);   /* no such interrupt */
	assert_sound(parse());
	assert_int_equal(machine.isa_irq[0].gsi, 2);
	assert_int_equal(machine.isa_irq[0].is_level, 0);
	assert_int_equal(machine.isa_irq[9].is_level, 1);
	assert_int_equal(machine.isa_irq[9].is_active_low, 0);
	assert_int_equal(machine.isa_irq[11].gsi, 20);
	assert_int_equal(machine.isa_irq[11].is_level, 1);
	assert_int_equal(machine.isa_irq[11].is_active_low, 1);
	assert_int_equal(machine.isa_irq[5].gsi, 5);
}

static void the_local_apic_may_be_elsewhere(void **state) {
	(void)state;
	add_entry(5, 12, (uint8_t[]){0, 0, 0, 0, 0, 0x40, 1, 0, 0, 0});
	assert_sound(parse());
	assert_int_equal(machine.local_apic_base, 0x140000000);
}

static void unknown_entries_are_stepped_over(void **state) {
	(void)state;
	add_entry(4, 6, (uint8_t[]){0xff, 0, 0, 1});
	add_entry(0x80, 2, (uint8_t[]){0});
	add_cpu(7, 1);
	assert_sound(parse());
	assert_int_equal(machine.cpu_count, 3);
}

static void a_malformed_entry_spoils_the_madt(void **state) {
	static const struct { uint8_t type, length; } rows[] = {{0, 7}, {1, 11}, {2, 9}, {5, 11}, {9, 15}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_machine(NULL);
		add_entry(rows[i].type, rows[i].length, (uint8_t[16]){0});
		assert_fault(parse(), "is corrupt");
	}
	for (unsigned length = 0; length < 2; length++) {
		make_machine(NULL);
		add_cpu(9, 1);
		memory[MADT + madt_size - 7] = (uint8_t)length;
		finish_table(MADT, "APIC", madt_size);
		assert_fault(parse(), "is corrupt");
	}
	make_machine(NULL);
	finish_table(MADT, "APIC", madt_size - 1);
	assert_fault(parse(), "is corrupt");
	make_machine(NULL);
	finish_table(MADT, "APIC", madt_size + 1);
	assert_fault(parse(), "is corrupt");
	finish_table(MADT, "APIC", 40);
	assert_fault(parse(), "no sound APIC table");
}

static void a_table_with_a_wrong_length_or_sum_does_not_count(void **state) {
	(void)state;
	memory[MADT + 40]++;
	assert_fault(parse(), "no sound APIC table");
	make_machine(NULL);
	put(MADT + 4, MEMORY_SIZE, 4);
	assert_fault(parse(), "no sound APIC table");
	put(MADT + 4, 0xfffffff0, 4);
	assert_fault(parse(), "no sound APIC table");
	put(MADT + 4, 35, 4);
	assert_fault(parse(), "no sound APIC table");
}

static void a_machine_needs_a_processor_and_an_ioapic(void **state) {
	(void)state;
	begin_madt();
	add_ioapic(0, 0);
	assert_fault(parse(), "no enabled processor");
	begin_madt();
	add_cpu(0, 1);
	assert_fault(parse(), "names no I/O APIC");
	for (unsigned i = 0; i < HANDOFF_MAX_IOAPICS; i++)
		add_ioapic((uint8_t)i, (uint8_t)(i * 8));
	assert_sound(parse());
	assert_int_equal(machine.ioapic_count, HANDOFF_MAX_IOAPICS);
	add_ioapic(99, 200);
	assert_fault(parse(), "more than 16");
}

static void hpet_and_fadt_may_be_missing_or_corrupt(void **state) {
	(void)state;
	memory[HPET + 50]++;
	memory[FADT + 50]++;
	assert_sound(parse());
	assert_int_equal(machine.hpet_base, 0);
	assert_int_equal(machine.has_pit, 1);
}

static void an_hpet_outside_memory_space_is_none(void **state) {
	(void)state;
	memory[HPET + 40] = 1;
	finish_table(HPET, "HPET", 56);
	assert_sound(parse());
	assert_int_equal(machine.hpet_base, 0);
	memory[HPET + 40] = 0;
	finish_table(HPET, "HPET", 51);
	assert_sound(parse());
	assert_int_equal(machine.hpet_base, 0);
}

static void hardware_reduced_machines_have_no_pit(void **state) {
	(void)state;
	put(FADT + 112, 1u << 20, 4);
	finish_table(FADT, "FACP", 244);
	assert_sound(parse());
	assert_int_equal(machine.has_pit, 0);
	/* The flags lie behind the end of this one. */
	finish_table(FADT, "FACP", 115);
	assert_sound(parse());
	assert_int_equal(machine.has_pit, 1);
}

/* Reads of exact pieces on the heap: any byte behind what was asked for is an
 * error of the sanitizer. */
static const void *read_exact(void *context, uint64_t address, uint64_t size) {
	void **pieces = context;
	void *piece;

	if (read_flat(NULL, address, size) == NULL)
		return NULL;
	piece = malloc(sizeof(void *) + size);
	assert_non_null(piece);
	*(void **)piece = *pieces;
	*pieces = piece;
	return memcpy((char *)piece + sizeof(void *), &memory[address], size);
}

static void nothing_is_read_that_was_not_asked_for(void **state) {
	void *pieces = NULL;
	const struct acpi_reader reader = {read_exact, &pieces};

	(void)state;
	for (unsigned cut = 0; cut < 40; cut++) {
		make_machine(NULL);
		finish_table(MADT, "APIC", madt_size - cut);
		(void)!acpi_parse(&reader, RSDP, &machine);
		finish_table(ROOT, "XSDT", 36 + 24 - cut % 25);
		(void)!acpi_parse(&reader, RSDP, &machine);
	}
	while (pieces != NULL) {
		void *next = *(void **)pieces;

		free(pieces);
		pieces = next;
	}
}

static void the_default_machine_is_the_architectures(void **state) {
	(void)state;
	acpi_machine_default(&machine);
	assert_int_equal(machine.cpu_count, 0);
	assert_int_equal(machine.local_apic_base, 0xfee00000);
	assert_int_equal(machine.ioapic_count, 1);
	assert_int_equal(machine.ioapic[0].base, 0xfec00000);
	assert_int_equal(machine.isa_irq[15].gsi, 15);
	assert_int_equal(machine.has_pit, 1);
}

static void list(uint32_t count) {
	acpi_machine_default(&machine);
	for (uint32_t i = 0; i < count; i++)
		acpi_add_cpu(&machine, 1000 + i, true);
}

static void the_boot_processor_moves_to_the_front_and_the_others_stay_in_order(void **state) {
	(void)state;
	list(4);
	acpi_set_boot_cpu(&machine, 1002);
	assert_int_equal(machine.cpu_count, 4);
	assert_int_equal(machine.cpu[0].apic_id, 1002);
	assert_int_equal(machine.cpu[1].apic_id, 1000);
	assert_int_equal(machine.cpu[2].apic_id, 1001);
	assert_int_equal(machine.cpu[3].apic_id, 1003);
}

static void a_boot_processor_that_nobody_listed_is_added(void **state) {
	(void)state;
	list(0);
	acpi_set_boot_cpu(&machine, 7);
	assert_int_equal(machine.cpu_count, 1);
	assert_int_equal(machine.cpu[0].apic_id, 7);
	assert_int_equal(machine.cpu[0].is_enabled, 1);
}

static void a_full_list_makes_room_for_the_boot_processor_only(void **state) {
	(void)state;
	list(HANDOFF_MAX_CPUS + 3);
	assert_int_equal(machine.cpu_count, HANDOFF_MAX_CPUS);
	acpi_set_boot_cpu(&machine, 7);
	assert_int_equal(machine.cpu_count, HANDOFF_MAX_CPUS);
	assert_int_equal(machine.cpu[0].apic_id, 7);
	assert_int_equal(machine.cpu[1].apic_id, 1000);
	assert_int_equal(machine.cpu[HANDOFF_MAX_CPUS - 1].apic_id, 1000 + HANDOFF_MAX_CPUS - 2);
}

#define test(name) cmocka_unit_test_setup(name, make_machine)

int main(void) {
	const struct CMUnitTest tests[] = {
	    test(a_sound_machine_is_described),
	    test(an_old_root_pointer_leads_to_the_rsdt),
	    test(a_corrupt_xsdt_is_replaced_by_the_rsdt),
	    test(a_wrong_root_pointer_is_refused),
	    test(processors_are_listed_once_and_only_if_they_can_run),
	    test(overrides_move_isa_interrupts),
	    test(the_local_apic_may_be_elsewhere),
	    test(unknown_entries_are_stepped_over),
	    test(a_malformed_entry_spoils_the_madt),
	    test(a_table_with_a_wrong_length_or_sum_does_not_count),
	    test(a_machine_needs_a_processor_and_an_ioapic),
	    test(hpet_and_fadt_may_be_missing_or_corrupt),
	    test(an_hpet_outside_memory_space_is_none),
	    test(hardware_reduced_machines_have_no_pit),
	    test(nothing_is_read_that_was_not_asked_for),
	    test(the_default_machine_is_the_architectures),
	    test(the_boot_processor_moves_to_the_front_and_the_others_stay_in_order),
	    test(a_boot_processor_that_nobody_listed_is_added),
	    test(a_full_list_makes_room_for_the_boot_processor_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
