/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The cursor over the tables, their common header and their checksums.
 * Follows [ACPI 6.5 5.2.6 "System Description Table Header"].
 */
#include "acpi_writer.h"

#include <string.h>

void acpi_put(struct acpi_writer *w, const void *bytes, size_t size) {
	if (w->buffer)
		memcpy(w->buffer + w->used, bytes, size);
	w->used += size;
}

void acpi_align(struct acpi_writer *w) {
	static const uint8_t zeros[ACPI_TABLE_ALIGNMENT];

	acpi_put(w, zeros, -w->used % ACPI_TABLE_ALIGNMENT);
}

uint8_t acpi_checksum(const void *bytes, size_t size) {
	const uint8_t *byte = bytes;
	unsigned sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += byte[i];
	return (uint8_t)-sum;
}

struct acpi_header acpi_header(const char signature[4], uint8_t revision) {
	struct acpi_header h = {
	    .revision = revision,
	    .oem_id = {'B', 'U', 'L', 'K', 'H', 'D'},
	    .oem_table_id = {'C', 'H', 'I', 'L', 'D', ' ', ' ', ' '},
	    .oem_revision = 1,
	    .creator_id = {'B', 'L', 'K', 'H'},
	    .creator_revision = 1,
	};

	memcpy(h.signature, signature, sizeof(h.signature));
	return h;
}

void acpi_finish_table(struct acpi_writer *w, size_t start) {
	struct acpi_header h;

	if (w->buffer) {
		memcpy(&h, w->buffer + start, sizeof(h));
		h.length = (uint32_t)(w->used - start);
		h.checksum = 0;
		memcpy(w->buffer + start, &h, sizeof(h));
		h.checksum = acpi_checksum(w->buffer + start, h.length);
		memcpy(w->buffer + start, &h, sizeof(h));
	}
	acpi_align(w);
}
