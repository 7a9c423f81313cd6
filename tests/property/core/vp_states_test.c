/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every state that a child's VP can come to: suspensions, HLT, INIT, SIPI, NMI,
 * interrupts and what the guest does when it runs are tried in every state, breadth
 * first, until no new one appears. After each step: a VP that may not run does not,
 * one that may is where its processor finds it, nothing sleeps on a wake-up, and
 * INIT and SIPI bring it to life from wherever it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/boot.h"
#include "core/exit.h"
#include "core/parent.h"
#include "core/sched.h"
#include "core/vp.h"
#include "core/vp_events.h"
#include "fake/core_world.h"

#define VECTOR      0x51u
#define SIPI_VECTOR 7u
#define STATES_MAX  60000u
#define TABLE_SIZE  (1u << 18)

enum event {
	SUSPEND,
	RESUME,
	SUSPEND_PARTITION,
	RESUME_PARTITION,
	INTERRUPT,
	NMI,
	INIT,
	SIPI,
	RUN, /* passes of the processor, in which the guest, if it runs, does this */
	HLT,
	CLI,
	STI,
	IRET, /* from an NMI */
	EOI,
	EVENTS,
};

static const char *const names[EVENTS] = {"suspend",
                                          "resume",
                                          "suspend partition",
                                          "resume partition",
                                          "interrupt",
                                          "nmi",
                                          "init",
                                          "sipi",
                                          "run",
                                          "hlt",
                                          "cli",
                                          "sti",
                                          "iret",
                                          "eoi"};

/* All that a step changes: one VP, the processor's I/O VP, the processor. */
struct snapshot {
	uint8_t vp[sizeof(struct vp)];
	uint8_t io[sizeof(struct vp)];
	uint8_t control[sizeof(struct fake_vp)];
	uint8_t sched[sizeof(struct sched_cpu)];
	struct cpu cpu;
	struct vp *last;
	uint64_t tsc;
	uint64_t armed;
};

/* What of it tells states apart. */
struct key {
	uint32_t hold, posted;
	uint64_t event;
	uint8_t window, sipi, waits_for_sipi, is_halted, has_nmi, needs_events, wants_nmi, nmi_blocked, runs, queued;
	uint8_t irr, isr, flag, has_open_apic, is_last;
};

static struct vp *vp;
static struct vp *last; /* of the run loop */
static enum event action;
static uint64_t entries;

static struct node {
	struct key key;
	struct snapshot *snapshot;
	uint32_t from;
	enum event by;
} nodes[STATES_MAX];
static uint32_t node_count;
static uint32_t here; /* the state that is being left */

static struct snapshot *save(struct snapshot *s) {
	memcpy(s->vp, vp, sizeof(s->vp));
	memcpy(s->io, vp->home->sched->io_vp, sizeof(s->io));
	memcpy(s->control, vp->hw.control, sizeof(s->control));
	memcpy(s->sched, vp->home->sched, sizeof(s->sched));
	s->cpu = cpus[0];
	s->last = last;
	s->tsc = fake_tsc;
	s->armed = fake_armed[0];
	return s;
}

static void restore(const struct snapshot *s) {
	memcpy(vp, s->vp, sizeof(s->vp));
	memcpy(vp->home->sched, s->sched, sizeof(s->sched));
	memcpy(vp->home->sched->io_vp, s->io, sizeof(s->io));
	memcpy(vp->hw.control, s->control, sizeof(s->control));
	cpus[0] = s->cpu;
	last = s->last;
	fake_tsc = s->tsc;
	fake_armed[0] = s->armed;
}

static bool is_set(enum lapic_register base) { return vp->lapic.reg[base + VECTOR / 32] >> VECTOR % 32 & 1; }

static struct key key_of(void) {
	const struct fake_vp *f = fake_vp_of(vp);
	struct key k;

	memset(&k, 0, sizeof(k));
	k.hold = vp->hold;
	k.posted = vp->posted;
	k.event = vp->hw.event;
	k.window = vp->hw.window;
	k.sipi = vp->sipi_vector;
	k.waits_for_sipi = vp->waits_for_sipi;
	k.is_halted = vp->is_halted;
	k.has_nmi = vp->has_nmi;
	k.needs_events = (uint8_t)(vp->needs_events | vp->needs_delivery << 1);
	k.wants_nmi = vp->hw.wants_nmi_window;
	k.nmi_blocked = f->is_nmi_blocked;
	k.runs = vp->home->sched->running == vp;
	k.queued = vp_is_queued(vp);
	k.irr = is_set(LAPIC_IRR);
	k.isr = is_set(LAPIC_ISR);
	k.flag = (f->state.rflags & RFLAGS_IF) != 0;
	k.has_open_apic = (vp->lapic.reg[LAPIC_SVR] & LAPIC_SVR_ENABLE) != 0;
	k.is_last = last == vp;
	return k;
}

static void print_path(uint32_t node) {
	if (node != 0)
		print_path(nodes[node].from);
	if (node != 0)
		fprintf(stderr, "%s, ", names[nodes[node].by]);
}

#define require(condition, by)                                                                                         \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			print_path(here);                                                                              \
			fprintf(stderr, "%s: hold %x, posted %x\n", names[by], vp->hold, vp->posted);                  \
			fail_msg("%s", #condition);                                                                    \
		}                                                                                                      \
	} while (0)

