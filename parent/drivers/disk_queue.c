/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/disk_queue.h"
#include <stddef.h>
#include <string.h>
#include "drivers/disk_cut.h"
#include "runtime/log.h"
#include "runtime/memory.h"

#define PAGE_SIZE    4096u
#define PAGES_SIZE   ((DISK_BOUNCES + 1) * PAGE_SIZE)
#define SLOT_BITS    6u
#define SLOT_MASK    (DISK_SLOTS_MAX - 1)
#define COMMAND_TIME (30 * (hv_reference_time_t)HV_REFERENCE_TIME_HZ)

_Static_assert(1u << SLOT_BITS == DISK_SLOTS_MAX, "a tag holds a slot");

/* volume_data of a request that waits: the next, the disk. Finished: the next, the
 * result. */
static struct volume_request *next_of(const struct volume_request *r) { return r->volume_data[0]; }

static uint16_t tag_of(const struct disk_queue *q, unsigned slot) {
	return (uint16_t)(q->slot[slot].generation << SLOT_BITS | slot);
}

/* The last generation is left out: with the last slot it would be DISK_TAG_NONE. */
static void new_generation(struct disk_slot *s) {
	s->generation = (uint16_t)((s->generation + 1u) % ((1u << (16 - SLOT_BITS)) - 1));
}

bool disk_queue_init(struct disk_queue *q, unsigned slot_count) {
	memset(q, 0, sizeof(*q));
	q->pages = memory_pointer(memory_take(PAGES_SIZE, PAGE_SIZE));
	if (q->pages == NULL)
		return false;
	memset(q->pages, 0, PAGES_SIZE);
	q->is_stopped = true;
	q->slot_count = slot_count;
	q->free_bounces = (1u << DISK_BOUNCES) - 1;
	q->waiting_end = &q->waiting;
	q->finished_end = &q->finished;
	for (unsigned i = 0; i <= DISK_SLOTS_MAX; i++) {
		q->transfer[i].next = q->free;
		q->free = &q->transfer[i];
	}
	return true;
}

void disk_queue_destroy(struct disk_queue *q) {
	if (q->pages != NULL)
		memory_give((uint64_t)(uintptr_t)q->pages, PAGES_SIZE);
	q->pages = NULL;
}

static void count(uint64_t *counter, uint64_t by) { __atomic_fetch_add(counter, by, __ATOMIC_RELAXED); }

/* The first, the second, the fourth failure of a disk, and so on. */
static void report(const struct disk *d, const struct volume_request *r, uint64_t failures) {
	static const char *const names[] = {"read", "write", "flush", "discard", "zeroing"};

	if ((failures & (failures - 1)) == 0)
		log_warning("%s: a %s of %llu blocks at block %llu failed, its failure number %llu", d->name,
		            names[r->operation], (unsigned long long)r->count, (unsigned long long)r->block,
		            (unsigned long long)failures);
}

static void count_end(struct disk *d, const struct volume_request *r, enum volume_result result) {
	uint64_t size = r->count * d->volume.block_size;

	if (result != VOLUME_OK) {
		report(d, r, __atomic_add_fetch(&d->counters.failures, 1, __ATOMIC_RELAXED));
	} else if (r->operation == VOLUME_READ) {
		count(&d->counters.reads, 1);
		count(&d->counters.read_size, size);
	} else if (r->operation == VOLUME_WRITE) {
		count(&d->counters.writes, 1);
		count(&d->counters.written_size, size);
	} else {
		count(&d->counters.others, 1);
	}
}

static void finish(struct disk_queue *q, struct disk *d, struct volume_request *r, enum volume_result result) {
	count_end(d, r, result);
	r->volume_data[0] = NULL;
	r->volume_data[1] = (void *)(uintptr_t)result;
	*q->finished_end = r;
	q->finished_end = (struct volume_request **)&r->volume_data[0];
}

static bool is_sound(const struct disk *d, const struct volume_request *r) {
	const struct volume *v = &d->volume;

	if (r->operation == VOLUME_FLUSH)
		return true;
	if (r->count == 0 || r->block > v->block_count || r->count > v->block_count - r->block)
		return false;
	return r->operation == VOLUME_READ || !v->is_read_only;
}

