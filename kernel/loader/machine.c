/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Chooses the source: ACPI, else the EFI MP services, whose two calls stand here
 * because GNU-EFI does not declare them.
 * Follows [PI 1.8 Volume 2, 13.4 "MP Services Protocol"].
 */
#include <cpuid.h>

#include "loader/acpi_parse.h"
#include "loader/firmware.h"
#include "loader/report.h"
#include "loader/stages.h"

#define MP_IS_ENABLED 0x2u
#define MP_IS_HEALTHY 0x4u

struct mp_processor {
	UINT64 apic_id;
	UINT32 status; /* MP_IS_* */
	UINT32 location[9];
};
struct mp_services {
	EFI_STATUS(EFIAPI *get_count)(struct mp_services *, UINTN *count, UINTN *enabled_count);
	EFI_STATUS(EFIAPI *get)(struct mp_services *, UINTN index, struct mp_processor *);
};

static const EFI_GUID mp_services_guid = {0x3fdda605, 0xa76e, 0x4f46, {0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08}};

static uint32_t boot_apic_id(void) {
	uint32_t a, b, c, d;

	/* Leaf 0xb has all 32 bits of the id, leaf 1 only the low 8. */
	if (__get_cpuid_count(0xb, 0, &a, &b, &c, &d) && b != 0)
		return d;
	__get_cpuid(1, &a, &b, &c, &d);
	return b >> 24;
}

static void list_processors(struct handoff *handoff) {
	struct mp_services *mp = firmware_protocol(mp_services_guid);
	UINTN count = 0, enabled_count;

	if (mp == NULL || mp->get_count(mp, &count, &enabled_count) != EFI_SUCCESS)
		return;
	for (UINTN i = 0; i < count; i++) {
		struct mp_processor p = {0};

		if (mp->get(mp, i, &p) == EFI_SUCCESS)
			acpi_add_cpu(handoff, (uint32_t)p.apic_id,
			             (p.status & MP_IS_ENABLED) && (p.status & MP_IS_HEALTHY));
	}
}

static const void *read_physical(void *source, uint64_t address, uint64_t size) {
	return memory_map_has(source, address, size) ? (const void *)address : NULL;
}

/* The address of the RSDP that was followed, 0 if ACPI is of no use. */
static uint64_t read_acpi(struct handoff *handoff) {
	struct memory_source source;
	const struct acpi_reader reader = {read_physical, &source};
	uint64_t rsdp = firmware_table((EFI_GUID)ACPI_20_TABLE_GUID);
	const char *fault = "the firmware has none";

	if (rsdp == 0)
		rsdp = firmware_table((EFI_GUID)ACPI_TABLE_GUID);
	firmware_memory_map(&source);
	if (rsdp != 0)
		fault = acpi_parse(&reader, rsdp, handoff);
	if (fault == NULL)
		return rsdp;
	report("the ACPI tables are not used (%s), the EFI MP services name the processors", fault);
	return 0;
}

void machine_describe(struct handoff *handoff) {
	handoff->parent_info.rsdp = read_acpi(handoff);
	if (handoff->parent_info.rsdp == 0) {
		acpi_machine_default(handoff);
		list_processors(handoff);
	}
	acpi_set_boot_cpu(handoff, boot_apic_id());
	if (handoff->cpu_count == HANDOFF_MAX_CPUS)
		report("%u processors are used, more are left out", HANDOFF_MAX_CPUS);
}
