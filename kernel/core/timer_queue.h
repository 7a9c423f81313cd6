/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Deadlines of one processor: an intrusive pairing heap, so that programming a
 * timer costs a few instructions however many guests sleep. Pure; each queue is
 * used by its own processor only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TIMER_NEVER (~0ull)

struct timer_node {
	uint64_t deadline; /* TSC; TIMER_NEVER: not queued */
	struct timer_node *child;
	struct timer_node *next;  /* right sibling */
	struct timer_node **link; /* what points here: the parent's child or a sibling's next */
};

/* All zero: empty. */
struct timer_queue {
	struct timer_node *root;
};

static inline void timer_node_init(struct timer_node *n) { *n = (struct timer_node){.deadline = TIMER_NEVER}; }

/* Queues, moves or (TIMER_NEVER) removes the node. */
void timer_queue_set(struct timer_queue *q, struct timer_node *n, uint64_t deadline);

static inline uint64_t timer_queue_earliest(const struct timer_queue *q) {
	return q->root != NULL ? q->root->deadline : TIMER_NEVER;
}

/* Removes and returns a node whose deadline is at or before now, or NULL. */
struct timer_node *timer_queue_pop(struct timer_queue *q, uint64_t now);
