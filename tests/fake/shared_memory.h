/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Shared memory with a hostile peer, linked instead of the real thing: every
 * byte of the watched range changes as soon as it was fetched, and a word that
 * is loaded twice within one step gives garbage the second time.
 */
#pragma once

#include <stddef.h>

struct fake_shared {
	unsigned second_fetches; /* bytes fetched again since they were written */
	unsigned second_loads;   /* words loaded again since the step began */
};
extern struct fake_shared fake_shared;

/* Forgets all; watches [base, base + size), at most 64 KiB. */
void fake_shared_watch(void *base, size_t size);

/* A step: from here on each word may be loaded once. */
void fake_shared_step(void);
