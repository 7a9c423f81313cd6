/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the kernel must know of the machine, out of the ACPI tables. Pure. */
#pragma once

#include <stdbool.h>

#include "loader/handoff.h"

/* How the parser reads: returns `size` readable bytes at physical `address`,
 * which stay as they are while acpi_parse runs, or NULL if that is no memory or
 * wraps around. */
struct acpi_reader {
	const void *(*read)(void *context, uint64_t address, uint64_t size);
	void *context;
};

/* The machine that the architecture implies: no processor listed, local APIC at
 * 0xfee00000, one I/O APIC at 0xfec00000, a PIT, no HPET, ISA interrupts where
 * they were. Sets these fields of the hand-over and no others. */
void acpi_machine_default(struct handoff *handoff);

/* Reads the tables from the RSDP on into the same fields. HPET and FADT are
 * optional: without them, or if they are corrupt, there is no HPET and a PIT.
 * Returns NULL, or what is wrong; then the fields are unspecified. */
const char *acpi_parse(const struct acpi_reader *reader, uint64_t rsdp, struct handoff *handoff)
    __attribute__((warn_unused_result));

/* Lists a processor if it is not listed yet; those behind the first
 * HANDOFF_MAX_CPUS are left out. The MADT may name one twice, as local APIC and
 * as local x2APIC. */
void acpi_add_cpu(struct handoff *handoff, uint32_t apic_id, bool is_enabled);

/* Moves the boot processor to the front; adds it, enabled, if it is missing. */
void acpi_set_boot_cpu(struct handoff *handoff, uint32_t apic_id);
