/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Lays the child's ACPI tables out one behind the other and fills them. The
 * same code runs twice: once to measure, with no buffer, and once to write.
 * Follows [ACPI 6.5 5.2 "ACPI System Description Tables"].
 */
#include "acpi_tables.h"

#include <string.h>
#include "devices/acpi_aml.h"
#include "devices/acpi_layout.h"
#include "devices/acpi_pm.h"
#include "devices/acpi_processors.h"
#include "devices/acpi_writer.h"
#include "devices/cmos.h"

#define RSDP_ALIGNMENT 16u
#define TABLE_COUNT    6u /* the most tables that the XSDT names */

#define FADT_REVISION  6u
#define FADT_MINOR     5u

static struct acpi_address io_byte(uint64_t port) {
	return (struct acpi_address){
	    .space = ACPI_SPACE_IO,
	    .bit_width = 8,
	    .access_size = ACPI_ACCESS_BYTE,
	    .address = port,
	};
}

static void put_fadt(struct acpi_writer *w, const struct acpi_config *config, uint64_t dsdt_gpa) {
	size_t start = w->used;
	struct acpi_fadt fadt = {
	    .header = acpi_header("FACP", FADT_REVISION),
	    .century = config->has_rtc ? CMOS_CENTURY : 0,
	    .boot_architecture = ACPI_BOOT_NO_VGA | (config->has_rtc ? 0 : ACPI_BOOT_NO_RTC),
	    .flags = ACPI_FADT_HARDWARE_REDUCED | ACPI_FADT_RESET_REGISTER | ACPI_FADT_PROC_C1 | ACPI_FADT_WBINVD,
	    .reset_register = io_byte(ACPI_PM_PORT + ACPI_PM_RESET),
	    .reset_value = ACPI_PM_RESET_VALUE,
	    .minor_revision = FADT_MINOR,
	    .x_dsdt = dsdt_gpa,
	    .sleep_control = io_byte(ACPI_PM_PORT + ACPI_PM_SLEEP_CONTROL),
	    .sleep_status = io_byte(ACPI_PM_PORT + ACPI_PM_SLEEP_STATUS),
	};

	acpi_put(w, &fadt, sizeof(fadt));
	acpi_finish_table(w, start);
}

/* A multiple of the window's size, at or above RAM and the usual place. */
static uint64_t high_window_base(const struct acpi_config *config) {
	uint64_t base = ACPI_MMIO_HIGH_BASE;

	if (config->ram_end > base)
		base = (config->ram_end + ACPI_MMIO_HIGH_SIZE - 1) & ~(ACPI_MMIO_HIGH_SIZE - 1);
	return base;
}

static void put_aml(struct acpi_writer *w, const uint8_t *aml, size_t size) {
	size_t start = w->used;

	acpi_put(w, aml, size);
	acpi_finish_table(w, start);
}

static void put_vmbus(struct acpi_writer *w, const struct acpi_config *config) {
	size_t start = w->used;
	uint64_t base = high_window_base(config);
	uint64_t last = base + ACPI_MMIO_HIGH_SIZE - 1;

	acpi_put(w, acpi_aml_vmbus, acpi_aml_vmbus_size);
	if (w->buffer) {
		uint8_t *window = w->buffer + start + acpi_aml_vmbus_high_window;

		memcpy(window, &base, sizeof(base));
		memcpy(window + sizeof(base), &last, sizeof(last));
	}
	acpi_finish_table(w, start);
}

/* Linux (arch/x86/kernel/cpu/mshyperv.c) looks for this signature and this table id. */
static void put_entropy(struct acpi_writer *w, const struct acpi_config *config) {
	size_t start = w->used;
	struct acpi_header header = acpi_header("OEM0", 1);

	memcpy(header.oem_table_id, "MICROSFT", sizeof(header.oem_table_id));
	acpi_put(w, &header, sizeof(header));
	acpi_put(w, config->entropy, config->entropy_size);
	acpi_finish_table(w, start);
}

/* The RSDP at offset 0 and the XSDT behind it are written last, when the tables'
 * addresses are known. */
static void put_roots(struct acpi_writer *w, uint64_t base, const uint64_t *tables, unsigned count) {
	size_t xsdt_start = sizeof(struct acpi_rsdp) + -sizeof(struct acpi_rsdp) % ACPI_TABLE_ALIGNMENT;
	struct acpi_header xsdt = acpi_header("XSDT", 1);
	struct acpi_rsdp rsdp = {
	    .signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '},
	    .oem_id = {'B', 'U', 'L', 'K', 'H', 'D'},
	    .revision = 2,
	    .length = sizeof(rsdp),
	    .xsdt = base + xsdt_start,
	};

	rsdp.checksum = acpi_checksum(&rsdp, ACPI_RSDP_V1_SIZE);
	rsdp.extended_checksum = acpi_checksum(&rsdp, sizeof(rsdp));
	acpi_put(w, &rsdp, sizeof(rsdp));
	acpi_align(w);
	acpi_put(w, &xsdt, sizeof(xsdt));
	acpi_put(w, tables, count * sizeof(tables[0]));
	acpi_finish_table(w, xsdt_start);
}

static size_t roots_size(unsigned count) {
	struct acpi_writer w = {0};
	const uint64_t none[TABLE_COUNT] = {0};

	put_roots(&w, 0, none, count);
	return w.used;
}

static size_t put_all(const struct acpi_config *config, uint8_t *buffer) {
	unsigned expected = TABLE_COUNT - !config->has_rtc - !config->has_vmbus - (config->entropy_size == 0);
	struct acpi_writer roots = {.buffer = buffer};
	struct acpi_writer w = {.buffer = buffer, .used = roots_size(expected)};
	uint64_t dsdt_gpa = config->table_gpa + w.used;
	uint64_t tables[TABLE_COUNT];
	unsigned count = 0;

	put_aml(&w, acpi_aml_dsdt, acpi_aml_dsdt_size);
	tables[count++] = config->table_gpa + w.used;
	put_fadt(&w, config, dsdt_gpa);
	tables[count++] = config->table_gpa + w.used;
	acpi_put_madt(&w, config->vp_count);
	tables[count++] = config->table_gpa + w.used;
	acpi_put_processors(&w, config->vp_count);
	if (config->has_rtc) {
		tables[count++] = config->table_gpa + w.used;
		put_aml(&w, acpi_aml_rtc, acpi_aml_rtc_size);
	}
	if (config->has_vmbus) {
		tables[count++] = config->table_gpa + w.used;
		put_vmbus(&w, config);
	}
	if (config->entropy_size > 0) {
		tables[count++] = config->table_gpa + w.used;
		put_entropy(&w, config);
	}
	put_roots(&roots, config->table_gpa, tables, count);
	return w.used;
}

size_t acpi_tables_size(const struct acpi_config *config) {
	const uint64_t ram_end_max = 1ull << 52;
	size_t size;

	if (config->vp_count == 0 || config->vp_count > ACPI_VP_MAX)
		return 0;
	if (config->table_gpa % RSDP_ALIGNMENT || config->ram_end > ram_end_max)
		return 0;
	if (config->entropy_size > ACPI_ENTROPY_MAX)
		return 0;
	size = put_all(config, NULL);
	return config->table_gpa > UINT64_MAX - size ? 0 : size;
}

size_t acpi_tables_build(const struct acpi_config *config, uint8_t *buffer, size_t buffer_size) {
	size_t size = acpi_tables_size(config);

	if (size == 0 || size > buffer_size)
		return 0;
	return put_all(config, buffer);
}
