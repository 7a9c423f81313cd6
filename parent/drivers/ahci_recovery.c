/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What happens after an error [AHCI 1.3.1 6.2.2 "Software Error Recovery"]. A command that
 * is alone at the disk is known to have failed. Of queued ones the disk names it in a log,
 * and has given up the others [ACS-3 A.14 "NCQ Command Error log"]. Where it names none, the
 * link is reset, and the commands go one by one.
 */
#include <string.h>
#include "drivers/ahci_internal.h"
#include "runtime/log.h"
#include "runtime/time.h"

#define SECOND     ((hv_reference_time_t)HV_REFERENCE_TIME_HZ)
#define RESET_TIME (10 * SECOND)
#define LOG_TIME   (5 * SECOND)
#define RESETS_MAX 3u
#define LOG_SLOT   0u

static void forget(struct ahci_port *p) {
	p->active = p->queued = 0;
	p->held = AHCI_NO_SLOT;
}

void ahci_kill(struct ahci_port *p, const char *why) {
	log_error("%s: %s; all its requests fail from now on", p->disk.name, why);
	p->state = AHCI_DEAD;
	forget(p);
	disk_queue_kill(&p->requests, VOLUME_GONE);
}

/* A port that does not stop may write to memory: then the whole controller must. */
static void reset(struct ahci_port *p, const char *why) {
	p->requests.is_stopped = true;
	if (!ahci_port_stop(p)) {
		pci_stop(p->controller->function);
		ahci_kill(p, "it does not stop");
		return;
	}
	if (++p->resets > RESETS_MAX) {
		ahci_kill(p, "resets do not help");
		return;
	}
	log_warning("%s: %s; it is reset", p->disk.name, why);
	p->state = AHCI_RESETTING;
	p->deadline = time_now() + RESET_TIME;
	ahci_port_begin_link_reset(p);
	disk_queue_requeue(&p->requests, true);
	p->singles = p->active & (uint32_t)p->requests.used;
	forget(p);
}

static void go_on(struct ahci_port *p) {
	p->state = AHCI_LIVE;
	p->requests.is_stopped = false;
}

/* A disk that says which command has failed works. */
static void fail(struct ahci_port *p, unsigned slot) {
	p->resets = 0;
	(void)disk_queue_complete(&p->requests, disk_queue_tag(&p->requests, slot), VOLUME_FAILED, true);
}

/* The port is stopped, and has forgotten its commands. */
static void read_log(struct ahci_port *p) {
	struct ahci_memory *m = p->memory;

	p->requests.is_stopped = true;
	p->state = AHCI_READING_LOG;
	p->deadline = time_now() + LOG_TIME;
	memset(m->sector, 0xff, sizeof(m->sector)); /* names none, if nothing comes */
	ahci_command_read_log((uint64_t)(uintptr_t)m->sector, &m->list[LOG_SLOT], &m->table[LOG_SLOT]);
	ahci_port_start(p);
	ahci_write(p, AHCI_PX_CI, 1u << LOG_SLOT);
}

void ahci_serve_log(struct ahci_port *p, bool has_failed) {
	uint8_t log[AHCI_LOG_SIZE];
	unsigned slot;

	if (!has_failed && ahci_read(p, AHCI_PX_CI) >> LOG_SLOT & 1)
		return;
	memcpy(log, p->memory->sector, sizeof(log));
	slot = has_failed ? AHCI_NO_SLOT : ahci_log_slot(log);
	if (slot == AHCI_NO_SLOT || !(p->active >> slot & 1)) {
		reset(p, "a queued command failed, and it does not say which");
		return;
	}
	fail(p, slot);
	forget(p);
	disk_queue_requeue(&p->requests, false);
	go_on(p);
}

/* What is left of the error decides what is needed. */
void ahci_recover(struct ahci_port *p) {
	bool is_error = ahci_read(p, AHCI_PX_TFD) & AHCI_TFD_ERROR;

	if (!ahci_port_stop(p) || ahci_read(p, AHCI_PX_TFD) & AHCI_TFD_BUSY || !is_error) {
		reset(p, "its link failed");
	} else if (p->active == 0) {
		reset(p, "it reports an error of no command");
	} else if (p->queued == 0) {
		unsigned slot = (unsigned)__builtin_ctz(p->active);

		p->active = 0;
		fail(p, slot);
		p->singles &= (uint32_t)p->requests.used;
		ahci_port_start(p);
	} else if (p->has_log) {
		read_log(p);
	} else {
		reset(p, "a queued command failed");
	}
}

static void check(struct ahci_port *p, hv_reference_time_t now) {
	bool is_linked = (ahci_read(p, AHCI_PX_SSTS) & AHCI_SSTS_DET) == AHCI_DET_READY;

	if (p->state == AHCI_LIVE && !is_linked) {
		reset(p, "its link is lost");
	} else if (p->state == AHCI_LIVE && disk_queue_overdue(&p->requests, now) != DISK_TAG_NONE) {
		reset(p, "a command does not end");
	} else if (p->state == AHCI_READING_LOG && now >= p->deadline) {
		reset(p, "its log of errors does not come");
	} else if (p->state == AHCI_RESETTING && is_linked && !(ahci_read(p, AHCI_PX_TFD) & AHCI_TFD_BUSY)) {
		ahci_port_start(p);
		log_info("%s: works again", p->disk.name);
		go_on(p);
		ahci_issue(&p->requests);
	} else if (p->state == AHCI_RESETTING && now >= p->deadline) {
		(void)ahci_port_stop(p); /* no command is at it */
		ahci_kill(p, is_linked ? "it does not become ready" : "it is gone");
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
