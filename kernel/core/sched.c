/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Fair sharing behind the interface of sched.h: every VP has a virtual time, what
 * it has used of its processor, and the VP that is furthest behind runs. A VP that
 * sleeps keeps a bounded credit, so it preempts at its wake-up and cannot hoard.
 * The time in which the parent handles a child's exit is the child's. The I/O VP
 * runs before all others, but gives way for one turn when it has run a whole
 * slice without waiting (architecture.md D5).
 */
#include "core/sched.h"

#include "core/machine.h"
#include "core/parent.h"
#include "core/partition.h"
#include "core/vp.h"
#include "core/vp_events.h"

static struct sched_cpu sched_cpus[MAX_CPUS];

/* Under this lock the VP does not move. */
static struct sched_cpu *lock_home(const struct vp *vp) {
	for (;;) {
		struct sched_cpu *s = __atomic_load_n(&vp->home, __ATOMIC_ACQUIRE)->sched;

		spinlock_acquire(&s->lock);
		if (vp->home->sched == s)
			return s;
		spinlock_release(&s->lock);
	}
}

void sched_init(void) {
	for (uint32_t i = 0; i < cpu_count; i++) {
		struct sched_cpu *s = &sched_cpus[i];

		*s = (struct sched_cpu){
		    .armed = TIMER_NEVER,
		    .slice_tsc = machine_tsc_hz() / 1000000 * SCHED_SLICE_US,
		};
		spinlock_init(&s->lock, RANK_SCHED);
		list_init(&s->ready);
		list_init(&s->intercepts);
		list_init(&s->reap);
		cpus[i].sched = s;
	}
}

struct cpu *sched_place(void) {
	struct cpu *best = &cpus[0];

	for (uint32_t i = 1; i < cpu_count; i++)
		if (cpus[i].sched->child_count < best->sched->child_count)
			best = &cpus[i];
	__atomic_fetch_add(&best->sched->child_count, 1, __ATOMIC_RELAXED);
	return best;
}

/* The processor has something to look at before it enters a VP again. */
static void poke(struct cpu *cpu) {
	__atomic_store_n(&cpu->attention, 1, __ATOMIC_SEQ_CST);
	if (cpu != this_cpu())
		machine_kick(cpu);
}

/* Sorted by virtual time, first come first among equals. */
static void enqueue(struct sched_cpu *s, struct vp *vp) {
	struct list *at = s->ready.previous;

	check(!vp_is_queued(vp));
	while (at != &s->ready && container_of(at, struct vp, link)->virtual_time > vp->virtual_time)
		at = at->previous;
	list_insert_before(at->next, &vp->link);
}

static struct vp *first_of(const struct list *l) {
	return list_is_empty(l) ? NULL : container_of(l->next, struct vp, link);
}

/* The turn has used the processor until now, alone or through the parent. */
static void charge(struct sched_cpu *s, uint64_t now) {
	if (s->turn != NULL)
		s->turn->virtual_time += now - s->turn_since;
	s->turn_since = now;
}

static void begin_turn(struct sched_cpu *s, struct vp *vp, uint64_t now) {
	s->turn_since = now;
	if (s->turn != vp || now >= s->slice_end)
		s->slice_end = now + s->slice_tsc;
	s->turn = vp;
	if (vp->virtual_time > s->floor)
		s->floor = vp->virtual_time;
}

bool sched_hold(struct vp *vp, uint32_t bits) {
	struct sched_cpu *s = lock_home(vp);
	bool is_running = s->running == vp;

	/* Those that were held stay in their queue: it is not that of the ready. */
	if (bits != 0 && vp->hold == 0)
		list_remove(&vp->link);
	vp->hold |= bits;
	if (is_running)
		poke(vp->home);
	spinlock_release(&s->lock);
	return is_running;
}

bool sched_is_running(const struct vp *vp) {
	const struct cpu *home = __atomic_load_n(&vp->home, __ATOMIC_SEQ_CST);

	return __atomic_load_n(&home->sched->running, __ATOMIC_SEQ_CST) == vp;
}

static void release_locked(struct sched_cpu *s, struct vp *vp, uint32_t bits) {
	bool was_held = vp->hold != 0;

	vp->hold &= ~bits;
	if (s->running == vp) {
		poke(vp->home);
	} else if (was_held && vp->hold == 0) {
		/* Back from a sleep: at most one slice of credit. */
		if (vp->virtual_time + s->slice_tsc < s->floor)
			vp->virtual_time = s->floor - s->slice_tsc;
		if (!vp->is_io)
			enqueue(s, vp);
		poke(vp->home);
	}
}

void sched_release(struct vp *vp, uint32_t bits) {
	struct sched_cpu *s = lock_home(vp);

	release_locked(s, vp, bits);
	spinlock_release(&s->lock);
}

struct vp *sched_wait(struct vp *vp, struct vp *child) {
	struct sched_cpu *s = lock_home(vp);
	uint64_t now = machine_tsc();

