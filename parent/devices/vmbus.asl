/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The VMBus device of a child that has one, and the MMIO windows that it may give
 * to its own devices. Names and ids are Hyper-V's, since guests look for them.
 * acpi_tables.c replaces the high window where RAM reaches into it.
 */
DefinitionBlock ("", "SSDT", 2, "BULKHD", "VMBUS", 1)
{
	Scope (\_SB)
	{
		Device (VMOD)
		{
			Name (_HID, "ACPI0004")
			Name (_UID, Zero)
			/* Windows of ACPI_MMIO_LOW_* and ACPI_MMIO_HIGH_* of acpi_tables.h. */
			Name (_CRS, ResourceTemplate ()
			{
				QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					Cacheable, ReadWrite, 0x0,
					0x00000000F8000000, 0x00000000FEBFFFFF, 0x0, 0x0000000006C00000)
				QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					Cacheable, ReadWrite, 0x0,
					0x0000004000000000, 0x00000040FFFFFFFF, 0x0, 0x0000000100000000)
			})

			Device (VMBS)
			{
				Name (STAT, 0x0F)
				Name (_HID, "VMBus")
				Name (_DDN, "VMBUS")
				Name (_UID, Zero)
				Method (_DIS, 0) { STAT &= 0x0D }
				Method (_PS0, 0) { STAT |= 0x0F }
				Method (_STA, 0) { Return (STAT) }
				Method (_PS3, 0) { }
				Name (_CRS, ResourceTemplate () { })
			}
		}
	}
}
