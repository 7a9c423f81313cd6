/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files of the NVMe driver share. */
#pragma once

#include "drivers/disk_queue.h"
#include "drivers/nvme_identify.h"
#include "drivers/nvme_registers.h"
#include "drivers/nvme_ring.h"
#include "drivers/pci.h"
#include "hal/polls.h"

#define NVME_QUEUES_MAX  HV_BOOT_MAX_IO_VPS
#define NVME_DISKS_MAX   16u /* of a controller */
#define NVME_REFUSED_MAX 8u  /* of its namespaces: no more are asked for */

struct nvme;

/* Lock: requests.lock, around the ring too, which nobody looks at while requests are
 * stopped. */
struct nvme_queue {
	struct disk_queue requests; /* first: the queue of a disk is ours */
	struct interrupt_handler handler;
	struct nvme *controller;
	struct nvme_ring ring;
	uint64_t *lists; /* one per slot */
	/* Moderation: while many commands are under way. */
	struct poll poll;
	bool is_masked;
	unsigned poor_looks;        /* in a row, that found few */
	hv_reference_time_t period; /* between looks */
};

enum nvme_state {
	NVME_STARTING,  /* in nvme_start: waits may be long */
	NVME_LIVE,      /* commands go to the controller */
	NVME_DISABLING, /* waits for it to forget everything */
	NVME_ENABLING,  /* waits for it to be ready again */
	NVME_DEAD,      /* for ever */
};

/* VP 0's, but where another lock or "atomic" is said. */
struct nvme {
	struct nvme *next;
	unsigned index;
	pci_address_t function;
	struct mmio registers;
	uint32_t stride; /* bytes between doorbells */
	uint16_t depth;  /* of I/O queues */
	enum nvme_state state;
	hv_reference_time_t ready_time; /* that it may take to become ready, or not */
	hv_reference_time_t deadline;   /* DISABLING and ENABLING */
	unsigned resets;                /* atomic: since a command went well */
	struct nvme_identity identity;
	uint8_t *data; /* a page that the controller fills, and one for the copy */

	/* The admin queue; its own lock, taken inside no other. */
	struct spinlock admin_lock;
	struct nvme_ring admin;
	uint16_t admin_id;   /* of the last command */
	uint16_t waiting_id; /* of the one that is waited for; 0: it was completed */
	uint16_t abort_id;   /* of an abort; 0: none is under way */
	struct nvme_completion answer;

	unsigned queue_count;
	struct nvme_queue *queue[NVME_QUEUES_MAX];
	struct pci_interrupts interrupts;
	unsigned disk_count;
	unsigned refused; /* namespaces */
	struct disk *disk[NVME_DISKS_MAX];
	unsigned bad_completions; /* atomic, as the next */
	hv_reference_time_t next_complaint;
};

/* --- nvme_admin.c --- */

/*
 * Carries a command out and waits at most `time`. ERR_DEVICE with a sentence: no
 * answer, then the controller still has it and must be reset, or an error. `result`
 * may be NULL.
 */
ERR_CHECKED enum err nvme_admin(struct nvme *n, struct nvme_command *command, hv_reference_time_t time,
                                uint32_t *result, struct err_text *text);

/* Asks for an I/O command to be aborted, and does not wait. False: an abort is under
 * way already. */
bool nvme_admin_abort(struct nvme *n, uint16_t queue_id, uint16_t tag);

/* Takes what the controller has answered. Any I/O VP. */
void nvme_admin_serve(struct nvme *n);

/* Counts a completion that cannot be, with a line now and then. Any lock. */
void nvme_complain(struct nvme *n, const struct nvme_completion *completion);

/* A millisecond or less: lets others run while NVME_STARTING, spins else. */
void nvme_pause(const struct nvme *n);

/* --- nvme_setup.c --- */

/* Reads capabilities. ERR_UNSUPPORTED or ERR_DEVICE with a sentence. */
ERR_CHECKED enum err nvme_read_capabilities(struct nvme *n, struct err_text *text);

void nvme_disable(struct nvme *n);

/* With fresh rings; while it is disabled. */
void nvme_enable(struct nvme *n);

/* Creates what I/O queues there are, at the controller, all of them within `time`. */
ERR_CHECKED enum err nvme_create_queues(struct nvme *n, hv_reference_time_t time, struct err_text *text);

/* Queues that the controller grants, at most `wanted`; 0 on an error. */
ERR_CHECKED enum err nvme_ask_queues(struct nvme *n, unsigned wanted, hv_reference_time_t time, unsigned *granted,
                                     struct err_text *text);

/* Memory of a queue, at no controller yet. */
struct nvme_queue *nvme_queue_new(struct nvme *n, unsigned index);
void nvme_queue_free(struct nvme_queue *q);

/* --- nvme_io.c --- */

extern const struct disk_driver nvme_disk_driver;

/* Takes completions and issues commands. Returns how many completions. The lock is held. */
unsigned nvme_queue_work(struct nvme_queue *q);

/* struct interrupt_handler's. */
void nvme_queue_serve(struct interrupt_handler *h);

/* --- nvme_moderation.c --- */

/* Before the queue's first interrupt. */
void nvme_moderation_init(struct nvme_queue *q);

/* After an interrupt, or a look: `taken` of the `before` commands that were under way have
 * ended. Decides whether it is interrupts or looks from now on. The lock is held; on the
 * VP that has the interrupt. */
void nvme_moderate(struct nvme_queue *q, unsigned before, unsigned taken);

/* --- nvme_recovery.c --- */

/* The controller is not used any more: all requests end with VOLUME_GONE. */
void nvme_give_up(struct nvme *n, const char *why);

void nvme_check(struct nvme *n, hv_reference_time_t now);
