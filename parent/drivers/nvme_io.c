/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include <stddef.h>
#include "drivers/nvme_command.h"
#include "drivers/nvme_internal.h"
#include "runtime/time.h"

static struct disk_queue *queue_of(struct disk *d, uint32_t vp_index) {
	const struct nvme *n = d->driver;

	return &n->queue[vp_index % n->queue_count]->requests;
}

static void issue(struct disk_queue *requests) {
	struct nvme_queue *q = (struct nvme_queue *)requests;
	const struct disk_command *c;
	hv_reference_time_t now = time_now();
	bool is_new = false;

	while ((c = disk_queue_next(requests, now)) != NULL) {
		struct nvme_command command;

		nvme_command_make(c, q->lists + c->slot * NVME_LIST_ENTRIES, &command);
		nvme_ring_put(&q->ring, &command);
		is_new = true;
	}
	if (is_new)
		nvme_ring_submit(&q->ring);
}

const struct disk_driver nvme_disk_driver = {.queue = queue_of, .issue = issue};

static void complete(struct nvme_queue *q, const struct nvme_completion *c) {
	bool may_retry;
	enum volume_result result = nvme_command_result(c, &may_retry);

	if (!disk_queue_complete(&q->requests, c->command_id, result, may_retry))
		nvme_complain(q->controller, c);
	else if (result == VOLUME_OK)
		__atomic_store_n(&q->controller->resets, 0, __ATOMIC_RELAXED);
}

/* More completions at once than commands fit are none: the loop ends whatever comes. */
unsigned nvme_queue_work(struct nvme_queue *q) {
	struct nvme_completion c;
	unsigned count = 0;

	if (q->requests.is_stopped || q->requests.dead != VOLUME_OK)
		return 0;
	while (count < q->ring.depth && nvme_ring_take(&q->ring, &c)) {
		complete(q, &c);
		count++;
	}
	if (count > 0)
		nvme_ring_acknowledge(&q->ring);
	issue(&q->requests);
	return count;
}

void nvme_queue_serve(struct interrupt_handler *h) {
	struct nvme_queue *q = (struct nvme_queue *)((uint8_t *)h - offsetof(struct nvme_queue, handler));
	unsigned before;

	spinlock_acquire(&q->requests.lock);
	before = q->requests.used_count;
	nvme_moderate(q, before, nvme_queue_work(q));
	spinlock_release(&q->requests.lock);
	/* The first interrupt is the admin queue's too, and a pin stays until it is empty. */
	if (q == q->controller->queue[0] && q->controller->state == NVME_LIVE)
		nvme_admin_serve(q->controller);
	disk_queue_deliver(&q->requests);
}
