/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* [AHCI 1.3.1 3 "HBA Memory Registers", 4.2 "Port Memory Structures"] */
#pragma once

#include <stdint.h>

#define AHCI_BAR        5u

#define AHCI_CAP        0x00u
#define AHCI_GHC        0x04u
#define AHCI_IS         0x08u
#define AHCI_PORTS      0x0cu
#define AHCI_CAP2       0x24u
#define AHCI_BOHC       0x28u
#define AHCI_PORT(n)    (0x100u + 0x80u * (n))
#define AHCI_PORTS_MAX  32u
#define AHCI_GONE       0xffffffffu

#define AHCI_CAP_SLOTS  8 /* bits 12:8, less one */
#define AHCI_CAP_NCQ    (1u << 30)
#define AHCI_CAP_64     (1u << 31)
#define AHCI_GHC_RESET  (1u << 0)
#define AHCI_GHC_IE     (1u << 1)
#define AHCI_GHC_ENABLE (1u << 31)
#define AHCI_CAP2_BOHC  (1u << 0)
#define AHCI_BOHC_BIOS  (1u << 0) /* owns it */
#define AHCI_BOHC_OS    (1u << 1)
#define AHCI_BOHC_NEWS  (1u << 3) /* cleared by writing it */
#define AHCI_BOHC_BUSY  (1u << 4)

/* From AHCI_PORT(n) on. */
#define AHCI_PX_CLB     0x00u
#define AHCI_PX_FB      0x08u
#define AHCI_PX_IS      0x10u
#define AHCI_PX_IE      0x14u
#define AHCI_PX_CMD     0x18u
#define AHCI_PX_TFD     0x20u
#define AHCI_PX_SIG     0x24u
#define AHCI_PX_SSTS    0x28u
#define AHCI_PX_SCTL    0x2cu
#define AHCI_PX_SERR    0x30u
#define AHCI_PX_SACT    0x34u
#define AHCI_PX_CI      0x38u

#define AHCI_CMD_ST     (1u << 0)
#define AHCI_CMD_SUD    (1u << 1)
#define AHCI_CMD_POD    (1u << 2)
#define AHCI_CMD_FRE    (1u << 4)
#define AHCI_CMD_FR     (1u << 14)
#define AHCI_CMD_CR     (1u << 15)

#define AHCI_IS_DONE    0x0000000fu /* D2H register, PIO setup, DMA setup, set device bits */
#define AHCI_IS_ERRORS  0x7d000000u /* task file, host bus, interface, overflow */

#define AHCI_TFD_BUSY   0x88u /* BSY or DRQ */
#define AHCI_TFD_ERROR  0x21u /* ERR or DF */
#define AHCI_SSTS_DET   0xfu
#define AHCI_DET_READY  0x3u
#define AHCI_SCTL_RESET 0x1u
#define AHCI_SIG_DISK   0x00000101u

struct ahci_header {
	uint32_t flags; /* FIS length in doublewords, bit 6: write, entries in the upper half */
	uint32_t done;  /* bytes */
	uint64_t table;
	uint32_t reserved[4];
};
_Static_assert(sizeof(struct ahci_header) == 32, "size of the specification");
#define AHCI_HEADER_WRITE (1u << 6)

struct ahci_region {
	uint64_t address;
	uint32_t reserved;
	uint32_t size; /* less one */
};
_Static_assert(sizeof(struct ahci_region) == 16, "size of the specification");

#define AHCI_REGIONS 65u
struct ahci_table {
	_Alignas(128) uint8_t fis[64];
	uint8_t atapi[64];
	struct ahci_region region[AHCI_REGIONS];
};

enum ata_command {
	ATA_READ_DMA_EXT = 0x25,
	ATA_READ_LOG_EXT = 0x2f,
	ATA_WRITE_DMA_EXT = 0x35,
	ATA_READ_QUEUED = 0x60, /* READ FPDMA QUEUED */
	ATA_WRITE_QUEUED = 0x61,
	ATA_FLUSH_EXT = 0xea,
	ATA_IDENTIFY = 0xec,
};
