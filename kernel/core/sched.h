/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which VP a processor runs. An I/O VP runs before the children of its
 * processor; the others share it fairly in slices. A VP is ready when no
 * hold bit is set. The policy is behind this interface: weights, caps and
 * reserves change sched.c only (architecture.md D5). A child's VP that is ready
 * moves to a processor that has nothing to do.
 */
#pragma once

#include "core/cpu.h"
#include "core/locks.h"
#include "core/timer_queue.h"
#include "lib/list.h"

struct vp;

#define SCHED_SLICE_US 10000u
#define SCHED_GRANULES 10u /* a wake-up preempts who is ahead by a slice / this */

struct sched_cpu {
	struct spinlock lock;
	struct list ready;         /* VPs without a hold, not running, by virtual time */
	struct list intercepts;    /* children whose intercept waits for the I/O VP */
	struct list reap;          /* VPs that home must let go of */
	struct vp *io_vp;          /* I the parent's, pinned here */
	uint64_t io_since;         /* TSC since which it runs without waiting */
	uint64_t io_yields_until;  /* TSC until which the others go first */
	struct vp *turn;           /* the VP whose slice this is; may be held meanwhile */
	uint64_t turn_since;       /* TSC up to which the turn has been charged */
	uint64_t floor;            /* highest virtual time that has run */
	uint32_t child_count;      /* VPs of children at home here */
	struct vp *running;        /* the VP in the run loop's hands, or NULL */
	struct timer_queue timers; /* own processor only */
	uint64_t armed;            /* deadline that the machine's timer is armed for, 0: it fired */
	uint64_t slice_end;        /* TSC */
	uint64_t slice_tsc;        /* length of a slice in TSC ticks */
};

void sched_init(void);

/* Chooses the first home of a new child VP: the processor with the fewest. */
struct cpu *sched_place(void);

/* Adds reasons not to run, or none, to ask. True: the VP is still in its
 * processor's hands; it was kicked and stops soon, the caller does not wait. */
bool sched_hold(struct vp *vp, uint32_t bits);

/* It is in its processor's hands at this moment; no lock. */
bool sched_is_running(const struct vp *vp);

/* Takes reasons away; a VP without any becomes ready on its home. One that runs
 * is made to look at what was posted to it. */
void sched_release(struct vp *vp, uint32_t bits);

/* After sched_next, outside of any VP: children that are ready and not the next go to
 * processors with nothing to do; with nothing to do, asks the busiest for one. */
void sched_balance(struct cpu *cpu);

/* The VP leaves this processor's hands; called by the run loop. */
struct vp *sched_next(struct cpu *cpu, struct vp *previous);

/* The VP of the parent that runs here waits from now on. HOLD_INTERCEPT of `child`,
 * of this processor too or NULL, ends. Returns the child if it is to run next, the
 * direct way back, else NULL. */
struct vp *sched_wait(struct vp *vp, struct vp *child);

/* Ends the wait of a VP of the parent, if it waits. Any processor. */
void sched_wake_waiter(struct vp *vp);

/* A child's intercept is complete in its page: it is held, and its home's I/O VP
 * gets it, at once if that waits. Returns the I/O VP if it is to run next, the
 * direct way after an exit, else NULL (run loop: call sched_next). For a VP that
 * is held already, on any processor. */
struct vp *sched_intercept(struct vp *vp);

/* Takes the oldest queued intercept of this processor, or NULL. */
struct vp *sched_take_intercept(struct cpu *cpu);

/* Is one queued? No lock. */
bool sched_has_intercepts(const struct cpu *cpu);

/* The running VP gives the rest of its slice away. */
void sched_end_slice(struct vp *vp);

/* Asks home to let go of the VP for good, once; vp->is_reaped says when. */
void sched_reap(struct vp *vp);
void sched_service_reap(struct cpu *cpu);

/* The VP's timer. Its home processor only. */
void sched_set_timer(struct vp *vp, uint64_t deadline);

/* This processor's timer: expires what is due, then arms for the rest. */
void sched_service_timers(struct cpu *cpu);
void sched_arm(struct cpu *cpu);
