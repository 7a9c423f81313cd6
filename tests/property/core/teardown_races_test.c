/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every call that takes something away against every call of the list, on two
 * processors: the first stops at each point at which it holds no lock, the other
 * runs there until it ends or waits for the first. Nothing of what was taken away
 * may be touched, everything comes back, and the frames' invariants hold.
 */
#include <semaphore.h>
#include <pthread.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/exit.h"
#include "core/hypercall.h"
#include "core/parent.h"
#include "core/sched.h"
#include "fake/core_world.h"
#include "fake/lock_hook.h"
#include "lib/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STOPS_MAX 250u
#define ROUNDS    2000u

struct call {
	uint64_t control;
	uint64_t privilege;
	const char *name;
	enum hypercall_form form;
};

static const struct call calls[] = {
#define HV_CALL(NAME, name, code, privilege, target, form, in, rep_in, out, rep_out)                                   \
	{code, HV_PRIVILEGE_##privilege, #name, HYPERCALL_##form},
#include <hv_abi/calls.def>
#undef HV_CALL
};

static const uint16_t teardowns[] = {
    HV_CALL_FINALIZE_PARTITION, HV_CALL_DELETE_PARTITION,       HV_CALL_DELETE_VP,       HV_CALL_UNMAP_GPA_PAGES,
    HV_CALL_WITHDRAW_MEMORY,    HV_CALL_SET_PARTITION_PROPERTY, HV_CALL_SET_VP_REGISTERS};

/* The two sides take turns; each has a processor. */
static sem_t go[2];
static _Thread_local unsigned side;
static _Thread_local bool is_serving;
static bool is_done[2];
static bool is_waiting[2]; /* it has kicked the other and waits for it */
static bool has_begun;     /* the second */
static unsigned stop_at, stops;
static pthread_t thread;
static struct vp *caller[2];
static const struct call *call_of[2];
static uint64_t page[2][2];
static struct partition *p;

static void serve(unsigned cpu) {
	struct cpu *self = fake_cpu;

	is_serving = true;
	fake_cpu = &cpus[cpu];
	shootdown_service(fake_cpu);
	sched_service_reap(fake_cpu);
	if (fake_cpu->sched->running != NULL && fake_cpu->sched->running->hold != 0)
		fake_cpu->sched->running = NULL; /* it is put away */
	fake_cpu = self;
	is_serving = false;
}

/* The other side goes on, until it gives the turn back; one that has ended serves. */
static void yield(void) {
	const unsigned other = !side;

	if (is_done[other] || !has_begun) {
		serve(other);
		return;
	}
	sem_post(&go[other]);
	sem_wait(&go[side]);
}

static void on_kick(struct cpu *cpu) {
	if (cpu == fake_cpu || fake_cpu->lock_ranks != 0) /* a shootdown holds no lock */
		return;
	is_waiting[side] = has_begun && !is_done[!side];
	yield();
}

static uint64_t run(void) {
	struct vp *vp = caller[side];
	struct vp_exit exit = {.reason = VP_EXIT_HYPERCALL, .instruction_length = 3};
	const struct call *c = call_of[side];
	const uint64_t rip = vp_read(vp, rip);
	const bool is_register = c->form == HYPERCALL_REGISTER;
	const bool is_rep = c->form == HYPERCALL_REP || c->form == HYPERCALL_REP_VARIABLE;

	fake_cpu = &cpus[side];
	vp_gpr(vp)[HV_RCX] =
	    c->control | (is_rep ? 1ull << HV_CONTROL_REP_COUNT_SHIFT : 0) | (is_register ? HV_CONTROL_FAST : 0);
	vp_gpr(vp)[HV_RDX] = is_register ? 0 : page[side][0] * PAGE_SIZE;
	vp_gpr(vp)[HV_R8] = is_register ? 0 : page[side][1] * PAGE_SIZE;
	for (unsigned i = 0; vp_read(vp, rip) == rip && vp->hw.event == 0; i++) {
		check(i < ROUNDS);
		if (i > 0) {
			serve(side);
			yield();
			if (!vp->partition->is_parent && vp->hold != 0)
				break; /* its processor has put it away in the middle */
		}
		(void)exit_handle(vp, &exit);
		check(fake_cpu->lock_ranks == 0);
		is_waiting[side] = false;
	}
	return vp_gpr(vp)[HV_RAX] & HV_RESULT_STATUS_MASK;
}

static void *second(void *argument) {
	side = 1;
	sem_wait(&go[1]);
	if (caller[1]->partition->is_parent || caller[1]->hold == 0)
		(void)run();
	cpus[1].sched->running = NULL; /* a pass of the run loop, and the VP is held */
	is_done[1] = true;
	sem_post(&go[0]);
	return argument;
}

/* No lock is held here. */
static void on_unlocked(void) {
	if (is_serving)
		return;
	if (side == 0 && call_of[0] != NULL && !has_begun && ++stops == stop_at) {
		has_begun = true;
		yield();
	} else if (is_waiting[side]) {
		yield();
	}
}

/* What the calls name: the child, its VP 1, its page 3. */
static void fill(unsigned who) {
	uint64_t *in = (uint64_t *)fake_machine_bytes(sfn(page[who][0]));

	memset(in, 0, PAGE_SIZE);
	in[0] = p->id;
	switch (call_of[who]->control) {
	case HV_CALL_SET_PARTITION_PROPERTY:
		*(struct hv_set_partition_property_in *)in = (struct hv_set_partition_property_in){
		    .partition_id = p->id, .property = HV_PROPERTY_SUSPEND, .value = 1};
		break;
	case HV_CALL_GET_PARTITION_PROPERTY:
		in[1] = HV_PROPERTY_DEPOSIT_FREE;
		break;
	case HV_CALL_CREATE_VP:
		in[1] = 2ull << 32 | 2;
		break;
	case HV_CALL_MAP_GPA_PAGES:
		in[1] = 20;
		in[2] = HV_MAP_GPA_RWX;
		in[3] = core_free_page();
		break;
	case HV_CALL_UNMAP_GPA_PAGES:
		in[1] = 3;
		break;
	case HV_CALL_DEPOSIT_MEMORY:
		in[1] = core_free_page();
		break;
	case HV_CALL_DELETE_VP:
		in[1] = 1;
		break;
	case HV_CALL_GET_VP_REGISTERS:
		in[1] = 1;
		in[2] = HV_REGISTER_EXPLICIT_SUSPEND;
		break;
	case HV_CALL_SET_VP_REGISTERS:
		in[1] = 1;
		in[2] = HV_REGISTER_EXPLICIT_SUSPEND;
		in[4] = 1;
		break;
	case HV_CALL_ASSERT_VIRTUAL_INTERRUPT:
		in[3] = 0x55;
		break;
	case HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI:
		in[0] = 0x55;
		break;
	case HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE:
	case HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST:
		in[1] = HV_FLUSH_ALL_PROCESSORS;
		break;
	case HV_CALL_CHECK_INVARIANTS:
	case HV_CALL_GET_COUNTERS:
		in[0] = 0;
		break;
	default:
		break;
	}
}

static bool is_a_childs(const struct call *c) {
	return c->control == HV_CALL_NOTIFY_LONG_SPIN_WAIT ||
	       (c->privilege & (HV_PRIVILEGE_HINTED_FLUSH_EX | HV_PRIVILEGE_HINTED_IPI));
}

/* One pair, with the stop at one place. False: the first call has fewer. */
static bool race(const struct call *first, const struct call *other, unsigned at) {
	hv_partition_id_t id;

	p = core_child(100, 2);
	id = p->id;
	p->cpu.vp_count = 3;
	p->cpu.hints = CPUID_CHILD_HINTS;
	core_start(core_vp(p, 0));
	core_start(core_vp(p, 1));
	check(p->vp[1]->home == &cpus[1]);
	if (first->control == HV_CALL_DELETE_PARTITION)
		check(core_call(HV_CALL_FINALIZE_PARTITION, &id, sizeof(id), NULL, 0) == HV_STATUS_SUCCESS);
	caller[0] = parent_vp(0);
	caller[1] = parent_vp(1);
	if (is_a_childs(other) && p->vp_count > 0) {
		caller[1] = core_vp(p, 1);
		core_running(caller[1]);
	}
	call_of[0] = first;
	call_of[1] = other;
	fill(0);
	fill(1);
	is_done[0] = is_done[1] = is_waiting[0] = is_waiting[1] = has_begun = false;
	stops = 0;
	stop_at = at;
	sem_init(&go[0], 0, 0);
	sem_init(&go[1], 0, 0);
	check(pthread_create(&thread, NULL, second, NULL) == 0);
	fake_on_kick = on_kick;
	side = 0;
	(void)run();
	is_done[0] = true;
	call_of[0] = NULL;
	if (!has_begun) {
		has_begun = true;
		at = 0;
	}
	while (!is_done[1]) {
		serve(0);
		is_waiting[0] = false;
		sem_post(&go[1]);
		sem_wait(&go[0]);
	}
	pthread_join(thread, NULL);
	cpus[1].sched->running = NULL;
	return at != 0;
}

static void (*kick_before)(struct cpu *cpu);

static void clean_up(void) {
	fake_on_kick = kick_before;
	fake_cpu = &cpus[0];
	core_passes(2);
	check(core_destroy(p->id) == HV_STATUS_SUCCESS);
}

static const struct call *find(uint16_t code) {
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].control == code)
			return &calls[i];
	return NULL;
}

