/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The scheduler on random traces: four processors, children that halt, exit to
 * the parent, send each other IPIs and compute; a parent that answers late, and
 * calls from other processors at any moment in between. Judged throughout: a held
 * VP never runs, nobody who is ready starves, no processor idles while work is
 * ready on any, no wake-up is lost while VPs move. usage: [seed]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/parent.h"
#include "core/sched.h"
#include "core/vp_events.h"
#include "core/vp.h"
#include "fake/core_world.h"
#include "lib/bits.h"

#define CPUS              4u
#define VPS               14u
#define ROUNDS            200000u
#define VECTOR            0x50u

/* Ready and not run for so much of its processor's own time is starving: a slice
 * for each VP that shares the processor, each with one of the I/O VP's, twice. */
#define PATIENCE(sharers) (2ull * 2 * ((sharers) + 1) * SCHED_SLICE_US * (FAKE_TSC_HZ / 1000000))

static uint64_t seed;
static uint64_t random_state;
static struct vp *vps[VPS];
static uint64_t local_time[CPUS];   /* ticks that passed in a processor's own passes */
static uint64_t looked_at[CPUS];    /* local_time at the last look for starving */
static uint64_t waited[VPS];        /* of its homes' local time, since it ran or was held */
static bool was_ready[VPS];         /* at the last look, and has not run since */
static unsigned sharers[VPS];       /* most VPs at its homes meanwhile */
static const struct cpu *home[VPS]; /* at the last look */
static uint64_t moves;
static uint64_t sent[VPS];              /* interrupts sent since the last was delivered */
static uint64_t held_by_us;             /* bit per VP: HOLD_EXPLICIT is set by the test */
static uint32_t answers[CPUS][VPS * 2]; /* slots that the parent has yet to answer */
static unsigned answer_count[CPUS];
static bool is_draining;
static bool is_busy; /* the children hardly ever sleep */
static bool is_asleep[CPUS];
static unsigned depth; /* of meddling */
static uint64_t entries;
static unsigned entries_of_pass;
static uint64_t idle_count;

