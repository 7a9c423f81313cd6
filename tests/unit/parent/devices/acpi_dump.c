/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * acpi_dump DIRECTORY VP_COUNT HAS_RTC HAS_VMBUS: writes each table of a child to a file
 * of its own, for iasl to read (acpi_iasl_test.cmake).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "devices/acpi_layout.h"
#include "devices/acpi_tables.h"

#define TABLE_GPA 0xe0000ull

static uint8_t memory[0x10000];

static void dump(const char *directory, uint64_t gpa, const char *name) {
	struct acpi_header header;
	char path[4096];
	FILE *file;

	memcpy(&header, memory + (gpa - TABLE_GPA), sizeof(header));
	snprintf(path, sizeof(path), "%s/%s.aml", directory, name);
	file = fopen(path, "wb");
	if (!file || fwrite(memory + (gpa - TABLE_GPA), 1, header.length, file) != header.length || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv) {
	struct acpi_config config = {.table_gpa = TABLE_GPA};
	struct acpi_rsdp rsdp;
	struct acpi_header xsdt;

	if (argc != 5)
		return 2;
	config.vp_count = (uint32_t)strtoul(argv[2], NULL, 10);
	config.has_rtc = argv[3][0] == '1';
	config.has_vmbus = argv[4][0] == '1';
	if (!acpi_tables_build(&config, memory, sizeof(memory)))
		return 1;
	memcpy(&rsdp, memory, sizeof(rsdp));
	memcpy(&xsdt, memory + (rsdp.xsdt - TABLE_GPA), sizeof(xsdt));
	dump(argv[1], rsdp.xsdt, "xsdt");
	for (unsigned i = 0; i < (xsdt.length - sizeof(xsdt)) / 8; i++) {
		char name[16];
		uint64_t gpa;

		memcpy(&gpa, memory + (rsdp.xsdt - TABLE_GPA) + sizeof(xsdt) + 8 * i, sizeof(gpa));
		snprintf(name, sizeof(name), "table%u", i);
		dump(argv[1], gpa, name);
		if (memcmp(memory + (gpa - TABLE_GPA), "FACP", 4) == 0) {
			struct acpi_fadt fadt;

			memcpy(&fadt, memory + (gpa - TABLE_GPA), sizeof(fadt));
			dump(argv[1], fadt.x_dsdt, "dsdt");
		}
	}
	return 0;
}
