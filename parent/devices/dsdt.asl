/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What every child has: the 16550 UART and a way to power off. acpi_tables.c adds
 * processors, the clock and VMBus by SSDTs.
 */
DefinitionBlock ("", "DSDT", 2, "BULKHD", "CHILD", 1)
{
	/* SLP_TYP of S5 is ACPI_PM_S5_TYPE of acpi_pm.h. */
	Name (\_S5, Package () { Zero, Zero })

	Scope (\_SB)
	{
		Device (UAR1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, One)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x03F8, 0x03F8, 0x01, 0x08)
				IRQ (Edge, ActiveHigh, Exclusive) { 4 }
			})
		}
	}
}
