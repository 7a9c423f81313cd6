/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * How processors are told to a child: MADT entries and ACPI0007 devices.
 * Follows [ACPI 6.5 5.2.12 "Multiple APIC Description Table (MADT)"] and
 * [ACPI 6.5 20.2 "AML Grammar Definition"].
 */
#include "acpi_processors.h"

#include <string.h>
#include "devices/ioapic.h"

#define LAPIC_GPA        0xfee00000u
#define IOAPIC_ID        0u
#define XAPIC_ID_LAST    254u /* 255 is the broadcast id */

#define MADT_REVISION    5u
#define SSDT_REVISION    2u

#define AML_SCOPE        0x10u
#define AML_EXT          0x5bu
#define AML_EXT_DEVICE   0x82u
#define AML_NAME         0x08u
#define AML_STRING       0x0du
#define AML_DWORD        0x0cu
#define AML_LENGTH_BYTES 0x80u /* package length of 3 bytes: 2 follow the first */

static void put_madt_processor(struct acpi_writer *w, uint32_t index) {
	struct acpi_madt_lapic lapic = {
	    .type = ACPI_MADT_LAPIC,
	    .length = sizeof(lapic),
	    .uid = (uint8_t)index,
	    .apic_id = (uint8_t)index,
	    .flags = ACPI_MADT_IS_ENABLED,
	};
	struct acpi_madt_x2apic x2apic = {
	    .type = ACPI_MADT_X2APIC,
	    .length = sizeof(x2apic),
	    .apic_id = index,
	    .flags = ACPI_MADT_IS_ENABLED,
	    .uid = index,
	};

	/* Ids that fit are named by the old entry, which every guest reads
	 * [ACPI 6.5 5.2.12.12 "Processor Local x2APIC Structure"]. */
	if (index <= XAPIC_ID_LAST)
		acpi_put(w, &lapic, sizeof(lapic));
	else
		acpi_put(w, &x2apic, sizeof(x2apic));
}

void acpi_put_madt(struct acpi_writer *w, uint32_t vp_count) {
	size_t start = w->used;
	struct acpi_madt madt = {
	    .header = acpi_header("APIC", MADT_REVISION),
	    .lapic_gpa = LAPIC_GPA,
	};
	struct acpi_madt_ioapic ioapic = {
	    .type = ACPI_MADT_IOAPIC,
	    .length = sizeof(ioapic),
	    .id = IOAPIC_ID,
	    .gpa = IOAPIC_GPA,
	};

	acpi_put(w, &madt, sizeof(madt));
	for (uint32_t i = 0; i < vp_count; i++)
		put_madt_processor(w, i);
	acpi_put(w, &ioapic, sizeof(ioapic));
	acpi_finish_table(w, start);
}

static void put_processor_device(struct acpi_writer *w, uint32_t index) {
	static const char digits[] = "0123456789ABCDEF";
	struct acpi_processor_device device = {
	    .device_op = {AML_EXT, AML_EXT_DEVICE},
	    .package_length = sizeof(device) - offsetof(struct acpi_processor_device, package_length),
	    .name = {'C', digits[index >> 8 & 0xf], digits[index >> 4 & 0xf], digits[index & 0xf]},
	    .hid_op = AML_NAME,
	    .hid = {'_', 'H', 'I', 'D'},
	    .hid_string_op = AML_STRING,
	    .hid_string = "ACPI0007",
	    .uid_op = AML_NAME,
	    .uid = {'_', 'U', 'I', 'D'},
	    .uid_dword_op = AML_DWORD,
	    .uid_value = index,
	};

	acpi_put(w, &device, sizeof(device));
}

void acpi_put_processors(struct acpi_writer *w, uint32_t vp_count) {
	size_t start = w->used;
	struct acpi_header h = acpi_header("SSDT", SSDT_REVISION);
	size_t length = sizeof(struct acpi_scope) - offsetof(struct acpi_scope, package_length) +
	                vp_count * sizeof(struct acpi_processor_device);
	struct acpi_scope scope = {
	    .scope_op = AML_SCOPE,
	    .package_length = {(uint8_t)(AML_LENGTH_BYTES | (length & 0xf)), (uint8_t)(length >> 4),
	                       (uint8_t)(length >> 12)},
	    .name = {'\\', '_', 'S', 'B', '_'},
	};

	memcpy(h.oem_table_id, "CPUS    ", sizeof(h.oem_table_id));
	acpi_put(w, &h, sizeof(h));
	acpi_put(w, &scope, sizeof(scope));
	for (uint32_t i = 0; i < vp_count; i++)
		put_processor_device(w, i);
	acpi_finish_table(w, start);
}
