/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a write to a sleep or reset register asks for. Only S5 is offered, so
 * SLP_EN with another sleep type does nothing, and WAK_STS is never set.
 */
#include "acpi_pm.h"

enum {
	SLEEP_TYPE_SHIFT = 2,
	SLEEP_TYPE_MASK = 0x7,
	SLEEP_ENABLE = 0x20,
};

uint8_t acpi_pm_read(unsigned offset) { return offset < ACPI_PM_PORT_COUNT ? 0 : 0xff; }

enum acpi_pm_event acpi_pm_write(unsigned offset, uint8_t value) {
	unsigned type = value >> SLEEP_TYPE_SHIFT & SLEEP_TYPE_MASK;

	if (offset == ACPI_PM_SLEEP_CONTROL && (value & SLEEP_ENABLE) && type == ACPI_PM_S5_TYPE)
		return ACPI_PM_POWER_OFF;
	if (offset == ACPI_PM_RESET && value == ACPI_PM_RESET_VALUE)
		return ACPI_PM_RESET_SYSTEM;
	return ACPI_PM_NONE;
}