/* Every stop of a pair; how many there were. */
static unsigned race_all(const struct call *first, const struct call *other) {
	unsigned at = 0;
	bool more = true;

	(void)core_world_setup(NULL);
	while (more) {
		check(++at < STOPS_MAX);
		more = race(first, other, at);
		clean_up();
	}
	(void)core_world_teardown(NULL); /* proves the frames, counts the pages */
	return at;
}

/* Each pair in a process of its own: the fake machine's memory is small. */
static void every_teardown_stands_every_other_call(void **state) {
	unsigned races = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		page[i / 2][i % 2] = core_free_page();
	kick_before = fake_on_kick;
	lock_hook = on_unlocked;
	for (unsigned t = 0; t < sizeof(teardowns) / sizeof(teardowns[0]); t++)
		for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
			const pid_t child = calls[i].control != HV_CALL_REPORT_DEATH ? fork() : -1;
			int status;

			if (child == 0)
				_exit((int)race_all(find(teardowns[t]), &calls[i]) & 0xff);
			if (child < 0)
				continue;
			assert_int_equal(waitpid(child, &status, 0), child);
			if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
				fail_msg("%s against %s", find(teardowns[t])->name, calls[i].name);
			races += (unsigned)WEXITSTATUS(status);
		}
	lock_hook = NULL;
	fprintf(stderr, "%u races\n", races);
	assert_true(races > 1000);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_teardown_stands_every_other_call)};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
