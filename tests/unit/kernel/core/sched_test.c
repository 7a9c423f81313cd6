/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of how a VP gets another home: when, with what, and what may come in between; and of who
 * is next. */
#include "core_test.h"
#include "core/sched.h"
#include "core/vp_events.h"
#include "core/parent.h"

static struct partition *p;
static struct vp *first;
static struct vp *second; /* at home on the same processor */

/* VPs 0 and 2 are at home on processor 0, VP 1 on the other, which idles. */
static int setup(void **state) {
	(void)core_world_setup(state);
	core_passes(2); /* nothing runs any more */
	p = core_child(100, 3);
	first = core_vp(p, 0);
	second = core_vp(p, 2);
	assert_ptr_equal(first->home, &cpus[0]);
	assert_ptr_equal(second->home, &cpus[0]);
	core_start(first);
	core_start(second);
	fake_cpu = &cpus[0];
	return 0;
}

static void a_vp_that_waits_behind_another_moves_to_an_idle_processor(void **state) {
	const uint32_t count[2] = {cpus[0].sched->child_count, cpus[1].sched->child_count};

	(void)state;
	core_pass(0); /* one runs, the other has gone */
	assert_ptr_not_equal(first->home, second->home);
	assert_int_equal(cpus[0].sched->child_count, count[0] - 1);
	assert_int_equal(cpus[1].sched->child_count, count[1] + 1);
	assert_int_equal(cpus[1].attention, 1);
	core_pass(1);
	assert_int_equal(fake_vp_of(first)->entries, 1);
	assert_int_equal(fake_vp_of(second)->entries, 1);
}

static void a_vp_alone_stays_where_it_is(void **state) {
	(void)state;
	(void)sched_hold(second, HOLD_EXPLICIT);
	for (unsigned i = 0; i < 10; i++)
		core_passes(1);
	assert_ptr_equal(first->home, &cpus[0]);
	assert_true(fake_vp_of(first)->entries > 0);
}

static void a_processor_that_becomes_idle_asks_the_busy_one(void **state) {
	(void)state;
	cpus[0].attention = 0;
	cpus[1].attention = 0;
	core_pass(1);
	assert_int_equal(cpus[0].attention, 1);
}

static void nothing_of_it_stays_and_its_timer_comes_along(void **state) {
	struct vp *moved;

	(void)state;
	/* Its local APIC's timer, armed at the old home. */
	second->lapic.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	first->lapic.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	sched_set_timer(first, fake_tsc + 5000);
	sched_set_timer(second, fake_tsc + 5000);
	core_pass(0);
	moved = first->home == &cpus[1] ? first : second;
	assert_null(moved->hw.loaded_on);
	assert_int_equal(moved->timer.deadline, TIMER_NEVER);
	assert_true(moved->needs_events); /* it is looked at, and armed, before its next entry */
	assert_ptr_not_equal(cpus[0].current, moved);
}

static void held_after_its_move_it_is_not_run_until_it_is_released(void **state) {
	struct vp *moved;

	(void)state;
	core_pass(0);
	moved = first->home == &cpus[1] ? first : second;
	(void)sched_hold(moved, HOLD_EXPLICIT);
	for (unsigned i = 0; i < 5; i++)
		core_passes(1);
	assert_int_equal(fake_vp_of(moved)->entries, 0);
	sched_release(moved, HOLD_EXPLICIT);
	core_passes(1);
	assert_true(fake_vp_of(moved)->entries > 0);
}

/* However much less of the processor it has had. */
static void who_gives_its_slice_away_goes_behind_who_waits(void **state) {
	(void)state;
	core_start(core_vp(p, 1)); /* so the other processor wants nobody */
	core_pass(1);
	fake_cpu = &cpus[0];
	second->virtual_time = first->virtual_time + 3 * cpus[0].sched->slice_tsc;
	for (unsigned i = 1; i <= 5; i++) {
		core_pass(0);
		assert_int_equal(fake_vp_of(first)->entries, i);
		sched_end_slice(first);
		core_pass(0);
		assert_int_equal(fake_vp_of(second)->entries, i);
		sched_end_slice(second);
	}
}

static void the_parents_vps_stay(void **state) {
	const struct cpu *home = core_caller()->home;

	(void)state;
	sched_wake_waiter(core_caller());
	for (unsigned i = 0; i < 20; i++)
		core_passes(1);
	assert_ptr_equal(core_caller()->home, home);
	for (uint32_t i = 0; i < cpu_count; i++)
		assert_ptr_equal(parent_vp(i)->home, &cpus[i]);
}

#define sched_test(name) cmocka_unit_test_setup_teardown(name, setup, core_world_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
	    sched_test(a_vp_that_waits_behind_another_moves_to_an_idle_processor),
	    sched_test(a_vp_alone_stays_where_it_is),
	    sched_test(a_processor_that_becomes_idle_asks_the_busy_one),
	    sched_test(nothing_of_it_stays_and_its_timer_comes_along),
	    sched_test(held_after_its_move_it_is_not_run_until_it_is_released),
	    sched_test(who_gives_its_slice_away_goes_behind_who_waits),
	    sched_test(the_parents_vps_stay),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
