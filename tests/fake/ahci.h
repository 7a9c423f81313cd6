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
	uint32_t capabilities, signature;

	/* Faults. */
	bool never_resets, never_stops, is_unplugged, is_busy;
	bool keeps_commands; /* they wait for fake_ahci_complete */
	unsigned fails;      /* so many commands from now on end with an error */

	unsigned reads, writes, flushes, link_resets;
	uint32_t ghc, px_is, px_ie, cmd, tfd, ci, sctl;
	uint64_t clb, fb;
	uint8_t data[FAKE_AHCI_BLOCKS][512];
	struct hv_event_page page; /* of VP 0 */
};

/* At 00:1f.0 with MSI; block n begins with n. */
void fake_ahci_init(struct fake_ahci *d);

/* Carries out the command that waits. */
void fake_ahci_complete(struct fake_ahci *d);
