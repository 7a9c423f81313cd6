/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Any tables of the firmware's: the input is the memory where they lie, behind an RSDP
 * that is well formed, and every checksum is made right, so that deeper bytes are read. */
#include <stdlib.h>
#include <string.h>
#include "hal/mcfg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 40u

static void fix_sum(uint8_t *table, size_t size, size_t at) {
	uint8_t sum = 0;

	table[at] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + table[i]);
	table[at] = (uint8_t)-sum;
}

static void put64(uint8_t *at, uint64_t value) { memcpy(at, &value, 8); }

/* The root table is at 0, the first entry names the second table. */
static void connect(uint8_t *tables, size_t size) {
	uint32_t first, second = 64;

	if (size < 128)
		return;
	memcpy(tables, "XSDT", 4);
	memcpy(&first, tables + 4, 4);
	put64(tables + 36, (uint64_t)(uintptr_t)(tables + second));
	memcpy(tables + second, "MCFG", 4);
	memcpy(&second, tables + 64 + 4, 4);
	if (second >= 36 && second <= size - 64)
		fix_sum(tables + 64, second, 9);
	if (first >= 36 && first <= size)
		fix_sum(tables, first, 9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct hv_boot_info info;
	uint8_t *memory = malloc(HEAD + size);
	struct err_text text;
	struct mcfg mcfg;

	memset(memory, 0, HEAD);
	memcpy(memory, "RSD PTR ", 8);
	memory[15] = 2;
	put64(memory + 24, (uint64_t)(uintptr_t)(memory + HEAD));
	memcpy(memory + HEAD, data, size);
	connect(memory + HEAD, size);
	fix_sum(memory, 20, 8);
	fix_sum(memory, 36, 32);
	info.rsdp = (uint64_t)(uintptr_t)memory;
	info.memory_count = 1;
	info.memory[0] =
	    (struct hv_boot_memory){.base = info.rsdp, .size = HEAD + size, .type = HV_BOOT_MEMORY_FIRMWARE};
	if (mcfg_find(&info, &mcfg, &text) == ERR_NONE && (mcfg.last_bus < mcfg.first_bus || mcfg.base == 0))
		abort();
	free(memory);
	return 0;
}
