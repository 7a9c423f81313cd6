/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* [NVMe 1.4 7.6.1 "Initialization"], as a start and as the end of a reset. */
#include <stdlib.h>
#include <string.h>
#include "drivers/nvme_command.h"
#include "drivers/nvme_internal.h"
#include "runtime/memory.h"
#include "runtime/time.h"

#define PAGE_SIZE                 4096u
#define LISTS_SIZE                (DISK_SLOTS_MAX * NVME_LIST_ENTRIES * 8u)

#define CAP_LOW_DEPTH(low)        ((low)&0xffffu) /* less one */
#define CAP_LOW_TIME(low)         ((low) >> 24)   /* 500 ms units */
#define CAP_HIGH_STRIDE(high)     ((high)&0xfu)
#define CAP_HIGH_NVM              (1u << 5)
#define CAP_HIGH_PAGE_LEAST(high) ((high) >> 16 & 0xfu)

enum err nvme_read_capabilities(struct nvme *n, struct err_text *text) {
	uint32_t low = mmio_read32(&n->registers, NVME_CAP_LOW);
	uint32_t high = mmio_read32(&n->registers, NVME_CAP_HIGH);
	uint32_t depth = CAP_LOW_DEPTH(low) + 1;

	if (low == NVME_GONE && high == NVME_GONE)
		return err_set(text, ERR_DEVICE, "its registers do not answer");
	if (!(high & CAP_HIGH_NVM))
		return err_set(text, ERR_UNSUPPORTED, "it has no NVM command set");
	if (CAP_HIGH_PAGE_LEAST(high) != 0)
		return err_set(text, ERR_UNSUPPORTED, "its smallest page has 2^%u bytes",
		               12 + CAP_HIGH_PAGE_LEAST(high));
	if (depth < 2)
		return err_set(text, ERR_UNSUPPORTED, "its queues have one entry");
	n->depth = (uint16_t)(depth < NVME_DEPTH_MAX ? depth : NVME_DEPTH_MAX);
	n->stride = 4u << CAP_HIGH_STRIDE(high);
	/* The admin queue's doorbells and those of one pair more. */
	if (n->registers.size < NVME_DOORBELLS + 4ull * n->stride)
		return err_set(text, ERR_RANGE, "its registers end before the doorbells");
	/* 0 is what some say that mean "soon". */
	n->ready_time = (CAP_LOW_TIME(low) + 1) * (hv_reference_time_t)HV_REFERENCE_TIME_HZ / 2;
	return ERR_NONE;
}

void nvme_disable(struct nvme *n) { mmio_write32(&n->registers, NVME_CC, 0); }

static void write64(const struct nvme *n, uint64_t offset, const volatile void *pointer) {
	uint64_t value = (uint64_t)(uintptr_t)pointer;

	mmio_write32(&n->registers, offset, (uint32_t)value);
	mmio_write32(&n->registers, offset + 4, (uint32_t)(value >> 32));
}

void nvme_enable(struct nvme *n) {
	uint32_t last = n->admin.depth - 1u;

	spinlock_acquire(&n->admin_lock);
	nvme_ring_reset(&n->admin);
	n->waiting_id = 0;
	n->abort_id = 0;
	spinlock_release(&n->admin_lock);
	mmio_write32(&n->registers, NVME_AQA, last << 16 | last);
	write64(n, NVME_ASQ, n->admin.submission);
	write64(n, NVME_ACQ, n->admin.completion);
	mmio_write32(&n->registers, NVME_CC, NVME_CC_SIZES | NVME_CC_ENABLE);
}

/* [NVMe 1.4 5.21.1.7 "Number of Queues"]: both counts less one. */
enum err nvme_ask_queues(struct nvme *n, unsigned wanted, hv_reference_time_t time, unsigned *granted,
                         struct err_text *text) {
	uint32_t asked = (wanted - 1) << 16 | (wanted - 1), result = 0;
	struct nvme_command command = {.opcode = NVME_SET_FEATURES, .dword = {NVME_FEATURE_QUEUES, asked}};
	enum err error = nvme_admin(n, &command, time, &result, text);
	uint32_t submission = (result & 0xffff) + 1, completion = (result >> 16) + 1;
	uint32_t least = submission < completion ? submission : completion;

	*granted = least < wanted ? least : wanted;
	return error;
}

/* What is left of the time until then. */
static hv_reference_time_t until(hv_reference_time_t deadline) {
	hv_reference_time_t now = time_now();

	return now < deadline ? deadline - now : 0;
}

/* [NVMe 1.4 5.3 "Create I/O Completion Queue command", 5.4 "Create I/O Submission Queue
 * command"]: contiguous, the interrupt of the same number less one. */
static enum err create_queue(struct nvme *n, const struct nvme_queue *q, hv_reference_time_t deadline,
                             struct err_text *text) {
	uint32_t size = q->ring.id | (q->ring.depth - 1u) << 16;
	uint32_t vector = n->interrupts.kind == PCI_INTERRUPT_NONE ? 1 : (q->ring.id - 1u) << 16 | 3;
	struct nvme_command completion = {
	    .opcode = NVME_CREATE_CQ, .prp1 = (uint64_t)(uintptr_t)q->ring.completion, .dword = {size, vector}};
	struct nvme_command submission = {.opcode = NVME_CREATE_SQ,
	                                  .prp1 = (uint64_t)(uintptr_t)q->ring.submission,
	                                  .dword = {size, (uint32_t)q->ring.id << 16 | 1}};
	enum err error = nvme_admin(n, &completion, until(deadline), NULL, text);

	return error != ERR_NONE ? error : nvme_admin(n, &submission, until(deadline), NULL, text);
}

enum err nvme_create_queues(struct nvme *n, hv_reference_time_t time, struct err_text *text) {
	hv_reference_time_t deadline = time_now() + time;
	enum err error = ERR_NONE;

	for (unsigned i = 0; i < n->queue_count && error == ERR_NONE; i++)
		error = create_queue(n, n->queue[i], deadline, text);
	return error;
}

/* One slot less than entries: a ring is never full. */
static enum err queue_init(struct nvme_queue *q, unsigned index) {
	struct nvme *n = q->controller;

	if (!disk_queue_init(&q->requests, n->depth - 1u) ||
	    !nvme_ring_init(&q->ring, &n->registers, (uint16_t)(index + 1), n->depth, n->stride))
		return ERR_MEMORY;
	q->lists = memory_pointer(memory_take(LISTS_SIZE, PAGE_SIZE));
	return q->lists != NULL ? ERR_NONE : ERR_MEMORY;
}

struct nvme_queue *nvme_queue_new(struct nvme *n, unsigned index) {
	struct nvme_queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->controller = n;
	q->handler.serve = nvme_queue_serve;
	nvme_moderation_init(q);
	q->requests.is_stopped = true;
	if (queue_init(q, index) == ERR_NONE)
		return q;
	nvme_queue_free(q);
	return NULL;
}

void nvme_queue_free(struct nvme_queue *q) {
	if (q == NULL)
		return;
	if (q->lists != NULL)
		memory_give((uint64_t)(uintptr_t)q->lists, LISTS_SIZE);
	nvme_ring_destroy(&q->ring);
	disk_queue_destroy(&q->requests);
	free(q);
}
