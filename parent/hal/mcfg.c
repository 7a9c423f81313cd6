/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Reads RSDP, XSDT or RSDT, MCFG [ACPI 6.5 5.2 "ACPI System Description Tables"]. */
#include "hal/mcfg.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "runtime/memory.h"

#define HEADER_SIZE   36u
#define TABLE_MAX     (1u << 20)
#define RSDP_SIZE     20u
#define RSDP_2_SIZE   36u
#define MCFG_ENTRIES  44u
#define MCFG_ENTRY    16u
#define BUS_SIZE      (1ull << 20)
#define ADDRESS_LIMIT (1ull << 47)

/* at NULL: none. */
struct table {
	const uint8_t *at;
	uint32_t size;
};

static uint32_t get32(const uint8_t *at) {
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t get64(const uint8_t *at) { return get32(at) | (uint64_t)get32(at + 4) << 32; }

static bool is_sum_zero(const uint8_t *at, uint32_t size) {
	uint8_t sum = 0;

	while (size > 0)
		sum = (uint8_t)(sum + at[--size]);
	return sum == 0;
}

/* NULL unless all of it is firmware's memory: reading elsewhere may be the parent's end. */
static const uint8_t *bytes(const struct hv_boot_info *info, uint64_t address, uint64_t size) {
	for (uint32_t i = 0; i < info->memory_count && i < HV_BOOT_MAX_MEMORY; i++) {
		const struct hv_boot_memory *m = &info->memory[i];

		if (m->type == HV_BOOT_MEMORY_FIRMWARE && address >= m->base && size <= m->size &&
		    address - m->base <= m->size - size)
			return memory_pointer(address);
	}
	return NULL;
}

static struct table read_table(const struct hv_boot_info *info, uint64_t address, const char *signature) {
	static const struct table none;
	struct table table = {bytes(info, address, HEADER_SIZE), 0};

	if (table.at == NULL || memcmp(table.at, signature, 4) != 0)
		return none;
	table.size = get32(table.at + 4);
	if (table.size < HEADER_SIZE || table.size > TABLE_MAX)
		return none;
	table.at = bytes(info, address, table.size);
	return table.at != NULL && is_sum_zero(table.at, table.size) ? table : none;
}

/* [ACPI 6.5 5.2.5.3 "Root System Description Pointer (RSDP) Structure"] */
static struct table read_root(const struct hv_boot_info *info) {
	const uint8_t *at = bytes(info, info->rsdp, RSDP_SIZE);
	struct table root = {NULL, 0};

	if (at == NULL || memcmp(at, "RSD PTR ", 8) != 0 || !is_sum_zero(at, RSDP_SIZE))
		return root;
	if (at[15] >= 2 && bytes(info, info->rsdp, RSDP_2_SIZE) != NULL && is_sum_zero(at, RSDP_2_SIZE))
		root = read_table(info, get64(at + 24), "XSDT");
	return root.at != NULL ? root : read_table(info, get32(at + 16), "RSDT");
}

static struct table find(const struct hv_boot_info *info, struct table root, const char *signature) {
	uint32_t step = root.at[0] == 'X' ? 8 : 4;
	struct table table = {NULL, 0};

	for (uint32_t at = HEADER_SIZE; root.size - at >= step && table.at == NULL; at += step)
		table = read_table(info, step == 8 ? get64(root.at + at) : get32(root.at + at), signature);
	return table;
}

static bool overlaps_memory(const struct hv_boot_info *info, uint64_t base, uint64_t size) {
	for (uint32_t i = 0; i < info->memory_count && i < HV_BOOT_MAX_MEMORY; i++) {
		const struct hv_boot_memory *m = &info->memory[i];

		if (m->type != HV_BOOT_MEMORY_FIRMWARE && base < m->base + m->size && m->base < base + size)
			return true;
	}
	return false;
}

/* An entry's base is that of bus 0, whatever its first bus is. */
static enum err judge(const struct hv_boot_info *info, const uint8_t *entry, struct mcfg *mcfg, struct err_text *text) {
	uint64_t bus_0 = get64(entry), size;

	mcfg->first_bus = entry[10];
	mcfg->last_bus = entry[11];
	if (mcfg->last_bus < mcfg->first_bus)
		return err_set(text, ERR_RANGE, "MCFG: buses %u to %u", mcfg->first_bus, mcfg->last_bus);
	size = (mcfg->last_bus - mcfg->first_bus + 1ull) * BUS_SIZE;
	if (bus_0 == 0 || bus_0 % BUS_SIZE != 0 || bus_0 > ADDRESS_LIMIT - 256 * BUS_SIZE)
		return err_set(text, ERR_RANGE, "MCFG: no region can be at 0x%llx", (unsigned long long)bus_0);
	mcfg->base = bus_0 + mcfg->first_bus * BUS_SIZE;
	if (overlaps_memory(info, mcfg->base, size))
		return err_set(text, ERR_RANGE, "MCFG: its region at 0x%llx is memory", (unsigned long long)mcfg->base);
	return ERR_NONE;
}

enum err mcfg_find(const struct hv_boot_info *info, struct mcfg *mcfg, struct err_text *text) {
	struct table root, table;

	if (info->rsdp == 0)
		return err_set(text, ERR_NOT_FOUND, "the firmware has no ACPI tables");
	root = read_root(info);
	if (root.at == NULL)
		return err_set(text, ERR_FORMAT, "the ACPI root pointer or root table is corrupt");
	table = find(info, root, "MCFG");
	if (table.at == NULL)
		return err_set(text, ERR_NOT_FOUND, "there is no sound MCFG table");
	for (uint32_t at = MCFG_ENTRIES; at <= table.size && table.size - at >= MCFG_ENTRY; at += MCFG_ENTRY)
		if (table.at[at + 8] == 0 && table.at[at + 9] == 0)
			return judge(info, table.at + at, mcfg, text);
	return err_set(text, ERR_NOT_FOUND, "MCFG has no segment 0");
}
