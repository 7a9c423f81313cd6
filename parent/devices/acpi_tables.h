/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The ACPI tables of a child: RSDP, XSDT, FADT (hardware-reduced), MADT, the
 * compiled DSDT, and SSDTs for what depends on the VM's configuration. The
 * caller copies the bytes to the guest and gives it the RSDP's address.
 * Follows [ACPI 6.5 5.2 "ACPI System Description Tables"].
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACPI_VP_MAX         1024u
#define ACPI_ENTROPY_MAX    4096u /* what Linux accepts: 8 bytes to 4 KiB */

/* MMIO windows that VMBus is given. The high one moves up, to a multiple of its
 * size, where RAM would reach into it. */
#define ACPI_MMIO_LOW_BASE  0xf8000000ull
#define ACPI_MMIO_LOW_LAST  0xfebfffffull
#define ACPI_MMIO_HIGH_BASE 0x4000000000ull
#define ACPI_MMIO_HIGH_SIZE 0x100000000ull

struct acpi_config {
	uint64_t table_gpa; /* where the bytes will lie; 16-byte aligned. For guests
	                     * that scan for the RSDP: 0xe0000 */
	uint32_t vp_count;  /* 1..ACPI_VP_MAX; APIC id = UID = VP index */
	bool has_rtc;       /* a CMOS clock at ports 0x70 and 0x71 */
	bool has_vmbus;     /* the device by which guests find VMBus */
	/* Random bytes for the guest's generator, at most ACPI_ENTROPY_MAX; 0: none. Stock
	 * Linux takes them from a table that it knows from Hyper-V, and wipes them there. */
	const uint8_t *entropy;
	size_t entropy_size;
	uint64_t ram_end; /* GPA behind the highest RAM; 0 if it ends below the high window */
};

/* Bytes that acpi_tables_build will fill; 0 if the configuration is not valid:
 * vp_count out of range, table_gpa unaligned, an address so high that it wraps. */
size_t acpi_tables_size(const struct acpi_config *config);

/* Builds the tables for table_gpa into buffer: the RSDP at its start (so the
 * RSDP's address is table_gpa), the others behind it. Returns the bytes used;
 * 0, and the buffer is untouched, if it is too small or the configuration is not
 * valid. */
size_t acpi_tables_build(const struct acpi_config *config, uint8_t *buffer, size_t buffer_size);
