/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* ATA commands from what a disk shall do, and what a disk says of itself. Pure. */
#pragma once

#include "drivers/ahci_registers.h"
#include "drivers/disk_queue.h"
#include "runtime/err.h"

#define AHCI_IDENTIFY_SIZE 512u

/* Reads, writes and flushes; there is nothing else with the limits of ahci_identify. */
void ahci_command_make(const struct disk_command *from, struct ahci_header *header, struct ahci_table *table);

/* IDENTIFY DEVICE into AHCI_IDENTIFY_SIZE bytes at `to`. */
void ahci_command_identify(uint64_t to, struct ahci_header *header, struct ahci_table *table);

/* [ACS-3 7.12.7 "IDENTIFY DEVICE data"] into volume, model and limits of `disk`.
 * ERR_UNSUPPORTED with a sentence. */
ERR_CHECKED enum err ahci_identify(const uint8_t *data, struct disk *disk, struct err_text *text);