void disk_queue_add(struct disk_queue *q, struct disk *disk, struct volume_request *r) {
	if (q->dead != VOLUME_OK) {
		finish(q, disk, r, q->dead);
	} else if (!is_sound(disk, r)) {
		finish(q, disk, r, VOLUME_FAILED);
	} else if (r->operation == VOLUME_DISCARD && disk->limits.discard_blocks == 0) {
		finish(q, disk, r, VOLUME_OK);
	} else {
		r->volume_data[0] = NULL;
		r->volume_data[1] = disk;
		*q->waiting_end = r;
		q->waiting_end = (struct volume_request **)&r->volume_data[0];
		q->waiting_count++;
	}
}

static struct volume_request *take_waiting(struct disk_queue *q) {
	struct volume_request *r = q->waiting;

	q->waiting = next_of(r);
	if (q->waiting == NULL)
		q->waiting_end = &q->waiting;
	q->waiting_count--;
	return r;
}

/* --- The life of a transfer. --- */

static struct disk_transfer *start(struct disk_queue *q) {
	struct volume_request *r = take_waiting(q);
	struct disk_transfer *t = q->free;
	struct disk *d = r->volume_data[1];

	q->free = t->next;
	*t = (struct disk_transfer){
	    .request = r,
	    .disk = d,
	    .block = r->block,
	    .left = r->operation == VOLUME_FLUSH ? 0 : r->count,
	    .is_unissued = true,
	    .must_flush =
	        r->operation == VOLUME_WRITE && r->is_durable && d->volume.has_write_cache && !d->limits.has_fua,
	};
	return t;
}

static void end_if_complete(struct disk_queue *q, struct disk_transfer *t) {
	if (t->is_unissued || t->outstanding > 0)
		return;
	if (t->must_flush && t->result == VOLUME_OK) {
		t->must_flush = false;
		t->is_unissued = true;
		t->next = q->flushing;
		q->flushing = t;
		return;
	}
	finish(q, t->disk, t->request, t->result);
	t->next = q->free;
	q->free = t;
}

/* No more of it is issued. */
static void stop(struct disk_queue *q, struct disk_transfer *t, enum volume_result result) {
	if (t->result == VOLUME_OK)
		t->result = result;
	t->left = 0;
	if (t->is_unissued && q->issuing == t) {
		q->issuing = NULL;
		t->is_unissued = false;
	}
}

static uint8_t *bounce_of(const struct disk_queue *q, const struct disk_slot *s) {
	return q->pages + (s->bounce - 1u) * PAGE_SIZE;
}

static void release(struct disk_queue *q, unsigned slot, enum volume_result result) {
	struct disk_slot *s = &q->slot[slot];
	struct disk_transfer *t = s->transfer;

	q->used &= ~(1ull << slot);
	q->used_count--;
	q->again &= ~(1ull << slot);
	new_generation(s);
	if (s->bounce != 0) {
		if (result == VOLUME_OK && s->operation == VOLUME_READ)
			disk_copy(t->request, s->cursor, bounce_of(q, s),
			          (uint32_t)s->count * t->disk->volume.block_size, false);
		q->free_bounces |= 1u << (s->bounce - 1u);
		s->bounce = 0;
	}
	t->outstanding--;
	if (result != VOLUME_OK)
		stop(q, t, result);
	end_if_complete(q, t);
}

/* --- Making commands. --- */

static void fill_zeros(const struct disk_queue *q, struct disk_command *c, uint32_t size) {
	uint64_t zeros = (uint64_t)(uintptr_t)(q->pages + DISK_BOUNCES * PAGE_SIZE);

	for (c->run_count = 0; size > 0; c->run_count++) {
		uint32_t part = size < PAGE_SIZE ? size : PAGE_SIZE;

		c->run[c->run_count] = (struct disk_run){zeros, part};
		size -= part;
	}
}

/* Its memory goes through a page of ours. False: none is free now. */
static bool take_bounce(struct disk_queue *q, struct disk_slot *s, uint32_t size) {
	const struct volume_request *r = s->transfer->request;

	if (q->free_bounces == 0)
		return false;
	s->bounce = (uint8_t)(1 + __builtin_ctz(q->free_bounces));
	q->free_bounces &= q->free_bounces - 1;
	/* A device that does not write what it says would show what was there before. */
	memset(bounce_of(q, s), 0, PAGE_SIZE);
	if (s->operation == VOLUME_WRITE)
		disk_copy(r, s->cursor, bounce_of(q, s), size, true);
	return true;
}

enum cut_result { CUT, CUT_NOT_NOW, CUT_NEVER };

