/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The one ACPI table that the parent reads: where PCI configuration space lies in
 * memory [PCI Firmware 4.1.2 "MCFG Table Description"]. Every address, length and
 * checksum is judged before a byte behind it is used. Pure.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/boot_info.h>
#include "runtime/err.h"

struct mcfg {
	uint64_t base; /* of first_bus; 1 MiB per bus */
	uint8_t first_bus;
	uint8_t last_bus; /* at least first_bus */
};

/* The region of segment 0. Tables are read only where info->memory says that there
 * is memory of the firmware's. Errors: ERR_NOT_FOUND no such table or segment,
 * ERR_FORMAT corrupt, ERR_RANGE a region that cannot be, each with a sentence. */
ERR_CHECKED enum err mcfg_find(const struct hv_boot_info *info, struct mcfg *mcfg, struct err_text *text);