	vp->hold |= HOLD_WAIT;
	if (child != NULL)
		child->hold &= ~HOLD_INTERCEPT;
	if (child != NULL && child->hold != 0)
		child = NULL;
	if (child != NULL && !list_is_empty(&s->ready) && (s->turn != child || now >= s->slice_end)) {
		enqueue(s, child);
		child = NULL;
	}
	if (child != NULL) {
		if (s->turn != child)
			begin_turn(s, child, now);
		s->running = child;
	}
	spinlock_release(&s->lock);
	return child;
}

/* The VP that just ran goes on unless another is behind it by a granule, or its
 * slice is over. */
static bool keeps_turn(const struct sched_cpu *s, const struct vp *vp, uint64_t now) {
	const struct vp *first = first_of(&s->ready);

	if (vp == NULL || vp->is_io || vp->hold != 0 || vp_is_queued(vp) || s->turn != vp)
		return false;
	return first == NULL ||
	       (now < s->slice_end && first->virtual_time + s->slice_tsc / SCHED_GRANULES >= vp->virtual_time);
}

/* An I/O VP that has run a whole slice without waiting lets the others have one. */
static bool io_vp_goes_first(struct sched_cpu *s, const struct vp *previous, uint64_t now) {
	bool is_wanted = !list_is_empty(&s->ready) || (previous != NULL && previous != s->io_vp && previous->hold == 0);

	if (s->io_vp->hold != 0)
		return false;
	if (is_wanted && s->running == s->io_vp && now - s->io_since >= s->slice_tsc)
		s->io_yields_until = now + s->slice_tsc;
	return !is_wanted || now >= s->io_yields_until;
}

struct vp *sched_next(struct cpu *cpu, struct vp *previous) {
	struct sched_cpu *s = cpu->sched;
	uint64_t now = machine_tsc();
	struct vp *next = NULL;

	spinlock_acquire(&s->lock);
	if (previous == s->turn || (s->turn != NULL && (s->turn->hold & HOLD_INTERCEPT)))
		charge(s, now);
	s->turn_since = now;
	if (io_vp_goes_first(s, previous, now)) {
		next = s->io_vp;
		if (s->running != next)
			s->io_since = now;
	} else if (keeps_turn(s, previous, now)) {
		next = previous;
	}
	if (previous != NULL && previous != next && previous->hold == 0 && !previous->is_io && !vp_is_queued(previous))
		enqueue(s, previous);
	if (next == NULL)
		next = first_of(&s->ready);
	if (next == NULL) {
		s->turn = NULL;
	} else if (!next->is_io) {
		list_remove(&next->link);
		begin_turn(s, next, now);
	}
	s->running = next;
	spinlock_release(&s->lock);
	return next;
}

struct vp *sched_intercept(struct vp *vp) {
	struct sched_cpu *s = lock_home(vp);
	struct vp *io = s->io_vp;
	struct vp *next = NULL;

	vp->hold |= HOLD_INTERCEPT;
	if (vp->hold & HOLD_DEAD) {
		/* It is deleted meanwhile: nobody hears of it. */
	} else if (io->hold == HOLD_WAIT && list_is_empty(&s->intercepts)) {
		vp_wait_complete(io, vp);
		if (s->running == vp && vp->home == this_cpu()) {
			io->hold = 0;
			s->running = io;
			s->io_since = machine_tsc();
			next = io;
		} else {
			release_locked(s, io, HOLD_WAIT);
		}
	} else {
		check(!vp_is_queued(vp));
		list_append(&s->intercepts, &vp->link);
	}
	spinlock_release(&s->lock);
	return next;
}

/* A look without the lock: who adds something now says so afterwards. */
static bool is_empty(const struct list *queue) { return __atomic_load_n(&queue->next, __ATOMIC_SEQ_CST) == queue; }

static struct vp *take_first(struct sched_cpu *s, const struct list *queue) {
	struct vp *vp;

	if (is_empty(queue))
		return NULL;
	spinlock_acquire(&s->lock);
	vp = first_of(queue);
	if (vp != NULL)
		list_remove(&vp->link);
	spinlock_release(&s->lock);
	return vp;
}

struct vp *sched_take_intercept(struct cpu *cpu) {
	return take_first(cpu->sched, &cpu->sched->intercepts);
}

bool sched_has_intercepts(const struct cpu *cpu) { return !is_empty(&cpu->sched->intercepts); }

void sched_wake_waiter(struct vp *vp) {
	struct sched_cpu *s = lock_home(vp);

	if (vp->hold & HOLD_WAIT) {
		vp_wait_complete(vp, NULL);
		release_locked(s, vp, HOLD_WAIT);
	}
	spinlock_release(&s->lock);
}

void sched_reap(struct vp *vp) {
	struct sched_cpu *s = lock_home(vp);

	vp->hold |= HOLD_DEAD;
	list_remove(&vp->link);
	list_append(&s->reap, &vp->link);
	poke(vp->home);
	spinlock_release(&s->lock);
}

/* Runs on home, outside of any VP: nothing of the VP is here afterwards. */
static void let_go(struct sched_cpu *s, struct vp *vp) {
	if (s->turn == vp)
		s->turn = NULL;
	__atomic_fetch_sub(&s->child_count, 1, __ATOMIC_RELAXED);
	timer_queue_set(&s->timers, &vp->timer, TIMER_NEVER);
	vp_let_go(vp);
}

