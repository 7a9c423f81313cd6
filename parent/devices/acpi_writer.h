/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cursor that lays ACPI tables out one behind the other. Without a buffer it
 * only counts, so that the same code measures and writes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "devices/acpi_layout.h"

#define ACPI_TABLE_ALIGNMENT 16u

struct acpi_writer {
	uint8_t *buffer; /* NULL: measure only; else large enough for everything */
	size_t used;
};

void acpi_put(struct acpi_writer *w, const void *bytes, size_t size);

/* Zeros up to the next multiple of ACPI_TABLE_ALIGNMENT. */
void acpi_align(struct acpi_writer *w);

/* What all bytes and the result sum up to is 0. */
uint8_t acpi_checksum(const void *bytes, size_t size);

/* A header of ours; acpi_finish_table fills length and checksum in. */
struct acpi_header acpi_header(const char signature[4], uint8_t revision);

/* The table that began at offset `start` ends here: sets its length and
 * checksum, and aligns. */
void acpi_finish_table(struct acpi_writer *w, size_t start);
