/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Layouts of the ACPI tables that a child gets, little endian, unaligned.
 * Follows [ACPI 6.5 5.2 "ACPI System Description Tables"].
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ACPI_PACKED __attribute__((packed))

/* [ACPI 6.5 5.2.5.3 "Root System Description Pointer (RSDP) Structure"] */
struct ACPI_PACKED acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
};
#define ACPI_RSDP_V1_SIZE 20u
_Static_assert(sizeof(struct acpi_rsdp) == 36, "RSDP");

/* [ACPI 6.5 5.2.6 "System Description Table Header"] */
struct ACPI_PACKED acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
};
_Static_assert(sizeof(struct acpi_header) == 36, "table header");

/* [ACPI 6.5 5.2.3.2 "Generic Address Structure"] */
struct ACPI_PACKED acpi_address {
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size;
	uint64_t address;
};
#define ACPI_SPACE_IO    1u
#define ACPI_ACCESS_BYTE 1u
_Static_assert(sizeof(struct acpi_address) == 12, "generic address");

/* [ACPI 6.5 5.2.9 "Fixed ACPI Description Table (FADT)"]: what a hardware-
 * reduced machine leaves 0 is named by the field that it begins with. */
struct ACPI_PACKED acpi_fadt {
	struct acpi_header header;
	uint8_t firmware_control[72]; /* .. up to the alarm registers */
	uint8_t century;
	uint16_t boot_architecture;
	uint8_t reserved;
	uint32_t flags;
	struct acpi_address reset_register;
	uint8_t reset_value;
	uint16_t arm_boot_architecture;
	uint8_t minor_revision;
	uint64_t x_firmware_control;
	uint64_t x_dsdt;
	struct acpi_address x_pm_blocks[8];
	struct acpi_address sleep_control;
	struct acpi_address sleep_status;
	uint64_t hypervisor_vendor;
};
_Static_assert(offsetof(struct acpi_fadt, century) == 108, "FADT");
_Static_assert(offsetof(struct acpi_fadt, boot_architecture) == 109, "FADT");
_Static_assert(offsetof(struct acpi_fadt, flags) == 112, "FADT");
_Static_assert(offsetof(struct acpi_fadt, reset_register) == 116, "FADT");
_Static_assert(offsetof(struct acpi_fadt, reset_value) == 128, "FADT");
_Static_assert(offsetof(struct acpi_fadt, minor_revision) == 131, "FADT");
_Static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "FADT");
_Static_assert(offsetof(struct acpi_fadt, sleep_control) == 244, "FADT");
_Static_assert(offsetof(struct acpi_fadt, sleep_status) == 256, "FADT");
_Static_assert(sizeof(struct acpi_fadt) == 276, "FADT");

/* FADT flags and IA-PC boot architecture flags, [ACPI 6.5 5.2.9]. */
#define ACPI_FADT_WBINVD           (1u << 0)
#define ACPI_FADT_PROC_C1          (1u << 2)
#define ACPI_FADT_RESET_REGISTER   (1u << 10)
#define ACPI_FADT_HARDWARE_REDUCED (1u << 20)
#define ACPI_BOOT_NO_VGA           (1u << 2)
#define ACPI_BOOT_NO_RTC           (1u << 5)

/* [ACPI 6.5 5.2.12 "Multiple APIC Description Table (MADT)"] */
struct ACPI_PACKED acpi_madt {
	struct acpi_header header;
	uint32_t lapic_gpa;
	uint32_t flags;
};
_Static_assert(sizeof(struct acpi_madt) == 44, "MADT");

#define ACPI_MADT_LAPIC      0u
#define ACPI_MADT_IOAPIC     1u
#define ACPI_MADT_X2APIC     9u
#define ACPI_MADT_IS_ENABLED 1u

struct ACPI_PACKED acpi_madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t uid;
	uint8_t apic_id;
	uint32_t flags;
};
_Static_assert(sizeof(struct acpi_madt_lapic) == 8, "MADT local APIC");

struct ACPI_PACKED acpi_madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t gpa;
	uint32_t interrupt_base;
};
_Static_assert(sizeof(struct acpi_madt_ioapic) == 12, "MADT I/O APIC");

struct ACPI_PACKED acpi_madt_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved;
	uint32_t apic_id;
	uint32_t flags;
	uint32_t uid;
};
_Static_assert(sizeof(struct acpi_madt_x2apic) == 16, "MADT local x2APIC");

/* AML of one processor's device, [ACPI 6.5 20.2 "AML Grammar Definition"]. */
struct ACPI_PACKED acpi_processor_device {
	uint8_t device_op[2];
	uint8_t package_length; /* from itself to the end */
	char name[4];
	uint8_t hid_op;
	char hid[4];
	uint8_t hid_string_op;
	char hid_string[9];
	uint8_t uid_op;
	char uid[4];
	uint8_t uid_dword_op;
	uint32_t uid_value;
};
_Static_assert(sizeof(struct acpi_processor_device) == 32, "processor device");

/* AML that opens the scope \_SB. */
struct ACPI_PACKED acpi_scope {
	uint8_t scope_op;
	uint8_t package_length[3]; /* from itself to the scope's end */
	char name[5];
};
_Static_assert(sizeof(struct acpi_scope) == 9, "scope");
