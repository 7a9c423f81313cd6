/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A submission queue and its completion queue. What the controller writes is copied
 * once, then judged. The caller serializes, and has at most depth - 1 commands at the
 * controller.
 */
#pragma once

#include <stdbool.h>
#include "drivers/nvme_registers.h"
#include "hal/mmio.h"

#define NVME_DEPTH_MAX 64u

struct nvme_ring {
	const struct mmio *registers;
	uint64_t sq_doorbell, cq_doorbell; /* offsets */
	uint16_t id;
	uint16_t depth; /* 2..NVME_DEPTH_MAX */
	uint16_t tail;  /* where the next command goes */
	uint16_t head;  /* where the next completion comes */
	uint16_t phase; /* that it will have */
	struct nvme_command *submission;
	volatile struct nvme_completion *completion;
};

/* False: no memory. `stride` is the distance of doorbells in bytes. */
bool nvme_ring_init(struct nvme_ring *ring, const struct mmio *registers, uint16_t id, uint16_t depth, uint32_t stride);
void nvme_ring_destroy(struct nvme_ring *ring);

/* As new, before the controller learns of it. */
void nvme_ring_reset(struct nvme_ring *ring);

/* Puts a command into the queue; the controller sees it after nvme_ring_submit. */
void nvme_ring_put(struct nvme_ring *ring, const struct nvme_command *command);
void nvme_ring_submit(const struct nvme_ring *ring);

/* Takes the next completion, if there is one. After the last one: nvme_ring_acknowledge. */
bool nvme_ring_take(struct nvme_ring *ring, struct nvme_completion *completion);
void nvme_ring_acknowledge(const struct nvme_ring *ring);