/* Decides how much of a transfer of data the slot's command moves, and its runs. */
static enum cut_result cut_data(struct disk_queue *q, struct disk_slot *s, uint64_t blocks) {
	const struct disk_transfer *t = s->transfer;
	uint32_t block_size = t->disk->volume.block_size;
	uint64_t most = t->disk->limits.transfer_size / block_size;
	uint32_t size = (uint32_t)(blocks < most ? blocks : most) * block_size;
	struct disk_command *c = &q->command;
	struct disk_cursor end = s->cursor;

	if (t->request->operation == VOLUME_ZERO) {
		fill_zeros(q, c, size);
		s->count = size / block_size;
		return CUT;
	}
	if (s->bounce == 0) {
		uint32_t got =
		    disk_cut(&t->disk->limits, t->request, s->cursor, size, block_size, c->run, &c->run_count);

		s->count = got / block_size;
		if (got > 0)
			return CUT;
		size = size < PAGE_SIZE ? size : PAGE_SIZE;
		if (!disk_cursor_advance(t->request, &end, size))
			return CUT_NEVER;
		if (!take_bounce(q, s, size))
			return CUT_NOT_NOW;
		s->count = size / block_size;
	}
	c->run_count = 1;
	c->run[0] = (struct disk_run){(uint64_t)(uintptr_t)bounce_of(q, s), (uint32_t)s->count * block_size};
	return CUT;
}

static enum cut_result cut(struct disk_queue *q, struct disk_slot *s, uint64_t blocks) {
	const struct disk_limits *limits = &s->transfer->disk->limits;
	uint64_t most = s->operation == VOLUME_ZERO ? limits->zero_blocks : limits->discard_blocks;

	q->command.run_count = 0;
	if (s->operation == VOLUME_READ || s->operation == VOLUME_WRITE)
		return cut_data(q, s, blocks);
	s->count = s->operation == VOLUME_FLUSH ? 0 : blocks < most ? blocks : most;
	return CUT;
}

static const struct disk_command *send(struct disk_queue *q, unsigned slot, hv_reference_time_t now) {
	struct disk_slot *s = &q->slot[slot];
	struct disk_command *c = &q->command;

	s->deadline = now + COMMAND_TIME;
	s->is_warned = false;
	c->tag = tag_of(q, slot);
	c->slot = slot;
	c->disk = s->transfer->disk;
	c->operation = s->operation;
	c->is_durable = s->operation == VOLUME_WRITE && s->transfer->request->is_durable && c->disk->limits.has_fua;
	c->block = s->block;
	c->count = s->count;
	return c;
}

/* The same command as before: its memory is cut by the same rules. */
static const struct disk_command *send_again(struct disk_queue *q, hv_reference_time_t now) {
	unsigned slot = (unsigned)__builtin_ctzll(q->again);

	q->again &= q->again - 1;
	(void)cut(q, &q->slot[slot], q->slot[slot].count);
	return send(q, slot, now);
}

static enum volume_operation operation_of(const struct disk_transfer *t) {
	if (t->left == 0)
		return VOLUME_FLUSH;
	if (t->request->operation == VOLUME_ZERO && t->disk->limits.zero_blocks == 0)
		return VOLUME_WRITE;
	return t->request->operation;
}

/* The next command of a transfer, into a free slot. NULL: not now, or never, and then
 * the transfer is ending. */
static const struct disk_command *issue(struct disk_queue *q, struct disk_transfer *t, hv_reference_time_t now) {
	unsigned slot = (unsigned)__builtin_ctzll(~q->used);
	struct disk_slot *s = &q->slot[slot];
	enum cut_result result;

	s->transfer = t;
	s->tries = 0;
	s->bounce = 0;
	s->operation = operation_of(t);
	s->cursor = t->cursor;
	s->block = t->block;
	result = cut(q, s, t->left);
	if (result == CUT_NOT_NOW)
		return NULL;
	if (result == CUT_NEVER) {
		stop(q, t, VOLUME_FAILED);
		end_if_complete(q, t);
		return NULL;
	}
	q->used |= 1ull << slot;
	q->used_count++;
	t->outstanding++;
	t->block += s->count;
	t->left -= s->count;
	if (s->operation == VOLUME_READ || (s->operation == VOLUME_WRITE && t->request->operation == VOLUME_WRITE))
		(void)disk_cursor_advance(t->request, &t->cursor, s->count * t->disk->volume.block_size);
	t->is_unissued = t->left > 0;
	return send(q, slot, now);
}

static bool has_free_slot(const struct disk_queue *q) {
	return q->slot_count == 64 ? q->used != ~0ull : q->used != (1ull << q->slot_count) - 1;
}

