/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A controller may interrupt for each completion. While many commands are under way one of
 * them is not worth an exit of the guest's and a wait of the parent's: the queue's
 * interrupt is masked, and its ring is looked at by time. What comes between a look and the
 * unmasking is pending in the function and interrupts then
 * [PCI 3.0 6.8.3.4 "Per-vector Masking and Function Masking"].
 */
#include <stddef.h>
#include "drivers/nvme_internal.h"
#include "runtime/time.h"

/* Commands that are many: then looks begin. They go on, since many are mostly followed by as
 * many, until so many looks in a row have found too few. */
#define DEEP         8u
#define WORTH        4u
#define POOR_LOOKS   4u

/* 50 us: no disk ends hundreds of commands sooner. And 800 us, which a command is late at
 * most. */
#define PERIOD_LEAST (HV_REFERENCE_TIME_HZ / 20000)
#define PERIOD_MOST  (16 * PERIOD_LEAST)

static void look(struct poll *p) {
	struct nvme_queue *q = (struct nvme_queue *)((uint8_t *)p - offsetof(struct nvme_queue, poll));

	nvme_queue_serve(&q->handler);
}

void nvme_moderation_init(struct nvme_queue *q) {
	q->poll.look = look;
	q->period = PERIOD_LEAST;
}

/* A look should find more than half of what is under way, but not all: then the controller
 * had nothing left to do. */
static void adapt(struct nvme_queue *q, unsigned before, unsigned taken) {
	if (2 * taken < before && q->period < PERIOD_MOST)
		q->period *= 2;
	else if (8 * taken > 7 * before)
		q->period = q->period > 4 * PERIOD_LEAST ? q->period / 4 : PERIOD_LEAST;
}

static bool is_worth_it(struct nvme_queue *q, unsigned taken) {
	q->poor_looks = taken >= WORTH ? 0 : q->poor_looks + 1;
	return q->poor_looks < POOR_LOOKS;
}

void nvme_moderate(struct nvme_queue *q, unsigned before, unsigned taken) {
	const struct disk_queue *r = &q->requests;
	bool is_deep = r->used_count >= DEEP;

	/* Pending: an interrupt that was on its way when it was masked. */
	if (q->poll.is_pending || (!is_deep && !q->is_masked))
		return;
	if (q->is_masked) {
		adapt(q, before, taken);
		is_deep = is_worth_it(q, taken) || is_deep;
	}
	is_deep = is_deep && !r->is_stopped && r->dead == VOLUME_OK;
	if (is_deep != q->is_masked && !pci_mask_interrupt(&q->controller->interrupts, q->ring.id - 1u, is_deep))
		return;
	q->is_masked = is_deep;
	if (is_deep)
		polls_add(&q->poll, time_now() + q->period);
	else
		q->poor_looks = 0;
}
