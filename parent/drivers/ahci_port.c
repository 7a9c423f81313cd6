/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The life of a port's commands, and its recovery [AHCI 1.3.1 6.2 "Error Recovery"]. */
#include "drivers/ahci_internal.h"
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/time.h"

#define MS         ((hv_reference_time_t)HV_REFERENCE_TIME_HZ / 1000)
#define STOP_TIME  (50 * MS) /* of the 500 that it may take: VP 0 spins */
#define RESET_TIME (10000 * MS)
#define RESETS_MAX 3u

uint32_t ahci_read(const struct ahci_port *p, uint32_t offset) {
	return mmio_read32(&p->controller->registers, AHCI_PORT(p->index) + offset);
}

void ahci_write(const struct ahci_port *p, uint32_t offset, uint32_t value) {
	mmio_write32(&p->controller->registers, AHCI_PORT(p->index) + offset, value);
}

bool ahci_wait(const struct ahci_port *p, uint32_t offset, uint32_t mask, uint32_t value, hv_reference_time_t time) {
	hv_reference_time_t deadline = time_now() + time;

	while ((ahci_read(p, offset) & mask) != value) {
		if (time_now() >= deadline)
			return false;
		if (p->controller->is_starting)
			(void)hypercall_vp_wait(0, HV_SLOT_NONE, time_now() + MS);
		else
			__builtin_ia32_pause();
	}
	return true;
}

bool ahci_port_stop(const struct ahci_port *p) {
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) & ~AHCI_CMD_ST);
	if (!ahci_wait(p, AHCI_PX_CMD, AHCI_CMD_CR, 0, STOP_TIME))
		return false;
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) & ~AHCI_CMD_FRE);
	return ahci_wait(p, AHCI_PX_CMD, AHCI_CMD_FR, 0, STOP_TIME);
}

void ahci_port_start(const struct ahci_port *p) {
	ahci_write(p, AHCI_PX_SERR, ~0u);
	ahci_write(p, AHCI_PX_IS, ~0u);
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) | AHCI_CMD_FRE);
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) | AHCI_CMD_ST);
}

/* [AHCI 1.3.1 10.4.2 "Port Reset"]: the signal lasts a millisecond. */
void ahci_port_begin_link_reset(const struct ahci_port *p) {
	ahci_write(p, AHCI_PX_SCTL, AHCI_SCTL_RESET);
	(void)ahci_wait(p, AHCI_PX_SCTL, ~0u, ~AHCI_SCTL_RESET, MS); /* never so: waits all of it */
	ahci_write(p, AHCI_PX_SCTL, 0);
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) | AHCI_CMD_FRE);
}

static struct disk_queue *queue_of(struct disk *d, uint32_t vp_index) {
	struct ahci_port *p = d->driver;

	(void)vp_index;
	return &p->requests;
}

/* The queue has one slot, and so gives one command at a time. */
static void issue(struct disk_queue *q) {
	struct ahci_port *p = (struct ahci_port *)q;
	const struct disk_command *c = disk_queue_next(q, time_now());

	if (c == NULL)
		return;
	ahci_command_make(c, &p->memory->list[0], &p->memory->table);
	ahci_write(p, AHCI_PX_CI, 1);
}

const struct disk_driver ahci_disk_driver = {.queue = queue_of, .issue = issue};

static void kill(struct ahci_port *p, const char *why) {
	log_error("%s: %s; all its requests fail from now on", p->disk.name, why);
	p->state = AHCI_DEAD;
	disk_queue_kill(&p->requests, VOLUME_GONE);
}

/* A port that does not stop may write to memory: then the whole controller must. */
static void reset(struct ahci_port *p, const char *why) {
	p->requests.is_stopped = true;
	if (!ahci_port_stop(p)) {
		pci_stop(p->controller->function);
		kill(p, "it does not stop");
		return;
	}
	if (++p->resets > RESETS_MAX) {
		kill(p, "resets do not help");
		return;
	}
	log_warning("%s: %s; it is reset", p->disk.name, why);
	disk_queue_requeue(&p->requests);
	p->state = AHCI_RESETTING;
	p->deadline = time_now() + RESET_TIME;
	ahci_port_begin_link_reset(p);
}

/* An error of a command stops the port. What is left of it decides what is needed. */
static void recover(struct ahci_port *p, uint16_t tag) {
	bool is_error = ahci_read(p, AHCI_PX_TFD) & AHCI_TFD_ERROR;

	if (!ahci_port_stop(p) || ahci_read(p, AHCI_PX_TFD) & AHCI_TFD_BUSY || !is_error) {
		reset(p, "its link failed");
		return;
	}
	(void)disk_queue_complete(&p->requests, tag, VOLUME_FAILED, true);
	ahci_port_start(p);
}

/* The lock is held. */
static void serve(struct ahci_port *p) {
	uint16_t tag = disk_queue_tag(&p->requests, 0);
	uint32_t causes = ahci_read(p, AHCI_PX_IS);

	ahci_write(p, AHCI_PX_IS, causes);
	if (causes == AHCI_GONE)
		kill(p, "it is gone");
	else if (causes & AHCI_IS_ERRORS && p->state == AHCI_LIVE)
		recover(p, tag);
	else if (tag != DISK_TAG_NONE && p->state == AHCI_LIVE && !(ahci_read(p, AHCI_PX_CI) & 1)) {
		p->resets = 0;
		(void)disk_queue_complete(&p->requests, tag, VOLUME_OK, false);
	}
	if (p->state == AHCI_LIVE)
		issue(&p->requests);
}

void ahci_port_serve(struct ahci_port *p) {
	spinlock_acquire(&p->requests.lock);
	if (p->state != AHCI_DEAD)
		serve(p);
	spinlock_release(&p->requests.lock);
	disk_queue_deliver(&p->requests);
}

static void check(struct ahci_port *p, hv_reference_time_t now) {
	bool is_linked = (ahci_read(p, AHCI_PX_SSTS) & AHCI_SSTS_DET) == AHCI_DET_READY;

	if (p->state == AHCI_LIVE && !is_linked) {
		reset(p, "its link is lost");
	} else if (p->state == AHCI_LIVE && disk_queue_overdue(&p->requests, now) != DISK_TAG_NONE) {
		reset(p, "a command does not end");
	} else if (p->state == AHCI_RESETTING && is_linked && !(ahci_read(p, AHCI_PX_TFD) & AHCI_TFD_BUSY)) {
		ahci_port_start(p);
		log_info("%s: works again", p->disk.name);
		p->state = AHCI_LIVE;
		p->requests.is_stopped = false;
		issue(&p->requests);
	} else if (p->state == AHCI_RESETTING && now >= p->deadline) {
		(void)ahci_port_stop(p); /* no command is at it */
		kill(p, is_linked ? "it does not become ready" : "it is gone");
	}
}

void ahci_port_check(struct ahci_port *p, hv_reference_time_t now) {
	ahci_port_serve(p);
	spinlock_acquire(&p->requests.lock);
	if (p->state != AHCI_DEAD)
		check(p, now);
	spinlock_release(&p->requests.lock);
	disk_queue_deliver(&p->requests);
}
