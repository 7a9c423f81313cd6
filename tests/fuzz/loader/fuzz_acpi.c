/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any bytes as physical memory with ACPI tables in it. Checksums would stop the
 * fuzzer at the door, so the reader mends them: it hands out copies of exactly
 * the size asked for, with the table's own checksum byte set right.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "loader/acpi_parse.h"

#define PIECES 256u

struct memory {
	const uint8_t *data;
	size_t size;
	uint8_t *piece[PIECES];
	unsigned count;
};

static void mend(uint8_t *at, size_t size, size_t sum_at) {
	uint8_t sum = 0;

	if (sum_at >= size)
		return;
	at[sum_at] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + at[i]);
	at[sum_at] = (uint8_t)-sum;
}

static const void *read_memory(void *context, uint64_t address, uint64_t size) {
	struct memory *m = context;
	uint8_t *piece;

	if (m->count == PIECES || address > m->size || size > m->size - address)
		return NULL;
	piece = malloc(size);
	if (piece == NULL)
		return NULL;
	memcpy(piece, m->data + address, size);
	if (size >= 8 && memcmp(piece, "RSD PTR ", 8) == 0) {
		mend(piece, 20, 8);
		if (size >= 36)
			mend(piece, size, 32);
	} else {
		mend(piece, size, 9);
	}
	m->piece[m->count++] = piece;
	return piece;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct memory memory = {.data = data, .size = size};
	const struct acpi_reader reader = {read_memory, &memory};
	static struct handoff machine;

	/* Address 0 is refused, so the root pointer lies at 8. */
	if (acpi_parse(&reader, 8, &machine) == NULL &&
	    (machine.cpu_count == 0 || machine.cpu_count > HANDOFF_MAX_CPUS || machine.ioapic_count == 0 ||
	     machine.ioapic_count > HANDOFF_MAX_IOAPICS))
		abort();
	while (memory.count > 0)
		free(memory.piece[--memory.count]);
	return 0;
}
