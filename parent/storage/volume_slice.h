/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A volume that is a range of another one: a partition, or the whole. It judges
 * every request, so that nothing outside the range reaches the volume below, and
 * brings completions under its owner's lock. One level only: a slice of a slice
 * does not work, since a request has room for one. Pure.
 */
#pragma once

#include "storage/volume.h"

struct volume_slice {
	struct volume volume; /* first: a slice is its volume */
	struct volume *base;  /* not owned */
	uint64_t first;
	struct volume_owner owner;
	bool is_stopped;
	unsigned outstanding; /* requests that are with `base`, atomic */
};

/* The range must lie inside `base`. `owner` may be NULL. Its id is the base's
 * until the caller says otherwise. */
void volume_slice_init(struct volume_slice *s, struct volume *base, uint64_t first, uint64_t count, bool is_read_only,
                       const struct volume_owner *owner);

/* From now on every request ends as VOLUME_GONE, inside volume_submit; those
 * that are with the base go on. Under the owner's lock. */
void volume_slice_stop(struct volume_slice *s);

/* True: no request is with the base. Stopped and idle under the owner's lock, a
 * slice stays idle, and its memory is free to go. */
bool volume_slice_is_idle(const struct volume_slice *s);

/* How many requests are with the base. */
unsigned volume_slice_outstanding(const struct volume_slice *s);
