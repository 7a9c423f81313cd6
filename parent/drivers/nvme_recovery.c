/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A command that takes too long is aborted once; if that does not help, or the
 * controller says that it has failed, it is reset [NVMe 1.4 7.3.2 "Controller Level
 * Reset", 9.6.2 "Controller Fatal Status Condition"]. A reset takes several calls,
 * since I/O VP 0 must not wait.
 */
#include "drivers/nvme_internal.h"
#include "runtime/log.h"
#include "runtime/time.h"

#define ABORT_TIME   (5 * (hv_reference_time_t)HV_REFERENCE_TIME_HZ)
#define COMMAND_TIME (HV_REFERENCE_TIME_HZ / 10) /* of an admin command after a reset */
#define QUEUES_TIME  (1 * (hv_reference_time_t)HV_REFERENCE_TIME_HZ)
#define RESETS_MAX   3u

static void deliver(struct nvme *n) {
	for (unsigned i = 0; i < n->queue_count; i++)
		disk_queue_deliver(&n->queue[i]->requests);
}

void nvme_give_up(struct nvme *n, const char *why) {
	log_error("nvme%u: %s; all its requests fail from now on", n->index, why);
	/* Before any memory is given back. */
	pci_stop(n->function);
	nvme_disable(n);
	n->state = NVME_DEAD;
	for (unsigned i = 0; i < n->queue_count; i++) {
		struct disk_queue *q = &n->queue[i]->requests;

		spinlock_acquire(&q->lock);
		disk_queue_kill(q, VOLUME_GONE);
		spinlock_release(&q->lock);
	}
	deliver(n);
}

static void reset(struct nvme *n, const char *why, hv_reference_time_t now) {
	if (__atomic_add_fetch(&n->resets, 1, __ATOMIC_RELAXED) > RESETS_MAX) {
		nvme_give_up(n, "resets do not help");
		return;
	}
	log_warning("nvme%u: %s; it is reset", n->index, why);
	for (unsigned i = 0; i < n->queue_count; i++) {
		struct disk_queue *q = &n->queue[i]->requests;

		spinlock_acquire(&q->lock);
		q->is_stopped = true;
		spinlock_release(&q->lock);
	}
	n->state = NVME_DISABLING;
	n->deadline = now + n->ready_time;
	nvme_disable(n);
}

/* Takes completions whose interrupt was lost. False: a command was not even aborted. */
static bool check_queue(struct nvme *n, struct nvme_queue *q, hv_reference_time_t now) {
	uint16_t overdue, aborted = DISK_TAG_NONE;
	bool is_sound = true;

	spinlock_acquire(&q->requests.lock);
	(void)nvme_queue_work(q);
	while (is_sound && (overdue = disk_queue_overdue(&q->requests, now)) != DISK_TAG_NONE) {
		is_sound = disk_queue_extend(&q->requests, overdue, now + ABORT_TIME);
		aborted = overdue;
	}
	spinlock_release(&q->requests.lock);
	if (is_sound && aborted != DISK_TAG_NONE && nvme_admin_abort(n, q->ring.id, aborted))
		log_warning("nvme%u: a command of queue %u takes too long and is aborted", n->index, q->ring.id);
	return is_sound;
}

static void check_live(struct nvme *n, uint32_t status, hv_reference_time_t now) {
	bool is_sound = true;

	if (status & NVME_CSTS_FATAL) {
		reset(n, "it says that it has failed", now);
		return;
	}
	nvme_admin_serve(n);
	for (unsigned i = 0; i < n->queue_count; i++)
		is_sound = check_queue(n, n->queue[i], now) && is_sound;
	if (!is_sound)
		reset(n, "a command does not end", now);
	deliver(n);
}

/* It has forgotten all commands: their memory is ours again. */
static void restart(struct nvme *n, hv_reference_time_t now) {
	for (unsigned i = 0; i < n->queue_count; i++) {
		struct nvme_queue *q = n->queue[i];

		spinlock_acquire(&q->requests.lock);
		nvme_ring_reset(&q->ring);
		disk_queue_requeue(&q->requests, true);
		spinlock_release(&q->requests.lock);
	}
	n->state = NVME_ENABLING;
	n->deadline = now + n->ready_time;
	nvme_enable(n);
	deliver(n);
}

static void go_on(struct nvme *n) {
	struct err_text text;
	unsigned granted;

	if (nvme_ask_queues(n, n->queue_count, COMMAND_TIME, &granted, &text) != ERR_NONE ||
	    nvme_create_queues(n, QUEUES_TIME, &text) != ERR_NONE) {
		nvme_give_up(n, text.text);
		return;
	}
	log_info("nvme%u: works again", n->index);
	n->state = NVME_LIVE;
	for (unsigned i = 0; i < n->queue_count; i++) {
		struct nvme_queue *q = n->queue[i];

		spinlock_acquire(&q->requests.lock);
		q->requests.is_stopped = false;
		(void)nvme_queue_work(q);
		spinlock_release(&q->requests.lock);
	}
}

void nvme_check(struct nvme *n, hv_reference_time_t now) {
	uint32_t status;

	if (n->state == NVME_DEAD)
		return;
	status = mmio_read32(&n->registers, NVME_CSTS);
	if (status == NVME_GONE)
		nvme_give_up(n, "it is gone");
	else if (n->state == NVME_LIVE)
		check_live(n, status, now);
	else if (n->state == NVME_DISABLING && !(status & NVME_CSTS_READY))
		restart(n, now);
	else if (n->state == NVME_ENABLING && status & NVME_CSTS_READY)
		go_on(n);
	else if (now >= n->deadline)
		nvme_give_up(n, n->state == NVME_DISABLING ? "it does not stop" : "it does not become ready");
}