void sched_service_reap(struct cpu *cpu) {
	struct sched_cpu *s = cpu->sched;
	struct vp *vp;

	while ((vp = take_first(s, &s->reap)) != NULL) {
		let_go(s, vp);
		__atomic_store_n(&vp->is_reaped, true, __ATOMIC_RELEASE);
	}
}

static bool has_ready(const struct sched_cpu *s) { return !is_empty(&s->ready); }

static bool is_idle(const struct sched_cpu *s) {
	return __atomic_load_n(&s->running, __ATOMIC_SEQ_CST) == NULL && !has_ready(s);
}

/* The first child that is ready here goes to another processor, where its timer is
 * armed and all that was posted is taken before it is entered. On the way it is in
 * no queue: who holds or releases it meanwhile does so at its new home. */
static void give_to(struct sched_cpu *s, struct cpu *to) {
	struct vp *vp = NULL;

	spinlock_acquire(&s->lock);
	for (struct list *at = s->ready.next; vp == NULL && at != &s->ready; at = at->next)
		if (!container_of(at, struct vp, link)->partition->is_parent)
			vp = container_of(at, struct vp, link);
	if (vp != NULL) {
		list_remove(&vp->link);
		let_go(s, vp);
		vp->needs_events = true;
		vp->virtual_time = __atomic_load_n(&to->sched->floor, __ATOMIC_RELAXED);
		__atomic_fetch_add(&to->sched->child_count, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&vp->home, to, __ATOMIC_SEQ_CST);
	}
	spinlock_release(&s->lock);
	if (vp == NULL)
		return;
	s = lock_home(vp);
	if (vp->hold == 0 && !vp_is_queued(vp) && s->running != vp)
		enqueue(s, vp);
	poke(vp->home);
	spinlock_release(&s->lock);
}

void sched_balance(struct cpu *cpu) {
	const struct cpu *busiest = NULL;

	/* Who becomes idle and who has one too many each look after they have said so:
	 * one of them sees the other. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < cpu_count; i++) {
		const struct sched_cpu *other = cpus[i].sched;

		if (&cpus[i] == cpu)
			continue;
		if (has_ready(cpu->sched) && is_idle(other))
			give_to(cpu->sched, &cpus[i]);
		else if (has_ready(other) && (busiest == NULL || other->child_count > busiest->sched->child_count))
			busiest = &cpus[i];
	}
	if (busiest != NULL && is_idle(cpu->sched))
		poke(&cpus[busiest->index]);
}

void sched_service_timers(struct cpu *cpu) {
	struct sched_cpu *s = cpu->sched;
	struct timer_node *n;

	s->armed = TIMER_NEVER;
	while ((n = timer_queue_pop(&s->timers, machine_tsc())) != NULL) {
		struct vp *vp = container_of(n, struct vp, timer);

		if (vp->partition->is_parent)
			sched_wake_waiter(vp);
		else
			vp_post(vp, POSTED_REFRESH);
	}
}

void sched_set_timer(struct vp *vp, uint64_t deadline) {
	struct sched_cpu *s = vp->home->sched;

	timer_queue_set(&s->timers, &vp->timer, deadline);
	if (timer_queue_earliest(&s->timers) < s->armed)
		sched_arm(vp->home);
}

void sched_arm(struct cpu *cpu) {
	struct sched_cpu *s = cpu->sched;
	uint64_t deadline = timer_queue_earliest(&s->timers);
	uint64_t now = machine_tsc();
	uint64_t end = TIMER_NEVER;

	if (s->running != NULL && s->running->is_io) {
		/* It is watched, and gives way when it has run a whole slice. The turn's
		 * slice has nothing to say meanwhile: it may be over already. */
		end = s->io_since + s->slice_tsc;
		if (list_is_empty(&s->ready) || end <= now)
			end = now + s->slice_tsc;
	} else if (s->running != NULL && (!list_is_empty(&s->ready) || s->io_vp->hold == 0)) {
		/* Somebody waits for the end of this slice: in the queue, or an I/O VP
		 * that gave way. */
		end = s->slice_end;
	}
	if (end < deadline)
		deadline = end;
	if (cpu->index == 0 && parent_watch_deadline() < deadline)
		deadline = parent_watch_deadline();
	if (deadline != s->armed) {
		s->armed = deadline;
		machine_timer_arm(deadline);
	}
}

void sched_end_slice(struct vp *vp) {
	struct sched_cpu *s = vp->home->sched;
	const struct vp *first;

	/* Nobody would get it. Who becomes ready just now preempts by itself. */
	if (!has_ready(s) && __atomic_load_n(&s->io_vp->hold, __ATOMIC_RELAXED) != 0)
		return;
	spinlock_acquire(&s->lock);
	/* Behind the next one, or it could be its turn again: it has given up its credit. */
	first = first_of(&s->ready);
	if (first != NULL && vp->virtual_time < first->virtual_time)
		vp->virtual_time = first->virtual_time;
	s->slice_end = machine_tsc();
	poke(vp->home);
	spinlock_release(&s->lock);
}