static uint64_t random_u64(void) {
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static unsigned index_of(const struct vp *vp) {
	for (unsigned i = 0; i < VPS; i++)
		if (vps[i] == vp)
			return i;
	fail_msg("a VP that is not ours");
	return 0;
}

/* --- Judgment. --- */

static void look_for_starving(void) {
	for (unsigned i = 0; i < VPS; i++) {
		const uint32_t c = vps[i]->home->index;

		if (home[i] != vps[i]->home) {
			moves++;
			was_ready[i] = false;
		}
		home[i] = vps[i]->home;
		if (vps[i]->hold != 0)
			waited[i] = 0;
		if (waited[i] == 0 || cpus[c].sched->child_count > sharers[i])
			sharers[i] = cpus[c].sched->child_count;
		/* A pass may be long while nobody waits: the one in which it became ready
		 * or came here, or ran last, does not count. */
		if (vps[i]->hold == 0 && was_ready[i])
			waited[i] += local_time[c] - looked_at[c];
		was_ready[i] = vps[i]->hold == 0;
		if (waited[i] > PATIENCE(sharers[i]))
			fail_msg("VP %u is ready for %llu us and does not run", i,
			         (unsigned long long)waited[i] / 1000);
	}
	memcpy(looked_at, local_time, sizeof(looked_at));
}

/* If VPs wait behind others while this processor idles, it has asked one of their
 * homes for one. */
static void look_for_work(const struct cpu *cpu) {
	unsigned waiting = 0;
	unsigned asked = 0;

	for (unsigned i = 0; i < VPS; i++)
		if (vps[i]->home != cpu && vp_is_queued(vps[i]) && vps[i]->hold == 0) {
			waiting++;
			asked += vps[i]->home->attention != 0;
		}
	if (waiting > 0 && asked == 0)
		fail_msg("processor %u idles while %u VPs wait behind others", cpu->index, waiting);
}

/* A processor idles: none of its VPs may be ready, and a halted one has nothing. */
static void on_idle(struct cpu *cpu) {
	idle_count++;
	look_for_work(cpu);
	for (unsigned i = 0; i < VPS; i++) {
		if (vps[i]->home != cpu)
			continue;
		if (vps[i]->hold == 0)
			fail_msg("processor %u idles while VP %u is ready", cpu->index, i);
		if (vps[i]->hold == HOLD_HALT && (vps[i]->posted & POSTED_INTERRUPTS))
			fail_msg("VP %u sleeps on an interrupt", i);
	}
	if (parent_vp(cpu->index)->hold == 0)
		fail_msg("processor %u idles while its I/O VP is ready", cpu->index);
	if (parent_vp(cpu->index)->events->device[0] != 0)
		fail_msg("the I/O VP of processor %u sleeps on an event", cpu->index);
	is_asleep[cpu->index] = true;
	fake_tsc += random_u64() % 200000;
}

static void step(uint32_t cpu) {
	const uint64_t before = fake_tsc;

	/* A processor that sleeps makes no pass unless it was woken. */
	if (is_asleep[cpu] && cpus[cpu].attention == 0 && fake_armed[cpu] > fake_tsc) {
		fake_tsc += 1000;
		return;
	}
	is_asleep[cpu] = false;
	entries_of_pass = 0;
	core_pass(cpu);
	local_time[cpu] += fake_tsc - before;
}

static void step_all(void) {
	for (uint32_t c = 0; c < CPUS; c++)
		step(c);
}

/* --- What others do meanwhile. --- */

static void meddle(void) {
	struct cpu *self = fake_cpu;
	const unsigned i = (unsigned)(random_u64() % VPS);

	/* Interference would hide starvation: a VP that was held may wait anew. */
	if (depth > 0 || (is_busy && random_u64() % 256 != 0))
		return;
	depth++;
	fake_cpu = &cpus[random_u64() % CPUS];
	switch (random_u64() % 8) {
	case 0:
	case 1:
	case 2:
		sent[i]++;
		vp_post_interrupt(vps[i], VECTOR, false);
		break;
	case 3:
		if (!(held_by_us & BIT(i))) {
			held_by_us |= BIT(i);
			waited[i] = 0;
			sched_hold(vps[i], HOLD_EXPLICIT);
		}
		break;
	case 4:
	case 5:
		if (held_by_us & BIT(i)) {
			held_by_us &= ~BIT(i);
			sched_release(vps[i], HOLD_EXPLICIT);
		}
		break;
	case 6:
		vp_wait_signal(parent_vp(random_u64() % CPUS), offsetof(struct hv_event_page, device) / 8, 1);
		break;
	default:
		waited[i] = 0;
		sched_hold(vps[i], HOLD_PARTITION);
		sched_release(vps[i], HOLD_PARTITION);
		break;
	}
	fake_cpu = self;
	depth--;
}

/* In the middle of core's own work: something arrives just now. */
static void on_tsc(void) {
	struct cpu *self = fake_cpu;
	struct vp *vp = self->current;

	if (is_draining || vp == NULL || vp->partition->is_parent || random_u64() % 8 != 0)
		return;
	fake_cpu = &cpus[random_u64() % CPUS];
	sent[index_of(vp)]++;
	vp_post_interrupt(vp, VECTOR, false);
	fake_cpu = self;
}

static void on_arm(void) {
	struct cpu *self = fake_cpu;

	if (is_draining || random_u64() % 8 != 0)
		return;
	fake_cpu = &cpus[random_u64() % CPUS];
	vp_wait_signal(parent_vp(self->index), offsetof(struct hv_event_page, device) / 8, 1);
	fake_cpu = self;
}

/* --- Guests. --- */

static void end_interrupt(struct vp *vp, const struct fake_vp *f) {
	const unsigned i = index_of(vp);

	if (f->last_event != (HV_EVENT_PENDING | (uint64_t)VECTOR << 16))
		return;
	sent[i] = 0;
	(void)lapic_eoi(&vp->lapic);
	vp->needs_events = true;
}

static void child(struct vp *vp, struct fake_vp *f, struct vp_exit *exit) {
	const uint64_t r = random_u64();

	entries++;
	/* Not for ever: the parent's watchdog sees the time of all processors. */
	if (++entries_of_pass == 400)
		fake_cpu->attention = 1;
	waited[index_of(vp)] = 0;
	was_ready[index_of(vp)] = false;
	end_interrupt(vp, f);
	f->last_event = 0;
	fake_tsc += 500 + r % 4096;
	if (!is_draining && r >> 20 & 1)
		meddle();
	exit->instruction_length = 1;
	if (fake_cpu->attention != 0 || fake_armed[fake_cpu->index] <= fake_tsc) {
		exit->reason = VP_EXIT_INTERRUPT; /* the kick, the timer */
		return;
	}
	if (is_busy && !is_draining && (r >> 28 & 31) != 0) {
		fake_tsc += r >> 36 & 0xfffff;
		exit->reason = VP_EXIT_INTERRUPT;
		return;
	}
	switch (is_draining ? 0 : r >> 24 & 7) {
	case 0:
	case 1:
		exit->reason = VP_EXIT_HLT;
		f->state.rip = 0x1000;
		break;
	case 2:
		exit->reason = VP_EXIT_IO;
		exit->u.io.size = 1;
		break;
	default:
		fake_tsc += r >> 32 & 0xfffff;
		exit->reason = VP_EXIT_INTERRUPT;
		break;
	}
}

/* Takes what VpWait gave; answers the oldest or none, waits or only asks. */
static void parent(struct vp *vp, struct fake_vp *f, struct vp_exit *exit) {
	const uint32_t c = vp->index;
	const uint64_t result = vp_gpr(vp)[HV_RAX];
	uint32_t slot = HV_SLOT_NONE;
	uint64_t until;

	/* One I/O VP never sleeps while the children are busy: it must give way. */
	const bool is_greedy = is_busy && !is_draining && c == 1;

	(void)f;
	if (fake_armed[fake_cpu->index] <= fake_tsc) {
		exit->reason = VP_EXIT_INTERRUPT;
		return;
	}
	if (!vp->is_io) {
		core_exit_vp_wait(vp, exit, HV_SLOT_NONE, HV_DEADLINE_NEVER);
		return;
	}
	if ((result & HV_RESULT_STATUS_MASK) != HV_STATUS_SUCCESS)
		fail_msg("VpWait gave %llx", (unsigned long long)result);
	if (result >> HV_VP_WAIT_REASON_SHIFT & HV_VP_WAIT_INTERCEPT) {
		assert_true(answer_count[c] < VPS);
		answers[c][answer_count[c]++] = (uint32_t)(result >> HV_VP_WAIT_SLOT_SHIFT);
	}
	vp_gpr(vp)[HV_RAX] = 0;
	memset(vp->events, 0, offsetof(struct hv_event_page, reserved));
	fake_tsc += is_greedy ? 200000 : 200 + random_u64() % 1024;
	if (!is_draining && random_u64() % 4 == 0)
		meddle();
	if (answer_count[c] > 0 && (is_draining || random_u64() % 8 != 0)) {
		slot = answers[c][0];
		answer_count[c]--;
		memmove(answers[c], answers[c] + 1, answer_count[c] * sizeof(answers[c][0]));
	}
	/* It must not sleep on answers that it owes. */
	until = is_draining || random_u64() % 2
	            ? HV_DEADLINE_NEVER
	            : reference_time_at(&parent_partition.time, fake_tsc) + random_u64() % 10000;
	core_exit_vp_wait(vp, exit, slot, answer_count[c] > 0 || is_greedy ? 0 : until);
}

/* Everybody is let go and nothing more is sent: all that was sent must arrive. */
static void drain(void) {
	is_draining = true;
	fake_cpu = &cpus[0];
	for (unsigned i = 0; i < VPS; i++)
		if (held_by_us & BIT(i))
			sched_release(vps[i], HOLD_EXPLICIT);
	held_by_us = 0;
	for (unsigned round = 0; round < 400; round++)
		step_all();
	for (unsigned i = 0; i < VPS; i++) {
		if (sent[i] != 0)
			fail_msg("VP %u never saw its interrupt", i);
		if (vps[i]->hold != HOLD_HALT)
			fail_msg("VP %u does not sleep in the end: hold %x", i, vps[i]->hold);
	}
	for (uint32_t c = 0; c < CPUS; c++) {
		assert_int_equal(parent_vp(c)->hold, HOLD_WAIT);
		assert_true(list_is_empty(&cpus[c].sched->intercepts));
	}
	is_draining = false;
}

static void random_traces_keep_the_promises_of_the_scheduler(void **state) {
	struct partition *p = core_child(200, VPS);

	(void)state;
	fake_child_guest = child;
	fake_parent_guest = parent;
	fake_on_idle = on_idle;
	fake_on_arm = on_arm;
	fake_on_tsc = on_tsc;
	for (unsigned i = 0; i < VPS; i++) {
		vps[i] = core_vp(p, i);
		home[i] = vps[i]->home;
		waited[i] = 0;
		core_start(vps[i]);
		vps[i]->lapic.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		meddle();
		step(random_u64() % CPUS);
		if (round % 8 == 0)
			step_all(); /* no processor is left alone for long */
		look_for_starving();
		if (round % 5000 == 4999) {
			drain();
			is_busy = !is_busy;
		}
	}
	drain();
	assert_true(entries > ROUNDS / 2);
	assert_true(idle_count > 0);
	assert_true(moves > 100);
	fake_child_guest = NULL;
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(random_traces_keep_the_promises_of_the_scheduler, core_world_setup,
	                                    core_world_teardown),
	};

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	random_state = seed * 2 + 1;
	fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
	core_world_boot(CPUS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
