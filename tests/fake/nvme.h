/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * An NVMe controller in memory, with one namespace that keeps what is written. It obeys
 * until told otherwise: each fault is a field. Addresses in commands are pointers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "drivers/nvme_registers.h"
#include "fake/pci_space.h"

#define FAKE_NVME_BLOCKS  2048u
#define FAKE_NVME_QUEUES  8u
#define FAKE_NVME_PENDING 256u

struct fake_nvme_queue {
	uint16_t depth; /* 0: there is none */
	uint16_t tail, head;
	uint16_t cq_tail, phase;
	uint16_t vector;
	bool has_interrupt;
	const struct nvme_command *submission;
	struct nvme_completion *completion;
};

struct fake_nvme_pending {
	unsigned queue;
	struct nvme_command command;
};

struct fake_nvme {
	struct fake_pci_function *function;
	/* What it says, changeable before nvme_start. */
	uint32_t cap_low, cap_high, version;
	uint8_t controller_data[4096];
	uint8_t namespace_data[4096];
	uint32_t list[1024];
	uint32_t queues_granted;

	/* Faults. */
	bool never_ready, never_stops, is_fatal, is_silent;
	bool keeps_commands;  /* I/O commands wait for fake_nvme_complete */
	bool ignores_aborts;  /* answers, and does nothing */
	uint8_t fails_admin;  /* this opcode fails */
	uint8_t silent_admin; /* this opcode is never answered */
	uint16_t status;      /* of I/O commands from now on, shifted as in the entry */

	/* What happened. */
	unsigned reads, writes, flushes, durable_writes, discards, zeros, aborts, resets;
	unsigned doorbells, interrupts;
	uint32_t held_back; /* a bit per masked vector */

	uint32_t cc, csts, aqa;
	uint64_t asq, acq;
	uint32_t table[FAKE_NVME_QUEUES * 4]; /* MSI-X */
	struct fake_nvme_queue queue[FAKE_NVME_QUEUES];
	struct fake_nvme_pending pending[FAKE_NVME_PENDING];
	unsigned pending_count;
	uint8_t data[FAKE_NVME_BLOCKS][512];
	struct hv_event_page pages[FAKE_NVME_QUEUES]; /* of the parent's VPs */
};

/* At 00:04.0 with MSI-X; block n begins with n. */
void fake_nvme_init(struct fake_nvme *d);

/* Carries pending command `index` out and completes it. */
void fake_nvme_complete(struct fake_nvme *d, unsigned index);

/* Writes any completion and interrupts. */
void fake_nvme_post(struct fake_nvme *d, unsigned queue, uint16_t command_id, uint16_t status, uint32_t result);
