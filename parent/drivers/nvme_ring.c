/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/nvme_ring.h"
#include <stddef.h>
#include <string.h>
#include "runtime/memory.h"

#define PAGE_SIZE 4096u

_Static_assert(NVME_DEPTH_MAX * sizeof(struct nvme_command) == PAGE_SIZE, "a queue is a page");

bool nvme_ring_init(struct nvme_ring *ring, const struct mmio *registers, uint16_t id, uint16_t depth,
                    uint32_t stride) {
	uint64_t pages = memory_take(2 * PAGE_SIZE, PAGE_SIZE);

	if (pages == 0)
		return false;
	*ring = (struct nvme_ring){
	    .registers = registers,
	    .sq_doorbell = NVME_DOORBELLS + 2ull * id * stride,
	    .cq_doorbell = NVME_DOORBELLS + (2ull * id + 1) * stride,
	    .id = id,
	    .depth = depth,
	    .submission = memory_pointer(pages),
	    .completion = memory_pointer(pages + PAGE_SIZE),
	};
	nvme_ring_reset(ring);
	return true;
}

void nvme_ring_destroy(struct nvme_ring *ring) {
	if (ring->submission != NULL)
		memory_give((uint64_t)(uintptr_t)ring->submission, 2 * PAGE_SIZE);
	ring->submission = NULL;
}

void nvme_ring_reset(struct nvme_ring *ring) {
	memset(ring->submission, 0, 2 * PAGE_SIZE);
	ring->tail = 0;
	ring->head = 0;
	ring->phase = NVME_PHASE;
}

void nvme_ring_put(struct nvme_ring *ring, const struct nvme_command *command) {
	ring->submission[ring->tail] = *command;
	ring->tail = (uint16_t)(ring->tail + 1u == ring->depth ? 0 : ring->tail + 1u);
}

void nvme_ring_submit(const struct nvme_ring *ring) { mmio_write32(ring->registers, ring->sq_doorbell, ring->tail); }

/* The last doubleword has the phase, so it is loaded first. */
bool nvme_ring_take(struct nvme_ring *ring, struct nvme_completion *completion) {
	volatile struct nvme_completion *at = &ring->completion[ring->head];
	uint16_t status = at->status;

	if ((status & NVME_PHASE) != ring->phase)
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	*completion = (struct nvme_completion){
	    .result = at->result,
	    .sq_head = at->sq_head,
	    .sq_id = at->sq_id,
	    .command_id = at->command_id,
	    .status = status,
	};
	ring->head++;
	if (ring->head == ring->depth) {
		ring->head = 0;
		ring->phase ^= NVME_PHASE;
	}
	return true;
}

void nvme_ring_acknowledge(const struct nvme_ring *ring) {
	mmio_write32(ring->registers, ring->cq_doorbell, ring->head);
}
