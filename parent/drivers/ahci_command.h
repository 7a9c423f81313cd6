/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* ATA commands from what a disk shall do, and what a disk says of itself. Pure. */
#pragma once

#include "drivers/ahci_registers.h"
#include "drivers/disk_queue.h"
#include "runtime/err.h"

#define AHCI_IDENTIFY_SIZE 512u
#define AHCI_LOG_SIZE      512u
#define AHCI_NO_SLOT       32u

/* Reads, writes and flushes; there is nothing else with the limits of ahci_identify. A
 * read or write may be queued: its tag is the command's slot. */
void ahci_command_make(const struct disk_command *from, bool is_queued, struct ahci_header *header,
                       struct ahci_table *table);

/* IDENTIFY DEVICE into AHCI_IDENTIFY_SIZE bytes at `to`. */
void ahci_command_identify(uint64_t to, struct ahci_header *header, struct ahci_table *table);

/* READ LOG EXT of the log of queued errors into AHCI_LOG_SIZE bytes at `to`. */
void ahci_command_read_log(uint64_t to, struct ahci_header *header, struct ahci_table *table);

/* Slot of the queued command that the log says has failed, or AHCI_NO_SLOT: the log is
 * damaged or speaks of another command [ACS-3 A.14 "NCQ Command Error log (Log Address
 * 10h)"]. */
unsigned ahci_log_slot(const uint8_t *log);

/* [ACS-3 7.12.7 "IDENTIFY DEVICE data"] into volume, model and limits of `disk`.
 * ERR_UNSUPPORTED with a sentence. */
ERR_CHECKED enum err ahci_identify(const uint8_t *data, struct disk *disk, struct err_text *text);

/* How many commands the disk queues, 0: none. *has_log: it tells which one failed. */
unsigned ahci_identify_queue(const uint8_t *data, bool *has_log);
