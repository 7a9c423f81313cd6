/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The tables that grow with the number of VPs.
 * Pure; vp_count is 1..ACPI_VP_MAX, APIC id = UID = VP index.
 */
#pragma once

#include <stdint.h>
#include "devices/acpi_writer.h"

/* The MADT: one entry per VP, then the I/O APIC with interrupts 0..23. */
void acpi_put_madt(struct acpi_writer *w, uint32_t vp_count);

/* An SSDT with one ACPI0007 device per VP, C000, C001 .., in the scope \_SB. */
void acpi_put_processors(struct acpi_writer *w, uint32_t vp_count);
