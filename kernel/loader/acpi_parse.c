/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Reads RSDP, XSDT or RSDT, MADT, HPET and FADT; every length and checksum is
 * checked before a byte behind it is used. AML is not for us.
 * Follows [ACPI 6.5 5.2 "ACPI System Description Tables"] and [IA-PC HPET 3.2.4
 * "The ACPI 2.0 HPET Description Table"].
 */
#include "loader/acpi_parse.h"

#include <stddef.h>

#include "lib/string.h"

#define TABLE_HEADER_SIZE     36u
#define TABLE_MAX_SIZE        (1u << 20)
#define RSDP_SIZE             20u
#define RSDP_2_SIZE           36u
#define FADT_HARDWARE_REDUCED (1u << 20)
#define ARCHITECTURAL_LAPIC   0xfee00000ull
#define ARCHITECTURAL_IOAPIC  0xfec00000u

/* A table whose length and checksum are right; at is NULL if there is none. */
struct table {
	const uint8_t *at;
	uint32_t size;
};

static uint32_t get32(const uint8_t *at) {
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint64_t get64(const uint8_t *at) { return get32(at) | (uint64_t)get32(at + 4) << 32; }

static bool is_sum_zero(const uint8_t *at, uint64_t size) {
	uint8_t sum = 0;

	while (size > 0)
		sum = (uint8_t)(sum + at[--size]);
	return sum == 0;
}

static const uint8_t *read(const struct acpi_reader *reader, uint64_t address, uint64_t size) {
	return address != 0 ? reader->read(reader->context, address, size) : NULL;
}

/* The table at `address` if it has this signature and is sound. */
static struct table read_table(const struct acpi_reader *reader, uint64_t address, const char *signature) {
	struct table table = {read(reader, address, TABLE_HEADER_SIZE), 0};

	if (table.at == NULL || memcmp(table.at, signature, 4) != 0)
		return (struct table){NULL, 0};
	table.size = get32(table.at + 4);
	if (table.size < TABLE_HEADER_SIZE || table.size > TABLE_MAX_SIZE)
		return (struct table){NULL, 0};
	table.at = read(reader, address, table.size);
	if (table.at == NULL || !is_sum_zero(table.at, table.size))
		return (struct table){NULL, 0};
	return table;
}

/* [ACPI 5.2.12 "Multiple APIC Description Table (MADT)"] */
enum {
	MADT_LOCAL_APIC = 0,
	MADT_IO_APIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LOCAL_APIC_ADDRESS = 5,
	MADT_LOCAL_X2APIC = 9,
};
#define MADT_ENTRIES      44u
#define MADT_CPU_ENABLED  1u
#define MADT_CPU_CAPABLE  2u
#define MADT_APIC_ID_NONE 0xffu

/* A processor that is neither there nor may appear later is only a placeholder. */
static void add_cpu(struct handoff *handoff, uint32_t apic_id, uint32_t flags) {
	if (flags & (MADT_CPU_ENABLED | MADT_CPU_CAPABLE))
		acpi_add_cpu(handoff, apic_id, flags & MADT_CPU_ENABLED);
}

/* Flags: bits 1:0 polarity, 3:2 trigger mode; 3 is active low, level. Only bus 0,
 * ISA, exists. */
static void set_override(struct handoff *handoff, const uint8_t *entry) {
	if (entry[2] == 0 && entry[3] < HANDOFF_MAX_ISA_IRQS)
		handoff->isa_irq[entry[3]] =
		    (struct handoff_isa_irq){get32(entry + 4), (entry[8] >> 2 & 3) == 3, (entry[8] & 3) == 3, 0};
}

static const char *parse_entry(const uint8_t *entry, struct handoff *handoff) {
	switch (entry[0]) {
	case MADT_LOCAL_APIC:
		if (entry[3] != MADT_APIC_ID_NONE)
			add_cpu(handoff, entry[3], get32(entry + 4));
		break;
	case MADT_LOCAL_X2APIC:
		if (get32(entry + 4) != ~0u)
			add_cpu(handoff, get32(entry + 4), get32(entry + 8));
		break;
	case MADT_IO_APIC:
		if (handoff->ioapic_count == HANDOFF_MAX_IOAPICS)
			return "the APIC table (MADT) names more than 16 I/O APICs";
		handoff->ioapic[handoff->ioapic_count++] =
		    (struct handoff_ioapic){get32(entry + 4), entry[2], get32(entry + 8)};
		break;
	case MADT_OVERRIDE:
		set_override(handoff, entry);
		break;
	case MADT_LOCAL_APIC_ADDRESS:
		handoff->local_apic_base = get64(entry + 4);
		break;
	}
	return NULL;
}

static const char *parse_madt(struct table madt, struct handoff *handoff) {
	/* By entry type; the types that are not read may have any length. */
	static const uint8_t smallest[] = {8, 12, 10, 0, 0, 12, 0, 0, 0, 16};

	handoff->ioapic_count = 0;
	if (madt.size < MADT_ENTRIES)
		return "there is no sound APIC table (MADT)";
	handoff->local_apic_base = get32(madt.at + TABLE_HEADER_SIZE);
	for (uint32_t at = MADT_ENTRIES; at < madt.size; at += madt.at[at + 1]) {
		const uint8_t *entry = madt.at + at;
		const char *fault;

		if (madt.size - at < 2 || entry[1] < 2 || entry[1] > madt.size - at ||
		    (entry[0] < sizeof(smallest) && entry[1] < smallest[entry[0]]))
			return "the APIC table (MADT) is corrupt";
		fault = parse_entry(entry, handoff);
		if (fault != NULL)
			return fault;
	}
	if (handoff->cpu_count == 0)
		return "the APIC table (MADT) names no enabled processor";
	return handoff->ioapic_count > 0 ? NULL : "the APIC table (MADT) names no I/O APIC";
}

void acpi_machine_default(struct handoff *handoff) {
	handoff->local_apic_base = ARCHITECTURAL_LAPIC;
	handoff->hpet_base = 0;
	handoff->has_pit = 1;
	handoff->cpu_count = 0;
	handoff->ioapic_count = 1;
	handoff->ioapic[0] = (struct handoff_ioapic){ARCHITECTURAL_IOAPIC, 0, 0};
	for (uint32_t i = 0; i < HANDOFF_MAX_ISA_IRQS; i++)
		handoff->isa_irq[i] = (struct handoff_isa_irq){.gsi = i};
}

/* XSDT or RSDT. [ACPI 5.2.5.3 "Root System Description Pointer (RSDP) Structure"] */
static struct table read_root(const struct acpi_reader *reader, uint64_t rsdp) {
	const uint8_t *at = read(reader, rsdp, RSDP_SIZE);
	struct table root = {NULL, 0};

	if (at == NULL || memcmp(at, "RSD PTR ", 8) != 0 || !is_sum_zero(at, RSDP_SIZE))
		return root;
	if (at[15] >= 2) {
		at = read(reader, rsdp, RSDP_2_SIZE);
		if (at == NULL || !is_sum_zero(at, RSDP_2_SIZE))
			return root;
		root = read_table(reader, get64(at + 24), "XSDT");
	}
	return root.at != NULL ? root : read_table(reader, get32(at + 16), "RSDT");
}

const char *acpi_parse(const struct acpi_reader *reader, uint64_t rsdp, struct handoff *handoff) {
	enum { MADT, HPET, FADT, TABLES };
	static const char *const signature[TABLES] = {"APIC", "HPET", "FACP"};
	struct table found[TABLES] = {0}, root = read_root(reader, rsdp);
	uint32_t step;

	acpi_machine_default(handoff);
	if (root.at == NULL)
		return "the root pointer or the root table is corrupt";
	step = root.at[0] == 'X' ? 8 : 4;
	for (uint32_t at = TABLE_HEADER_SIZE; root.size - at >= step; at += step) {
		uint64_t address = step == 8 ? get64(root.at + at) : get32(root.at + at);

		for (int i = 0; i < TABLES; i++)
			if (found[i].at == NULL)
				found[i] = read_table(reader, address, signature[i]);
	}
	/* Of address spaces 0 is memory. */
	if (found[HPET].size >= 56 && found[HPET].at[40] == 0)
		handoff->hpet_base = get64(found[HPET].at + 44);
	/* [ACPI 5.2.9 "Fixed ACPI Description Table (FADT)"]: flags at 112; only
	 * hardware-reduced machines may lack the PIT. */
	if (found[FADT].size >= 116 && (get32(found[FADT].at + 112) & FADT_HARDWARE_REDUCED))
		handoff->has_pit = 0;
	return parse_madt(found[MADT], handoff);
}

void acpi_add_cpu(struct handoff *handoff, uint32_t apic_id, bool is_enabled) {
	for (uint32_t i = 0; i < handoff->cpu_count; i++)
		if (handoff->cpu[i].apic_id == apic_id)
			return;
	if (handoff->cpu_count < HANDOFF_MAX_CPUS)
		handoff->cpu[handoff->cpu_count++] = (struct handoff_cpu){apic_id, is_enabled};
}

void acpi_set_boot_cpu(struct handoff *handoff, uint32_t apic_id) {
	uint32_t i = 0;

	while (i < handoff->cpu_count && handoff->cpu[i].apic_id != apic_id)
		i++;
	/* It runs this code: in a full list it takes the place of one that does not. */
	if (i == HANDOFF_MAX_CPUS)
		i--;
	else if (i == handoff->cpu_count)
		handoff->cpu_count++;
	for (; i > 0; i--)
		handoff->cpu[i] = handoff->cpu[i - 1];
	handoff->cpu[0] = (struct handoff_cpu){apic_id, 1};
}