static void guest(struct vp *entered, struct fake_vp *f, struct vp_exit *exit) {
	require(entered == vp && !vp->waits_for_sipi && !vp->is_halted, action);
	entries++;
	f->state.rip = 0x1000;
	exit->instruction_length = 1;
	exit->reason = action == HLT ? VP_EXIT_HLT : VP_EXIT_INTERRUPT;
	if (action == CLI)
		f->state.rflags &= ~RFLAGS_IF;
	else if (action == STI)
		f->state.rflags |= RFLAGS_IF;
	else if (action == IRET)
		f->is_nmi_blocked = false;
	else if (action == EOI)
		(void)lapic_eoi(&vp->lapic);
	vp->lapic.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	vp->needs_events = true;
	fake_cpu->attention = 1;
}

static void pass(enum event what) {
	action = what;
	last = kernel_pass(&cpus[0], last);
}

static void send(enum lapic_ipi_mode mode, uint8_t vector) {
	const struct lapic_ipi ipi = {.mode = mode, .vector = vector, .destination = vp->index};

	ipi_send(vp->partition, NULL, &ipi);
}

static void step(enum event by) {
	switch (by) {
	case SUSPEND:
		(void)sched_hold(vp, HOLD_EXPLICIT);
		break;
	case RESUME:
		sched_release(vp, HOLD_EXPLICIT);
		break;
	case SUSPEND_PARTITION:
		(void)sched_hold(vp, HOLD_PARTITION);
		break;
	case RESUME_PARTITION:
		sched_release(vp, HOLD_PARTITION);
		break;
	case INTERRUPT:
		send(LAPIC_IPI_FIXED, VECTOR);
		break;
	case NMI:
		send(LAPIC_IPI_NMI, 0);
		break;
	case INIT:
		send(LAPIC_IPI_INIT, 0);
		break;
	case SIPI:
		send(LAPIC_IPI_STARTUP, SIPI_VECTOR);
		break;
	case RUN:
	case HLT:
	case CLI:
	case STI:
	case IRET:
	case EOI:
		pass(by);
		break;
	case EVENTS:
		break;
	}
}

static void judge(enum event by) {
	const struct sched_cpu *s = vp->home->sched;
	const bool is_asleep = vp->hold == HOLD_HALT;

	require(cpus[0].lock_ranks == 0, by);
	require(vp->hold != 0 || vp_is_queued(vp) || s->running == vp, by);
	require(vp->hold == 0 || !vp_is_queued(vp), by);
	require(by < RUN || vp->hold == 0 || s->running != vp || cpus[0].attention != 0, by);
	/* Why it sleeps, and that nothing wakes it. */
	require(!(vp->hold & HOLD_HALT) || vp->is_halted, by);
	require(!(vp->hold & HOLD_STARTUP) || vp->waits_for_sipi, by);
	require(!(vp->hold & (HOLD_HALT | HOLD_STARTUP)) || !(vp->posted & ~POSTED_FLUSH), by);
	require(!is_asleep || !vp->has_nmi || vp_hw_nmi_blocked(&vp->hw), by);
	require(!is_asleep || lapic_pending(&vp->lapic) < 0 || !(fake_vp_of(vp)->state.rflags & RFLAGS_IF), by);
}

/* From here INIT and SIPI start it at the vector's page, if nobody suspends it. */
static void revive(enum event by) {
	uint64_t before;

	sched_release(vp, HOLD_EXPLICIT | HOLD_PARTITION);
	step(INIT);
	before = entries;
	for (unsigned i = 0; i < 3; i++)
		pass(RUN);
	require(vp->hold == HOLD_STARTUP && entries == before, by);
	step(SIPI);
	require(vp->hold == 0, by);
	pass(RUN);
	if (entries == before)
		pass(RUN);
	require(entries > before && fake_vp_of(vp)->state.segment[VP_CS].base == SIPI_VECTOR << 12, by);
}

/* Where the table has this key, or has room for it: nodes by their number + 1. */
static uint32_t *slot_of(const struct key *k) {
	static uint32_t table[TABLE_SIZE];
	const uint8_t *byte = (const uint8_t *)k;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(*k); i++)
		hash = (hash ^ byte[i]) * 0x100000001b3;
	for (uint64_t at = hash >> 20;; at++) {
		uint32_t *slot = &table[at % TABLE_SIZE];

		if (*slot == 0 || memcmp(&nodes[*slot - 1].key, k, sizeof(*k)) == 0)
			return slot;
	}
}

static bool is_known(const struct key *k) { return *slot_of(k) != 0; }

static void add(const struct key *k, uint32_t from, enum event by) {
	check(node_count < STATES_MAX);
	nodes[node_count] = (struct node){*k, save(malloc(sizeof(struct snapshot))), from, by};
	*slot_of(k) = ++node_count;
}

static void every_state_of_a_vp_keeps_the_rules(void **state) {
	struct partition *p = core_child(100, 1);
	struct key k;

	(void)state;
	vp = core_vp(p, 0);
	fake_child_guest = guest;
	last = NULL;
	k = key_of();
	add(&k, 0, RUN);
	for (here = 0; here < node_count; here++)
		for (unsigned e = 0; e < EVENTS; e++) {
			restore(nodes[here].snapshot);
			step((enum event)e);
			judge((enum event)e);
			k = key_of();
			if (is_known(&k))
				continue;
			add(&k, here, (enum event)e);
			revive((enum event)e);
		}
	fprintf(stderr, "%u states\n", node_count);
	assert_true(node_count > 10000);
	restore(nodes[0].snapshot);
	for (uint32_t i = 0; i < node_count; i++)
		free(nodes[i].snapshot);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(every_state_of_a_vp_keeps_the_rules, core_world_setup, core_world_teardown),
	};

	core_world_boot(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
