/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The tables as a guest finds them: from the RSDP on, by addresses, lengths and
 * checksums alone, reading bytes at the offsets that the specification gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "devices/acpi_tables.h"

#define TABLE_GPA 0xe0000ull

static uint8_t memory[0x10000];
static size_t used;
static uint64_t base;

static uint64_t field(const uint8_t *at, unsigned size) {
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

static uint8_t sum(const uint8_t *at, size_t size) {
	unsigned total = 0;

	for (size_t i = 0; i < size; i++)
		total += at[i];
	return (uint8_t)total;
}

static void build(const struct acpi_config *config) {
	memset(memory, 0xcc, sizeof(memory));
	base = config->table_gpa;
	used = acpi_tables_build(config, memory, sizeof(memory));
	assert_int_not_equal(used, 0);
	assert_int_equal(used, acpi_tables_size(config));
	for (size_t i = used; i < sizeof(memory); i++)
		assert_int_equal(memory[i], 0xcc);
}

static void build_default(uint32_t vp_count) {
	struct acpi_config config = {.table_gpa = TABLE_GPA, .vp_count = vp_count, .has_rtc = true};

	build(&config);
}

/* A table by its address: inside what was built, aligned, complete. */
static const uint8_t *table_at(uint64_t gpa) {
	const uint8_t *at;

	assert_in_range(gpa, base, base + used - 36);
	assert_int_equal(gpa % 16, 0);
	at = memory + (gpa - base);
	assert_in_range(field(at + 4, 4), 36, base + used - gpa);
	assert_int_equal(sum(at, field(at + 4, 4)), 0);
	return at;
}

static const uint8_t *xsdt(void) { return table_at(field(memory + 24, 8)); }

static unsigned xsdt_count(void) { return (unsigned)(field(xsdt() + 4, 4) - 36) / 8; }

/* The nth table with this signature that the XSDT names, or NULL. */
static const uint8_t *find_table(const char *signature, unsigned n) {
	for (unsigned i = 0; i < xsdt_count(); i++) {
		const uint8_t *table = table_at(field(xsdt() + 36 + 8 * i, 8));

		if (memcmp(table, signature, 4) == 0 && n-- == 0)
			return table;
	}
	return NULL;
}

static const uint8_t *dsdt(void) { return table_at(field(find_table("FACP", 0) + 140, 8)); }

static bool has_bytes(const uint8_t *table, const void *bytes, size_t size) {
	for (size_t i = 36; i + size <= field(table + 4, 4); i++)
		if (memcmp(table + i, bytes, size) == 0)
			return true;
	return false;
}

static void the_rsdp_leads_to_the_xsdt(void **state) {
	(void)state;
	build_default(1);
	assert_memory_equal(memory, "RSD PTR ", 8);
	assert_int_equal(memory[15], 2);
	assert_int_equal(field(memory + 16, 4), 0);
	assert_int_equal(field(memory + 20, 4), 36);
	assert_int_equal(sum(memory, 20), 0);
	assert_int_equal(sum(memory, 36), 0);
	assert_memory_equal(xsdt(), "XSDT", 4);
	assert_int_equal(xsdt_count(), 4);
}

static void every_table_has_a_header(void **state) {
	(void)state;
	build_default(3);
	for (unsigned i = 0; i < xsdt_count(); i++) {
		const uint8_t *table = table_at(field(xsdt() + 36 + 8 * i, 8));

		assert_memory_equal(table + 10, "BULKHD", 6);
		assert_int_not_equal(table[8], 0);
	}
	assert_non_null(find_table("FACP", 0));
	assert_non_null(find_table("APIC", 0));
	assert_non_null(find_table("SSDT", 0));
	assert_non_null(find_table("SSDT", 1));
	assert_null(find_table("SSDT", 2));
	assert_memory_equal(dsdt(), "DSDT", 4);
}

static void the_fadt_is_hardware_reduced(void **state) {
	const uint8_t *fadt;

	(void)state;
	build_default(1);
	fadt = find_table("FACP", 0);
	assert_int_equal(field(fadt + 4, 4), 276);
	assert_int_equal(fadt[8], 6);
	assert_int_equal(fadt[108], 0x32);
	assert_int_equal(field(fadt + 109, 2), 0x0004); /* no VGA; clock; no 8042 */
	assert_int_equal(field(fadt + 112, 4), 0x00100405);
	assert_int_equal(field(fadt + 116, 4), 0x01000801); /* I/O, 8 bits, byte */
	assert_int_equal(field(fadt + 120, 8), 0x602);
	assert_int_equal(fadt[128], 1);
	assert_int_equal(field(fadt + 244, 4), 0x01000801);
	assert_int_equal(field(fadt + 248, 8), 0x600);
	assert_int_equal(field(fadt + 256, 4), 0x01000801);
	assert_int_equal(field(fadt + 260, 8), 0x601);
	for (unsigned i = 36; i < 108; i++) /* no FACS, SCI, SMI or PM blocks */
		assert_int_equal(fadt[i], 0);
	for (unsigned i = 148; i < 244; i++)
		assert_int_equal(fadt[i], 0);
}

static void without_a_clock_the_tables_say_so(void **state) {
	static const uint8_t pnp0b00[] = {0x41, 0xd0, 0x0b, 0x00};
	struct acpi_config config = {.table_gpa = TABLE_GPA, .vp_count = 1};
	const uint8_t *fadt;

	(void)state;
	build(&config);
	fadt = find_table("FACP", 0);
	assert_int_equal(field(fadt + 109, 2), 0x0024);
	assert_int_equal(fadt[108], 0);
	assert_int_equal(xsdt_count(), 3);
	assert_false(has_bytes(find_table("SSDT", 0), pnp0b00, 4));
	build_default(1);
	assert_true(has_bytes(find_table("SSDT", 1), pnp0b00, 4));
}

static void the_madt_names_every_processor_and_the_ioapic(void **state) {
	const uint32_t counts[] = {1, 2, 64, 255, 256, ACPI_VP_MAX};

	(void)state;
	for (unsigned n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
		const uint8_t *madt, *at, *end;
		uint32_t next = 0;

		build_default(counts[n]);
		madt = find_table("APIC", 0);
		assert_int_equal(field(madt + 36, 4), 0xfee00000);
		assert_int_equal(field(madt + 40, 4), 0); /* no 8259 */
		end = madt + field(madt + 4, 4);
		for (at = madt + 44; at[0] != 1; at += at[1], next++) {
			if (next < 255) {
				assert_int_equal(field(at, 2), 0x0800);
				assert_int_equal(at[2], next);
				assert_int_equal(at[3], next);
				assert_int_equal(field(at + 4, 4), 1);
			} else {
				assert_int_equal(field(at, 4), 0x1009);
				assert_int_equal(field(at + 4, 4), next);
				assert_int_equal(field(at + 8, 4), 1);
				assert_int_equal(field(at + 12, 4), next);
			}
		}
		assert_int_equal(next, counts[n]);
		assert_int_equal(field(at, 4), 0x0c01);
		assert_int_equal(field(at + 4, 4), 0xfec00000);
		assert_int_equal(field(at + 8, 4), 0);
		assert_ptr_equal(at + 12, end);
	}
}

static void the_dsdt_holds_what_guests_look_for(void **state) {
	static const uint8_t pnp0501[] = {0x41, 0xd0, 0x05, 0x01};
	static const uint8_t com1[] = {0x47, 0x01, 0xf8, 0x03, 0xf8, 0x03, 0x01, 0x08};
	static const uint8_t s5[] = {'_', 'S', '5', '_', 0x12, 0x04, 0x02, 0x00, 0x00};

	(void)state;
	build_default(1);
	assert_int_equal(dsdt()[8], 2);
	assert_true(has_bytes(dsdt(), pnp0501, sizeof(pnp0501)));
	assert_true(has_bytes(dsdt(), com1, sizeof(com1)));
	assert_true(has_bytes(dsdt(), s5, sizeof(s5)));
}

static void only_a_machine_with_vmbus_names_it(void **state) {
	struct acpi_config config = {.table_gpa = TABLE_GPA, .vp_count = 1, .has_vmbus = true};
	const uint8_t *vmbus;

	(void)state;
	build(&config);
	assert_int_equal(xsdt_count(), 4);
	vmbus = find_table("SSDT", 1);
	assert_non_null(vmbus);
	assert_true(has_bytes(vmbus, "_HID\x0dVMBus", 11));
	assert_true(has_bytes(vmbus,
	                      "_HID\x0d"
	                      "ACPI0004",
	                      14));
	config.has_vmbus = false;
	build(&config);
	assert_int_equal(xsdt_count(), 3);
	assert_false(has_bytes(dsdt(), "VMBus", 5));
	assert_null(find_table("SSDT", 1));
}

static void the_high_window_moves_above_ram(void **state) {
	static const struct {
		uint64_t ram_end, base;
	} rows[] = {
	    {0, ACPI_MMIO_HIGH_BASE},
	    {ACPI_MMIO_HIGH_BASE, ACPI_MMIO_HIGH_BASE},
	    {ACPI_MMIO_HIGH_BASE + 1, ACPI_MMIO_HIGH_BASE + ACPI_MMIO_HIGH_SIZE},
	    {0x10000000000, 0x10000000000},
	    {0x10000200000, 0x10100000000},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct acpi_config config = {
		    .table_gpa = TABLE_GPA, .vp_count = 1, .has_vmbus = true, .ram_end = rows[i].ram_end};
		uint64_t window[3] = {rows[i].base, rows[i].base + ACPI_MMIO_HIGH_SIZE - 1, 0};

		build(&config);
		assert_true(has_bytes(find_table("SSDT", 1), window, sizeof(window)));
	}
}

static void each_processor_has_a_device(void **state) {
	const uint8_t *ssdt, *at;
	size_t length;

	(void)state;
	build_default(300);
	ssdt = find_table("SSDT", 0);
	length = field(ssdt + 4, 4);
	assert_int_equal(length, 36 + 9 + 300 * 32);
	/* Scope, 3-byte package length that reaches to the table's end, \_SB_. */
	assert_int_equal(ssdt[36], 0x10);
	assert_int_equal(ssdt[37] & 0xf0, 0x80);
	assert_int_equal((ssdt[37] & 0xf) | ssdt[38] << 4 | ssdt[39] << 12, length - 37);
	assert_memory_equal(ssdt + 40, "\\_SB_", 5);
	at = ssdt + 45 + 299 * 32;
	assert_memory_equal(at,
	                    "\x5b\x82\x1e"
	                    "C12B\x08_HID\x0d"
	                    "ACPI0007\0\x08_UID\x0c",
	                    28);
	assert_int_equal(field(at + 28, 4), 299);
}

/* What Linux checks before it believes the table: arch/x86/kernel/cpu/mshyperv.c. */
static void entropy_lies_in_the_table_that_linux_takes_it_from(void **state) {
	static const uint8_t entropy[32] = {1, 2, 3};
	struct acpi_config config = {.table_gpa = TABLE_GPA,
	                             .vp_count = 1,
	                             .has_rtc = true,
	                             .entropy = entropy,
	                             .entropy_size = sizeof(entropy)};
	const uint8_t *table;

	(void)state;
	build(&config);
	assert_int_equal(xsdt_count(), 5);
	table = find_table("OEM0", 0);
	assert_non_null(table);
	assert_memory_equal(table + 16, "MICROSFT", 8);
	assert_int_equal(field(table + 4, 4), 36 + sizeof(entropy));
	assert_memory_equal(table + 36, entropy, sizeof(entropy));
	build_default(1);
	assert_null(find_table("OEM0", 0));
	config.entropy_size = ACPI_ENTROPY_MAX + 1;
	assert_int_equal(acpi_tables_size(&config), 0);
}

static void addresses_follow_the_place_of_the_tables(void **state) {
	struct acpi_config config = {.table_gpa = 0x123456789ab0, .vp_count = 2, .has_rtc = true};

	(void)state;
	build(&config);
	assert_non_null(find_table("FACP", 0));
	assert_memory_equal(dsdt(), "DSDT", 4);
}

static void bad_configurations_build_nothing(void **state) {
	static const struct acpi_config bad[] = {
	    {.table_gpa = TABLE_GPA, .vp_count = 0},   {.table_gpa = TABLE_GPA, .vp_count = ACPI_VP_MAX + 1},
	    {.table_gpa = TABLE_GPA, .vp_count = ~0u}, {.table_gpa = TABLE_GPA + 8, .vp_count = 1},
	    {.table_gpa = ~0xfull, .vp_count = 1},     {.table_gpa = TABLE_GPA, .vp_count = 1, .ram_end = ~0ull},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(acpi_tables_size(&bad[i]), 0);
		assert_int_equal(acpi_tables_build(&bad[i], memory, sizeof(memory)), 0);
	}
}

static void a_buffer_that_is_too_small_stays_untouched(void **state) {
	struct acpi_config config = {.table_gpa = TABLE_GPA, .vp_count = 4, .has_rtc = true};
	size_t size = acpi_tables_size(&config);

	(void)state;
	memset(memory, 0xcc, sizeof(memory));
	assert_int_equal(acpi_tables_build(&config, memory, size - 1), 0);
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], 0xcc);
	assert_int_equal(acpi_tables_build(&config, memory, size), size);
}

