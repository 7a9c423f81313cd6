/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The three byte registers that a hardware-reduced FADT names: sleep control,
 * sleep status and reset. They hold no state: each write is judged at once.
 * Follows [ACPI 6.5 4.8.3.7 "Sleep Control and Status Registers"] and
 * [ACPI 6.5 4.8.3.6 "Reset Register"].
 */
#pragma once

#include <stdint.h>

#define ACPI_PM_PORT          0x600u
#define ACPI_PM_PORT_COUNT    3u

/* Distances from ACPI_PM_PORT. */
#define ACPI_PM_SLEEP_CONTROL 0u
#define ACPI_PM_SLEEP_STATUS  1u
#define ACPI_PM_RESET         2u

#define ACPI_PM_RESET_VALUE   0x01u /* what the FADT tells the guest to write */
#define ACPI_PM_S5_TYPE       0u    /* SLP_TYP of \_S5 in dsdt.asl */

enum acpi_pm_event {
	ACPI_PM_NONE,
	ACPI_PM_POWER_OFF,
	ACPI_PM_RESET_SYSTEM,
};

/* offset: port - ACPI_PM_PORT. Sleep registers and reset read 0, others 0xff. */
uint8_t acpi_pm_read(unsigned offset);

/* What the write asks the VM manager to do. */
enum acpi_pm_event acpi_pm_write(unsigned offset, uint8_t value);
