/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The management VP can be preempted, so it takes no queue's lock: it hands its
 * requests over to VP 0 (runtime/spinlock.h).
 */
#include "drivers/disks.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "drivers/ahci.h"
#include "drivers/disk_text.h"
#include "drivers/nvme.h"
#include "drivers/pci.h"
#include "runtime/events.h"
#include "runtime/log.h"
#include "runtime/vp_local.h"

/* Lists only grow, in disks_init, but for `handed_over`. */
static struct {
	uint32_t io_vp_count;
	struct disk *first, **end;
	struct disk_queue *queues;
	/* Newest first; volume_data: the next, the disk. Changed atomically. */
	struct volume_request *handed_over;
} disks;

static void submit_here(struct disk *d, struct volume_request *r, uint32_t vp_index) {
	struct disk_queue *q = d->calls->queue(d, vp_index);
	bool has_finished;

	spinlock_acquire(&q->lock);
	disk_queue_add(q, d, r);
	d->calls->issue(q);
	has_finished = disk_queue_has_finished(q);
	spinlock_release(&q->lock);
	/* A request that ended at once: `done` comes later all the same. */
	if (has_finished)
		parent_signal(vp_index, EVENT_DISKS);
}

static void hand_over(struct disk *d, struct volume_request *r) {
	struct volume_request *old = __atomic_load_n(&disks.handed_over, __ATOMIC_RELAXED);

	r->volume_data[1] = d;
	do {
		r->volume_data[0] = old;
	} while (!__atomic_compare_exchange_n(&disks.handed_over, &old, r, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	parent_signal(0, EVENT_DISKS);
}

static void submit(struct volume *v, struct volume_request *r) {
	struct disk *d = (struct disk *)v;
	uint32_t vp_index = vp_local_index();

	if (vp_index < disks.io_vp_count)
		submit_here(d, r, vp_index);
	else
		hand_over(d, r);
}

static void take_handed_over(void) {
	struct volume_request *r = __atomic_exchange_n(&disks.handed_over, NULL, __ATOMIC_ACQUIRE), *next;
	struct volume_request *oldest = NULL;

	for (; r != NULL; r = next) {
		next = r->volume_data[0];
		r->volume_data[0] = oldest;
		oldest = r;
	}
	for (r = oldest; r != NULL; r = next) {
		next = r->volume_data[0];
		submit_here(r->volume_data[1], r, vp_local_index());
	}
}

void disks_serve(void) {
	take_handed_over();
	for (struct disk_queue *q = disks.queues; q != NULL; q = q->next)
		disk_queue_deliver(q);
}

void disks_poll(hv_reference_time_t now) {
	nvme_poll(now);
	ahci_poll(now);
	disks_serve();
}

/* Two disks of one identity would be one volume to who looks for it. */
static void make_unique(struct disk *d) {
	for (const struct disk *other = disks.first; other != NULL; other = other->next) {
		if (memcmp(other->volume.id, d->volume.id, sizeof(d->volume.id)) == 0) {
			log_warning("%s: it has the identity of %s", d->name, other->name);
			disk_text_identity(d->volume.id, d->model, d->name, d->unit);
		}
	}
}

void disks_add_disk(struct disk *d) {
	make_unique(d);
	d->volume.submit = submit;
	d->next = NULL;
	*disks.end = d;
	disks.end = &d->next;
}

void disks_add_queue(struct disk_queue *q) {
	q->next = disks.queues;
	disks.queues = q;
}

void disks_for_each(void (*each)(struct disk *d, void *context), void *context) {
	for (struct disk *d = disks.first; d != NULL; d = d->next)
		each(d, context);
}

static unsigned long long get(const uint64_t *counter) { return __atomic_load_n(counter, __ATOMIC_RELAXED); }

void disks_line(const struct disk *d, char line[DISKS_LINE_SIZE]) {
	const struct disk_counters *c = &d->counters;
	uint64_t mib = d->volume.block_count / ((1u << 20) / d->volume.block_size);

	snprintf(line, DISKS_LINE_SIZE, "%-12s %8llu MiB  %llu reads, %llu writes, %llu others, %llu failures  %s",
	         d->name, (unsigned long long)mib, get(&c->reads), get(&c->writes), get(&c->others), get(&c->failures),
	         d->model);
}

void disks_init(const struct hv_boot_info *info) {
	static struct pci_function list[PCI_FUNCTIONS_MAX];
	unsigned count;

	disks.io_vp_count = info->io_vp_count;
	disks.first = NULL;
	disks.end = &disks.first;
	disks.queues = NULL;
	disks.handed_over = NULL;
	pci_config_init(info);
	count = pci_enumerate(list, PCI_FUNCTIONS_MAX);
	for (unsigned i = 0; i < count; i++) {
		if (list[i].class_code == PCI_CLASS_NVME)
			nvme_start(info, &list[i]);
		else if (list[i].class_code == PCI_CLASS_AHCI)
			ahci_start(info, &list[i]);
	}
	if (disks.first == NULL)
		log_info("disks: none was found among %u PCI functions", count);
}
