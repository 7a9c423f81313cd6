/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* An AHCI controller in memory with one disk at port 1 that keeps what is written. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "drivers/ahci_registers.h"
#include "fake/pci_space.h"

#define FAKE_AHCI_BLOCKS 2048u
#define FAKE_AHCI_PORT   1u

struct fake_ahci {
	struct fake_pci_function *function;
	uint8_t identity[512]; /* changeable before ahci_start, as the next */
	uint32_t capabilities, capabilities2, signature;

	/* The firmware: what it owns it gives up after so many looks, 0: never. */
	unsigned firmware_looks;
	uint32_t firmware; /* BOHC */

	/* Faults. */
	bool never_resets, never_stops, is_unplugged, is_busy;
	bool keeps_commands; /* they wait for fake_ahci_complete */
	unsigned fails;      /* so many commands from now on end with an error */
	bool log_fails, log_is_silent, log_is_damaged;
	unsigned log_says;                    /* 1 + the slot that the log names, 0: the right one */
	uint32_t lie_ci, lie_sact, lie_error; /* set in what is read, too */
	bool has_lied;                        /* of its registers: an error may be asked about that was none */

	unsigned reads, writes, flushes, link_resets, logs, most; /* at once */
	uint32_t ghc, px_is, px_ie, cmd, tfd, ci, sact, sctl;
	bool is_in_error; /* after a queued command's, of this slot */
	unsigned failed_slot;
	uint64_t clb, fb;
	/* NULL, or: may the device touch this? */
	bool (*allows)(uint64_t address, uint64_t size);
	uint8_t data[FAKE_AHCI_BLOCKS][512];
	struct hv_event_page page; /* of VP 0 */
};

/* At 00:1f.0 with MSI; block n begins with n. No queue. */
void fake_ahci_init(struct fake_ahci *d);

/* The disk queues so many commands, and has the log of their errors. */
void fake_ahci_set_queue(struct fake_ahci *d, unsigned depth);

/* Carries out a command that waits: the lowest, or that of a slot. */
void fake_ahci_complete(struct fake_ahci *d);
void fake_ahci_complete_slot(struct fake_ahci *d, unsigned slot);

/* Slots whose commands wait. */
uint32_t fake_ahci_waiting(const struct fake_ahci *d);

/* Says so, without having done anything. */
void fake_ahci_pretend(struct fake_ahci *d, uint32_t slots);
