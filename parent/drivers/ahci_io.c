/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The life of a port's commands [AHCI 1.3.1 5.6.4 "Native Queued Command Transfers"].
 * Queued and other commands never are at the disk together, and of the others there is
 * one at a time [SATA 3.2 13.6.3.1 "Introduction"]: a flush waits until the queue is
 * empty, and nothing new is taken before it is done.
 */
#include <stddef.h>
#include "drivers/ahci_internal.h"
#include "runtime/time.h"

static struct disk_queue *queue_of(struct disk *d, uint32_t vp_index) {
	struct ahci_port *p = d->driver;

	(void)vp_index;
	return &p->requests;
}

static void send(struct ahci_port *p, unsigned slot, bool is_queued) {
	uint32_t bit = 1u << slot;

	p->active |= bit;
	if (is_queued) {
		p->queued |= bit;
		ahci_write(p, AHCI_PX_SACT, bit);
	}
	ahci_write(p, AHCI_PX_CI, bit);
}

static bool may_take(const struct ahci_port *p) {
	return p->held == AHCI_NO_SLOT && p->active == p->queued && (p->singles == 0 || p->active == 0);
}

static bool is_for_queue(const struct ahci_port *p, const struct disk_command *c) {
	return p->has_queue && p->singles == 0 && c->operation != VOLUME_FLUSH;
}

void ahci_issue(struct disk_queue *q) {
	struct ahci_port *p = (struct ahci_port *)q;
	hv_reference_time_t now = time_now();
	const struct disk_command *c;

	if (p->held != AHCI_NO_SLOT && p->active == 0) {
		send(p, p->held, false);
		p->held = AHCI_NO_SLOT;
	}
	while (may_take(p) && (c = disk_queue_next(q, now)) != NULL) {
		bool is_queued = is_for_queue(p, c);

		ahci_command_make(c, is_queued, &p->memory->list[c->slot], &p->memory->table[c->slot]);
		if (is_queued || p->active == 0)
			send(p, c->slot, is_queued);
		else
			p->held = c->slot;
	}
}

const struct disk_driver ahci_disk_driver = {.queue = queue_of, .issue = ahci_issue};

/* A queued command is done when its bit in SACT is clear; the one in CI clears before. */
static void complete(struct ahci_port *p) {
	uint32_t left = ahci_read(p, AHCI_PX_SACT) | ahci_read(p, AHCI_PX_CI);
	uint32_t done = p->active & ~left;

	p->active &= left;
	p->queued &= left;
	p->singles &= ~done;
	for (; done != 0; done &= done - 1) {
		uint16_t tag = disk_queue_tag(&p->requests, (unsigned)__builtin_ctz(done));

		p->resets = 0;
		(void)disk_queue_complete(&p->requests, tag, VOLUME_OK, false);
	}
}

/* The lock is held. */
static void serve(struct ahci_port *p) {
	uint32_t causes = ahci_read(p, AHCI_PX_IS);
	bool has_failed = causes & AHCI_IS_ERRORS;

	ahci_write(p, AHCI_PX_IS, causes);
	if (causes == AHCI_GONE) {
		ahci_kill(p, "it is gone");
		return;
	}
	if (p->state == AHCI_READING_LOG) {
		ahci_serve_log(p, has_failed);
	} else if (p->state == AHCI_LIVE) {
		/* Not what has failed alone: its bits say nothing that can be believed. */
		if (!has_failed || p->queued != 0)
			complete(p);
		if (has_failed)
			ahci_recover(p);
	}
	if (p->state == AHCI_LIVE)
		ahci_issue(&p->requests);
}

void ahci_port_serve(struct ahci_port *p) {
	spinlock_acquire(&p->requests.lock);
	if (p->state != AHCI_DEAD)
		serve(p);
	spinlock_release(&p->requests.lock);
	disk_queue_deliver(&p->requests);
}