const struct disk_command *disk_queue_next(struct disk_queue *q, hv_reference_time_t now) {
	if (q->is_stopped || q->dead != VOLUME_OK)
		return NULL;
	if (q->again != 0)
		return send_again(q, now);
	while (has_free_slot(q)) {
		struct disk_transfer *t = q->flushing;
		const struct disk_command *c;

		if (t != NULL) {
			q->flushing = t->next;
			return issue(q, t, now);
		}
		if (q->issuing == NULL && q->waiting != NULL)
			q->issuing = start(q);
		t = q->issuing;
		if (t == NULL)
			return NULL;
		c = issue(q, t, now);
		if (q->issuing == t && !t->is_unissued)
			q->issuing = NULL;
		if (c != NULL)
			return c;
		if (q->issuing == t) /* no bounce page: one comes back with a command */
			return NULL;
	}
	return NULL;
}

/* --- What the device says. --- */

static bool is_current(const struct disk_queue *q, uint16_t tag) {
	unsigned slot = tag & SLOT_MASK;

	return slot < q->slot_count && q->used >> slot & 1 && !(q->again >> slot & 1) && tag == tag_of(q, slot);
}

static void put_back(struct disk_queue *q, unsigned slot) {
	new_generation(&q->slot[slot]);
	q->again |= 1ull << slot;
}

bool disk_queue_complete(struct disk_queue *q, uint16_t tag, enum volume_result result, bool may_retry) {
	unsigned slot = tag & SLOT_MASK;

	if (!is_current(q, tag))
		return false;
	if (result != VOLUME_OK && may_retry && ++q->slot[slot].tries < DISK_TRIES) {
		put_back(q, slot);
	} else {
		release(q, slot, result);
	}
	return true;
}

uint16_t disk_queue_overdue(const struct disk_queue *q, hv_reference_time_t now) {
	for (uint64_t left = q->used & ~q->again; left != 0; left &= left - 1) {
		unsigned slot = (unsigned)__builtin_ctzll(left);

		if (q->slot[slot].deadline <= now)
			return tag_of(q, slot);
	}
	return DISK_TAG_NONE;
}

bool disk_queue_extend(struct disk_queue *q, uint16_t tag, hv_reference_time_t deadline) {
	struct disk_slot *s = &q->slot[tag & SLOT_MASK];

	if (!is_current(q, tag) || s->is_warned)
		return false;
	s->is_warned = true;
	s->deadline = deadline;
	return true;
}

uint16_t disk_queue_tag(const struct disk_queue *q, unsigned slot) {
	return slot < q->slot_count && (q->used & ~q->again) >> slot & 1 ? tag_of(q, slot) : DISK_TAG_NONE;
}

void disk_queue_requeue(struct disk_queue *q, bool is_try) {
	for (uint64_t left = q->used & ~q->again; left != 0; left &= left - 1) {
		unsigned slot = (unsigned)__builtin_ctzll(left);

		if (is_try)
			(void)disk_queue_complete(q, tag_of(q, slot), VOLUME_FAILED, true);
		else
			put_back(q, slot);
	}
}

void disk_queue_kill(struct disk_queue *q, enum volume_result result) {
	struct disk_transfer *t;

	q->dead = result;
	for (uint64_t left = q->used; left != 0; left &= left - 1)
		release(q, (unsigned)__builtin_ctzll(left), result);
	t = q->issuing;
	if (t != NULL) {
		stop(q, t, result);
		end_if_complete(q, t);
	}
	while ((t = q->flushing) != NULL) {
		q->flushing = t->next;
		t->is_unissued = false;
		t->result = result;
		end_if_complete(q, t);
	}
	while (q->waiting != NULL) {
		struct volume_request *r = take_waiting(q);

		finish(q, r->volume_data[1], r, result);
	}
}

bool disk_queue_has_finished(const struct disk_queue *q) {
	return __atomic_load_n(&q->finished, __ATOMIC_RELAXED) != NULL;
}

void disk_queue_deliver(struct disk_queue *q) {
	struct volume_request *r, *next;

	if (!disk_queue_has_finished(q))
		return;
	spinlock_acquire(&q->lock);
	r = q->finished;
	q->finished = NULL;
	q->finished_end = &q->finished;
	spinlock_release(&q->lock);
	for (; r != NULL; r = next) {
		next = next_of(r);
		r->done(r, (enum volume_result)(uintptr_t)r->volume_data[1]);
	}
}
