/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A request goes down with its block moved and its `done` replaced. */
#include "storage/volume_slice.h"

#include <stddef.h>

/* Puts the request back as it was; its owner sees what it submitted. */
static void restore(struct volume_request *r) {
	r->block -= r->slice->first;
	r->done = r->slice_done;
}

static void done_inside(struct volume_request *r, enum volume_result result) {
	struct volume_slice *s = r->slice;

	restore(r);
	__atomic_fetch_sub(&s->outstanding, 1, __ATOMIC_RELEASE);
	r->done(r, result);
}

/* The slice may be gone when its last request is counted out and the lock free:
 * after that it is not looked at. */
static void done_later(struct volume_request *r, enum volume_result result) {
	struct volume_slice *s = r->slice;
	struct volume_owner owner = s->owner;

	if (owner.enter != NULL)
		owner.enter(owner.context);
	restore(r);
	r->done(r, result);
	__atomic_fetch_sub(&s->outstanding, 1, __ATOMIC_RELEASE);
	if (owner.leave != NULL)
		owner.leave(owner.context);
}

static bool has_memory(const struct volume *v, const struct volume_request *r) {
	uint64_t size = 0;

	for (unsigned i = 0; i < r->segment_count; i++)
		size += r->segment[i].size;
	return r->count <= size / v->block_size;
}

static bool is_allowed(const struct volume *v, const struct volume_request *r) {
	bool is_inside = r->count > 0 && r->block < v->block_count && r->count <= v->block_count - r->block;

	switch (r->operation) {
	case VOLUME_READ:
		return is_inside && has_memory(v, r);
	case VOLUME_WRITE:
		return is_inside && has_memory(v, r) && !v->is_read_only;
	case VOLUME_FLUSH:
		return r->count == 0;
	case VOLUME_DISCARD:
		return is_inside && !v->is_read_only && v->can_discard;
	case VOLUME_ZERO:
		return is_inside && !v->is_read_only;
	}
	return false;
}

static void submit(struct volume *v, struct volume_request *r) {
	struct volume_slice *s = (struct volume_slice *)v;

	if (s->is_stopped) {
		r->done(r, VOLUME_GONE);
		return;
	}
	if (!is_allowed(v, r)) {
		r->done(r, VOLUME_FAILED);
		return;
	}
	r->slice = s;
	r->slice_done = r->done;
	r->done = s->base->completes_inside ? done_inside : done_later;
	r->block += s->first;
	__atomic_fetch_add(&s->outstanding, 1, __ATOMIC_RELAXED);
	volume_submit(s->base, r);
}

void volume_slice_init(struct volume_slice *s, struct volume *base, uint64_t first, uint64_t count, bool is_read_only,
                       const struct volume_owner *owner) {
	*s = (struct volume_slice){.volume = *base, .base = base, .first = first};
	s->volume.submit = submit;
	s->volume.block_count = count;
	s->volume.is_read_only = is_read_only || base->is_read_only;
	if (owner != NULL)
		s->owner = *owner;
}

void volume_slice_stop(struct volume_slice *s) { s->is_stopped = true; }

bool volume_slice_is_idle(const struct volume_slice *s) { return volume_slice_outstanding(s) == 0; }

unsigned volume_slice_outstanding(const struct volume_slice *s) {
	return __atomic_load_n(&s->outstanding, __ATOMIC_ACQUIRE);
}
