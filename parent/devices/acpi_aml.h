/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The AML that iasl made of dsdt.asl, rtc.asl and vmbus.asl: whole tables, headers
 * included. embed_aml.cmake writes the definitions at build time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern const uint8_t acpi_aml_dsdt[];
extern const size_t acpi_aml_dsdt_size;
extern const uint8_t acpi_aml_rtc[];
extern const size_t acpi_aml_rtc_size;
extern const uint8_t acpi_aml_vmbus[];
extern const size_t acpi_aml_vmbus_size;

/* Offset in the VMBus table of the high MMIO window's two 64-bit bounds. Every one
 * that was built has them: the build fails otherwise. */
extern const size_t acpi_aml_vmbus_high_window;
