/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The CMOS clock of a child that has one. It names no interrupt: there is no
 * alarm, and Linux would otherwise claim IRQ 8, which nothing drives.
 */
DefinitionBlock ("", "SSDT", 2, "BULKHD", "RTC", 1)
{
	Scope (\_SB)
	{
		Device (RTC0)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0070, 0x0070, 0x01, 0x02)
			})
		}
	}
}