static void the_most_processors_fit_the_acpi_area(void **state) {
	struct acpi_config config = {
	    .table_gpa = TABLE_GPA, .vp_count = ACPI_VP_MAX, .has_rtc = true, .has_vmbus = true};

	(void)state;
	assert_in_range(acpi_tables_size(&config), 1, 0x10000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_rsdp_leads_to_the_xsdt),
	    cmocka_unit_test(every_table_has_a_header),
	    cmocka_unit_test(the_fadt_is_hardware_reduced),
	    cmocka_unit_test(without_a_clock_the_tables_say_so),
	    cmocka_unit_test(the_madt_names_every_processor_and_the_ioapic),
	    cmocka_unit_test(the_dsdt_holds_what_guests_look_for),
	    cmocka_unit_test(only_a_machine_with_vmbus_names_it),
	    cmocka_unit_test(the_high_window_moves_above_ram),
	    cmocka_unit_test(each_processor_has_a_device),
	    cmocka_unit_test(entropy_lies_in_the_table_that_linux_takes_it_from),
	    cmocka_unit_test(addresses_follow_the_place_of_the_tables),
	    cmocka_unit_test(bad_configurations_build_nothing),
	    cmocka_unit_test(a_buffer_that_is_too_small_stays_untouched),
	    cmocka_unit_test(the_most_processors_fit_the_acpi_area),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
