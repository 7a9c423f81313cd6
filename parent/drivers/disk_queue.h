/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What drivers of disks have in common: requests wait, are cut into commands that the
 * device can carry out, and end exactly once, whatever the device says of them. Memory
 * that a device cannot reach goes through bounce pages. Pure; knows no device.
 *
 * Lock: the queue's own, around all but where said. `done` of a request is called by
 * disk_queue_deliver only, with no lock held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/types.h>
#include "runtime/spinlock.h"
#include "storage/volume.h"

#define DISK_SLOTS_MAX    64u
#define DISK_RUNS_MAX     65u          /* DISK_TRANSFER_MAX from the middle of a page */
#define DISK_TRANSFER_MAX (256u << 10) /* bytes of one command */
#define DISK_BOUNCES      8u           /* pages of a queue */
#define DISK_TRIES        3u           /* of a command, before its request fails */
#define DISK_NAME_SIZE    16u
#define DISK_MODEL_SIZE   41u
#define DISK_TAG_NONE     0xffffu

/* What one command of a disk may be. */
struct disk_limits {
	uint32_t transfer_size;  /* bytes, at least a block, at most DISK_TRANSFER_MAX */
	uint32_t zero_blocks;    /* of a command that zeroes; 0: there is none, zeros are written */
	uint64_t discard_blocks; /* of a command that discards; 0: there is none, discards do nothing */
	uint32_t alignment;      /* of a run's address and size, a power of two */
	uint32_t run_size_max;   /* bytes, a power of two, at least a page */
	bool has_page_rule;      /* runs end and begin at page boundaries but for the first and last */
	bool has_fua;            /* one write can be durable */
	uint64_t address_end;    /* runs lie below */
};

/* Added to without a lock. */
struct disk_counters {
	uint64_t reads, writes, others; /* requests that ended well */
	uint64_t read_size, written_size;
	uint64_t failures; /* requests that did not */
};

struct disk;
struct disk_queue;

/* What a driver does for its disks (drivers/disks.h). */
struct disk_driver {
	/* The queue for requests of an I/O VP; always the same. */
	struct disk_queue *(*queue)(struct disk *d, uint32_t vp_index);
	/* Gives the device what disk_queue_next has. The queue's lock is held. */
	void (*issue)(struct disk_queue *q);
};

struct disk {
	struct volume volume; /* first: a volume of ours is a disk */
	char name[DISK_NAME_SIZE];
	char model[DISK_MODEL_SIZE]; /* printable */
	uint32_t unit;               /* the driver's */
	struct disk_limits limits;
	struct disk_counters counters;
	const struct disk_driver *calls;
	void *driver;      /* the driver's */
	struct disk *next; /* drivers/disks.c's */
};

struct disk_run {
	uint64_t address;
	uint32_t size;
};

/* What the device shall do now. */
struct disk_command {
	uint16_t tag;  /* the device gives it back; a late or second answer has an old one */
	unsigned slot; /* below the queue's slot_count, nobody else's until the end */
	const struct disk *disk;
	enum volume_operation operation;
	bool is_durable;
	uint64_t block;
	uint64_t count;
	unsigned run_count; /* VOLUME_READ and _WRITE */
	struct disk_run run[DISK_RUNS_MAX];
};

/* A place in a request's memory. */
struct disk_cursor {
	unsigned segment;
	uint32_t offset;
};

/* A request that is being carried out. */
struct disk_transfer {
	struct volume_request *request;
	struct disk *disk;
	struct disk_cursor cursor; /* of what is not issued yet */
	uint64_t block;            /* the same */
	uint64_t left;             /* blocks, the same */
	unsigned outstanding;      /* commands */
	enum volume_result result;
	bool must_flush; /* before it is done */
	bool is_unissued;
	struct disk_transfer *next; /* in a list of the queue's */
};

struct disk_slot {
	uint16_t generation;
	uint8_t tries;
	uint8_t bounce; /* 1 + its page, 0: none */
	bool is_warned; /* its time was up once */
	struct disk_transfer *transfer;
	struct disk_cursor cursor; /* where its memory begins */
	enum volume_operation operation;
	uint64_t block;
	uint64_t count;
	hv_reference_time_t deadline;
};

struct disk_queue {
	struct spinlock lock;
	bool is_stopped;         /* nothing is issued for now */
	enum volume_result dead; /* not VOLUME_OK: how every request ends */
	struct disk_queue *next; /* drivers/disks.c's */
	unsigned slot_count;
	uint64_t used; /* slots */
	unsigned used_count;
	uint64_t again; /* of these: not at the device, to be issued again */
	struct disk_slot slot[DISK_SLOTS_MAX];
	struct disk_transfer transfer[DISK_SLOTS_MAX + 1];
	struct disk_transfer *free;
	struct disk_transfer *issuing; /* partly issued */
	struct disk_transfer *flushing;
	struct volume_request *waiting, **waiting_end;
	struct volume_request *finished, **finished_end;
	unsigned waiting_count;
	uint8_t *pages; /* the bounce pages, then one of zeros */
	uint32_t free_bounces;
	struct disk_command command;
};

/* No lock. `slot_count` 1..DISK_SLOTS_MAX. False: no memory. The queue starts stopped. */
bool disk_queue_init(struct disk_queue *q, unsigned slot_count);

/* No lock, and nothing outstanding. */
void disk_queue_destroy(struct disk_queue *q);

/* Takes a request in; one that cannot be carried out is finished at once. */
void disk_queue_add(struct disk_queue *q, struct disk *disk, struct volume_request *r);

/* The next command, which the caller gives to the device at once; NULL: none for now.
 * Valid until the next call. */
const struct disk_command *disk_queue_next(struct disk_queue *q, hv_reference_time_t now);

/*
 * The device has ended the command of this tag and touches its memory no more. What may
 * be tried again is, DISK_TRIES times in all. False: there is no such command (any
 * longer), nothing happened.
 */
bool disk_queue_complete(struct disk_queue *q, uint16_t tag, enum volume_result result, bool may_retry);

/* Tag of a command past its deadline, or DISK_TAG_NONE. */
uint16_t disk_queue_overdue(const struct disk_queue *q, hv_reference_time_t now);

/* Gives a command that is overdue time until `deadline`, once. False: it had that before. */
bool disk_queue_extend(struct disk_queue *q, uint16_t tag, hv_reference_time_t deadline);

/* Tag of the command in a slot; DISK_TAG_NONE: none is at the device. */
uint16_t disk_queue_tag(const struct disk_queue *q, unsigned slot);

/* The device has forgotten all commands: they are issued again. If it may have been their
 * fault, `is_try`, they end if they have been tried often enough. */
void disk_queue_requeue(struct disk_queue *q, bool is_try);

/* The device cannot touch memory any more: all requests end so, now and later. */
void disk_queue_kill(struct disk_queue *q, enum volume_result result);

/* No lock needed: is there something for disk_queue_deliver? */
bool disk_queue_has_finished(const struct disk_queue *q);

/* Takes the lock to take what is finished, and calls `done` without. */
void disk_queue_deliver(struct disk_queue *q);
