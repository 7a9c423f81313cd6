/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of VpWait and of intercepts: resuming, waiting, what ends a wait, illegal
 * slots, illegal states (architecture.md D1). I/O VP 0 makes the calls.
 */
#include <pthread.h>
#include <time.h>

#include "core_test.h"
#include "core/exit.h"
#include "core/parent.h"
#include "core/sched.h"
#include "core/vp.h"

#define CONTROL (HV_CALL_VP_WAIT | HV_CONTROL_FAST)

static uint64_t slot_result(uint32_t reasons, uint32_t slot) {
	return (uint64_t)reasons << HV_VP_WAIT_REASON_SHIFT | (uint64_t)slot << HV_VP_WAIT_SLOT_SHIFT;
}

static struct vp *io_vp(void) { return parent_vp(0); }

/* What the I/O VP found in RAX each time its wait ended, and whom it resumes. */
static uint64_t results[64];
static unsigned result_count;
static uint32_t next_resume;
static uint64_t deadline;
static unsigned take_at; /* which end of a wait takes the events */

static void waiting_parent(struct vp *vp, struct fake_vp *f, struct vp_exit *exit) {
	(void)f;
	if (vp == io_vp()) {
		assert_true(result_count < ARRAY_COUNT(results));
		results[result_count++] = vp_gpr(vp)[HV_RAX];
		if (result_count >= take_at)
			memset(vp->events, 0, offsetof(struct hv_event_page, port));
	}
	core_exit_vp_wait(vp, exit, vp == io_vp() ? next_resume : HV_SLOT_NONE,
	                  vp == io_vp() ? deadline : HV_DEADLINE_NEVER);
	if (vp == io_vp())
		next_resume = HV_SLOT_NONE;
}

/* A child whose exits are ports, at once. */
static void port_child(struct vp *vp, struct fake_vp *f, struct vp_exit *exit) {
	(void)vp;
	(void)f;
	exit->reason = VP_EXIT_IO;
	exit->instruction_length = 1;
	exit->u.io.port = 0x3f8;
	exit->u.io.size = 1;
	exit->u.io.is_in = true;
}

/* The child on processor 0 of the two; the parent of above. */
static struct vp *child_at_home(void) {
	struct partition *p = core_child(64, 2);
	struct vp *vp = p->vp[0]->home == &cpus[0] ? p->vp[0] : p->vp[1];

	result_count = 0;
	next_resume = HV_SLOT_NONE;
	deadline = HV_DEADLINE_NEVER;
	take_at = 0;
	fake_parent_guest = waiting_parent;
	fake_child_guest = port_child;
	assert_ptr_equal(vp->home, &cpus[0]);
	return vp;
}

static uint64_t wait_call(uint32_t flags, uint32_t slot, uint64_t until) {
	io_vp()->hold = 0; /* it runs */
	return core_raw_call(io_vp(), CONTROL, flags | (uint64_t)slot << 32, until);
}

static void an_intercept_is_handed_to_the_waiting_vp_directly(void **state) {
	struct vp *vp = child_at_home();
	const struct hv_io_port_intercept *m = (void *)vp->intercept->message.payload;

	(void)state;
	core_start(vp);
	core_pass(0);
	assert_int_equal(result_count, 1);
	assert_int_equal(results[0], slot_result(HV_VP_WAIT_INTERCEPT, vp->slot));
	assert_int_equal(vp->hold, HOLD_INTERCEPT);
	assert_false(vp_is_queued(vp));
	assert_int_equal(vp->intercept->message.header.type, HV_MESSAGE_IO_PORT_INTERCEPT);
	assert_int_equal(vp->intercept->message.header.sender, vp->partition->id);
	assert_int_equal(vp->intercept->sequence, 1);
	assert_int_equal(m->port, 0x3f8);
	assert_int_equal(m->access_info, 1);
	assert_int_equal(m->header.vp_index, vp->index);
	assert_int_equal(m->header.instruction_length, 1);
	assert_int_equal(m->header.access_type, HV_INTERCEPT_READ);
	assert_int_equal(m->header.rip, 0x1000);
	assert_int_equal(m->header.execution_state, HV_EXECUTION_CR0_PE | HV_EXECUTION_EFER_LMA);
}

static void a_resumed_vp_runs_with_what_the_page_says(void **state) {
	struct vp *vp = child_at_home();

	(void)state;
	core_start(vp);
	core_pass(0);
	vp->registers->rip = 0x2002;
	vp->registers->dirty = HV_DIRTY_RIP;
	vp->registers->gpr[HV_RAX] = 0x1234;
	next_resume = vp->slot;
	/* The parent's loop: wake it, it resumes and waits, the child exits again. */
	vp_wait_signal(io_vp(), offsetof(struct hv_event_page, software) / 8, 1);
	core_passes(2);
	assert_int_equal(results[1], slot_result(HV_VP_WAIT_EVENT, HV_SLOT_NONE));
	assert_true(fake_vp_of(vp)->entries >= 2);
	assert_int_equal(fake_vp_of(vp)->state.rip, 0x2002);
	assert_int_equal(vp->registers->dirty, 0);
	assert_int_equal(vp_gpr(vp)[HV_RAX], 0x1234);
	assert_int_equal(vp->intercept->sequence, 2);
}

static void what_is_not_dirty_does_not_count(void **state) {
	struct vp *vp = child_at_home();
	uint64_t value;

	(void)state;
	vp->registers->rip = 0x2002;
	vp->registers->cr0 = ~0ull;
	vp->registers->pending_interruption = ~0ull;
	vp->registers->dirty = HV_DIRTY_GENERAL | HV_DIRTY_XMM | 0xffffff80;
	fake_cpu = vp->home;
	assert_int_equal(intercept_resume(vp, &value), VP_RULE_NONE);
	assert_int_equal(fake_vp_of(vp)->state.rip, 0x1000);
	assert_int_equal(vp->registers->dirty, 0);
}

/* Every group of the page, each with a value that breaks a rule: refused whole. */
static void illegal_pages_are_refused_without_effect(void **state) {
	static const struct {
		uint32_t dirty;
		size_t offset;
		uint64_t value;
		enum vp_state_rule rule;
	} rows[] = {
#define ROW(d, field, v, r) {HV_DIRTY_##d, offsetof(struct hv_register_page, field), v, VP_RULE_##r}
	    ROW(RIP, rip, BIT(47), RIP_CANONICAL),
	    ROW(RIP | HV_DIRTY_FLAGS, rip, BIT(47), RIP_CANONICAL),
	    ROW(FLAGS, rflags, 0, RFLAGS_RESERVED),
	    ROW(FLAGS, rflags, 2 | RFLAGS_VM, RFLAGS_VM_IN_LONG_MODE),
	    ROW(CONTROL, cr0, BIT(32), CR0_RESERVED),
	    ROW(CONTROL, cr0, CR0_NW | CR0_ET, CR0_NW_WITHOUT_CD),
	    ROW(CONTROL, cr3, BIT(52), CR3_RESERVED),
	    ROW(CONTROL, cr4, BIT(63), CR4_RESERVED),
	    ROW(CONTROL, cr4, 0, LONG_MODE_WITHOUT_PAE),
	    ROW(CONTROL, efer, EFER_SVME | EFER_LME | EFER_LMA, EFER_RESERVED),
	    ROW(CONTROL, efer, EFER_LMA, EFER_LMA),
	    ROW(CONTROL, dr7, BIT(32), DR7_HIGH),
	    ROW(CONTROL, cr8, 16, CR8),
	    ROW(SEGMENTS, segment[HV_PAGE_FS].base, BIT(47), SEGMENT_BASE),
	    ROW(SEGMENTS, segment[HV_PAGE_DS].base, BIT(32), SEGMENT_BASE),
	    ROW(EVENT, pending_interruption, HV_EVENT_PENDING | 1 << 1, EVENT_TYPE),
	    ROW(EVENT, pending_interruption, HV_EVENT_PENDING | 3 << 1 | 2 << 16, EVENT_VECTOR),
	    ROW(EVENT, pending_interruption, HV_EVENT_PENDING | 3 << 16, EVENT_VECTOR),
#undef ROW
	};
	struct vp *vp = child_at_home();
	const struct fake_vp before = *fake_vp_of(vp);
	struct hv_register_page *page = vp->registers;

	(void)state;
	fake_cpu = vp->home;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		uint64_t value = 0;
		enum vp_state_rule rule;

		page->rip = 0x3000;
		page->rflags = 2;
		page->cr0 = before.state.cr0;
		page->cr3 = before.state.cr3;
		page->cr4 = before.state.cr4;
		page->efer = before.state.efer;
		page->dr7 = before.state.dr7;
		page->cr8 = 0;
		page->pending_interruption = 0;
		for (unsigned s = 0; s < HV_PAGE_SEGMENT_COUNT; s++)
			page->segment[s] = before.state.segment[s];
		memcpy((uint8_t *)page + rows[i].offset, &rows[i].value, 8);
		page->dirty = rows[i].dirty;
		rule = intercept_resume(vp, &value);
		if (rule != rows[i].rule)
			fail_msg("row %u: rule %d", i, (int)rule);
		assert_memory_equal(fake_vp_of(vp), &before, sizeof(before));
	}
}

/* Refused on resume: the VP stays held and the parent is told which rule. */
static void an_illegal_state_on_resume_is_reported(void **state) {
	struct vp *vp = child_at_home();
	const struct hv_invalid_vp_register_message *m = (void *)vp->intercept->message.payload;
	uint64_t result;

	(void)state;
	core_start(vp);
	core_pass(0);
	vp->registers->rip = BIT(47);
	vp->registers->dirty = HV_DIRTY_RIP;
	result = wait_call(0, vp->slot, 0);
	assert_int_equal(result, slot_result(HV_VP_WAIT_INTERCEPT, vp->slot));
	assert_int_equal(vp->hold, HOLD_INTERCEPT);
	assert_int_equal(vp->intercept->message.header.type, HV_MESSAGE_INVALID_VP_REGISTER);
	assert_int_equal(m->rule, VP_RULE_RIP_CANONICAL);
	assert_int_equal(m->value, BIT(47));
	assert_int_equal(m->vp_index, vp->index);
	assert_int_equal(vp->intercept->sequence, 2);
	/* Mended, it runs. */
	vp->registers->rip = 0x4000;
	vp->registers->dirty = HV_DIRTY_RIP;
	result = wait_call(0, vp->slot, 0);
	assert_int_equal(result & HV_RESULT_STATUS_MASK, HV_STATUS_SUCCESS);
	assert_int_equal(vp->hold, 0);
	assert_int_equal(fake_vp_of(vp)->state.rip, 0x4000);
}

static void illegal_slots_and_flags_are_refused(void **state) {
	struct vp *vp = child_at_home();

	(void)state;
	assert_status(wait_call(0, MAX_SLOTS, 0), INVALID_PARAMETER);
	assert_status(wait_call(0, 0xfffffffe, 0), INVALID_PARAMETER);
	assert_status(wait_call(0, vp->slot + 1000, 0), INVALID_PARAMETER);
	assert_status(wait_call(1u << 31, HV_SLOT_NONE, 0), INVALID_PARAMETER);
	/* Not intercepted: suspended, or running. */
	assert_status(wait_call(0, vp->slot, 0), INVALID_VP_STATE);
	core_start(vp);
	assert_status(wait_call(0, vp->slot, 0), INVALID_VP_STATE);
	assert_int_equal(vp->hold, 0);
}

/* An intercept that nobody has been told of yet cannot be answered. */
static void a_queued_intercept_must_be_taken_first(void **state) {
	struct vp *vp = child_at_home();

	(void)state;
	io_vp()->hold = 0; /* busy: it does not wait */
	fake_cpu = vp->home;
	(void)sched_intercept(vp);
	assert_true(vp_is_queued(vp));
	assert_status(wait_call(0, vp->slot, 0), INVALID_VP_STATE);
	assert_int_equal(wait_call(0, HV_SLOT_NONE, HV_DEADLINE_NEVER), slot_result(HV_VP_WAIT_INTERCEPT, vp->slot));
	assert_false(vp_is_queued(vp));
	assert_int_equal(wait_call(0, vp->slot, 0), slot_result(0, HV_SLOT_NONE));
}

static void queued_intercepts_come_in_order(void **state) {
	struct partition *p = core_child(100, 6);
	struct vp *order[6];
	unsigned n = 0;

	(void)state;
	fake_cpu = &cpus[0];
	io_vp()->hold = 0;
	for (uint32_t i = 0; i < 6; i++)
		if (p->vp[i]->home == &cpus[0]) {
			order[n++] = p->vp[i];
			(void)sched_intercept(p->vp[i]);
		}
	assert_true(n >= 2);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(wait_call(0, HV_SLOT_NONE, 0), slot_result(HV_VP_WAIT_INTERCEPT, order[i]->slot));
	assert_int_equal(wait_call(0, HV_SLOT_NONE, 0), slot_result(0, HV_SLOT_NONE));
}

static void events_end_a_wait_and_stay_until_they_are_taken(void **state) {
	(void)state;
	(void)child_at_home();
	take_at = 3;
	vp_wait_signal(io_vp(), offsetof(struct hv_event_page, device) / 8, BIT(5));
	core_passes(2);
	assert_int_equal(result_count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(results[i], slot_result(HV_VP_WAIT_EVENT, HV_SLOT_NONE));
	assert_int_equal(io_vp()->hold, HOLD_WAIT);
}

static void a_deadline_ends_a_wait_at_its_time(void **state) {
	uint64_t at;

	(void)state;
	(void)child_at_home();
	deadline = reference_time_at(&parent_partition.time, fake_tsc) + 5000; /* 500 us */
	vp_wait_signal(io_vp(), offsetof(struct hv_event_page, software) / 8, 1);
	core_passes(2);
	result_count = 0;
	deadline = HV_DEADLINE_NEVER;
	at = fake_armed[0];
	assert_in_range(at, fake_tsc + 499000, fake_tsc + 501000);
	fake_tsc = at - 1000;
	core_passes(2);
	assert_int_equal(result_count, 0);
	fake_tsc = at;
	core_passes(2);
	assert_int_equal(result_count, 1);
	assert_int_equal(results[0], slot_result(HV_VP_WAIT_TIMEOUT, HV_SLOT_NONE));
}

static void a_wait_of_no_time_returns_at_once(void **state) {
	(void)state;
	io_vp()->hold = 0;
	assert_int_equal(wait_call(0, HV_SLOT_NONE, 0), slot_result(0, HV_SLOT_NONE));
	assert_int_equal(io_vp()->hold, 0);
}

static void a_vp_of_another_processor_is_resumed_on_its_own(void **state) {
	struct vp *near = child_at_home();
	struct vp *far = near->partition->vp[near->index == 0 ? 1 : 0];
	const uint64_t kicks = fake_kicks[1];

	(void)state;
	assert_ptr_equal(far->home, &cpus[1]);
	core_start(far);
	core_pass(1);
	assert_int_equal(far->hold, HOLD_INTERCEPT);
	vp_hw_put();
	/* Its state is still loaded there or was put back; here it must be free. */
	fake_cpu = &cpus[1];
	vp_hw_put();
	assert_int_equal(wait_call(0, far->slot, 0), slot_result(0, HV_SLOT_NONE));
	assert_int_equal(far->hold, 0);
	assert_true(fake_kicks[1] > kicks);
	core_pass(1);
	assert_int_equal(far->intercept->sequence, 2);
}

/* The I/O VP of processor 1 resumes the slot too, while processor 0 is in the
 * middle of it. */
static struct {
	pthread_t thread;
	uint32_t slot;
	uint64_t result;
	bool is_started;
	bool is_done;
} rival;

static void *resume_too(void *unused) {
	(void)unused;
	fake_cpu = &cpus[1];
	rival.result = core_raw_call(parent_vp(1), CONTROL, (uint64_t)rival.slot << 32, 0);
	__atomic_store_n(&rival.is_done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Until the rival waits for us to end, or has come through. */
static void start_rival(struct vp *vp) {
	const struct timespec moment = {.tv_nsec = 1000000};
	const struct spinlock *lock = &vp->partition->lock;

	if (rival.is_started)
		return;
	rival.is_started = true;
	assert_int_equal(pthread_create(&rival.thread, NULL, resume_too, NULL), 0);
	while (!__atomic_load_n(&rival.is_done, __ATOMIC_SEQ_CST) &&
	       (uint16_t)(__atomic_load_n(&lock->next, __ATOMIC_SEQ_CST) - lock->owner) < 2)
		nanosleep(&moment, NULL);
}

static void of_two_that_resume_one_slot_at_once_one_is_refused(void **state) {
	struct vp *vp = child_at_home();
	uint64_t result;

	(void)state;
	core_start(vp);
	core_pass(0);
	assert_int_equal(vp->hold, HOLD_INTERCEPT);
	vp->registers->rflags = 2;
	vp->registers->dirty = HV_DIRTY_FLAGS;
	rival.slot = vp->slot;
	parent_vp(1)->hold = 0; /* it runs */
	fake_on_set_state = start_rival;
	result = wait_call(0, vp->slot, 0);
	assert_true(rival.is_started);
	assert_int_equal(pthread_join(rival.thread, NULL), 0);
	assert_int_equal(result, slot_result(0, HV_SLOT_NONE));
	assert_status(rival.result & HV_RESULT_STATUS_MASK, INVALID_VP_STATE);
	assert_int_equal(vp->hold, 0);
	assert_int_equal(fake_vp_of(vp)->state.rflags, 2);
}

/* What another processor does at the last moment before the I/O VP sleeps: it is releasing
 * the VP that it resumed. */
static struct vp *late;

void __real_sched_release(struct vp *vp, uint32_t bits);
void __wrap_sched_release(struct vp *vp, uint32_t bits);

void __wrap_sched_release(struct vp *vp, uint32_t bits) {
	struct vp *intercepted = late;

	__real_sched_release(vp, bits);
	late = NULL;
	if (intercepted != NULL)
		(void)sched_intercept(intercepted);
}

static void an_intercept_that_comes_as_the_wait_begins_is_not_left_lying(void **state) {
	struct vp *here = child_at_home();
	struct vp *there = here->partition->vp[1 - here->index];

	(void)state;
	fake_child_guest = port_child;
	core_start(there);
	core_pass(1);
	assert_int_equal(there->hold, HOLD_INTERCEPT);
	late = here;
	(void)wait_call(0, there->slot, HV_DEADLINE_NEVER);
	assert_null(late);
	assert_int_equal(io_vp()->hold, 0);
	core_pass(0);
	assert_int_equal(here->hold & HOLD_INTERCEPT, HOLD_INTERCEPT);
	assert_false(vp_is_queued(here));
	assert_int_equal(results[result_count - 1], slot_result(HV_VP_WAIT_INTERCEPT, here->slot));
}

static void a_parent_vp_can_be_signaled_by_number(void **state) {
	(void)state;
	assert_status(core_raw_call(core_caller(), HV_CALL_SIGNAL_PARENT_VP | HV_CONTROL_FAST, 0, 63), SUCCESS);
	assert_int_equal(io_vp()->events->software, BIT(63));
	assert_int_equal(io_vp()->hold, 0);
	io_vp()->events->software = 0;
	assert_status(core_raw_call(core_caller(), HV_CALL_SIGNAL_PARENT_VP | HV_CONTROL_FAST, 0, 64),
	              INVALID_PARAMETER);
	assert_status(core_raw_call(core_caller(), HV_CALL_SIGNAL_PARENT_VP | HV_CONTROL_FAST, 3, 0), INVALID_VP_INDEX);
	assert_status(core_raw_call(core_caller(), HV_CALL_SIGNAL_PARENT_VP | HV_CONTROL_FAST, BIT(32), 0),
	              INVALID_VP_INDEX);
}

static int setup(void **state) {
	core_passes(4);
	fake_cpu = &cpus[0];
	return core_world_setup(state);
}

#define wait_test(name) cmocka_unit_test_setup_teardown(name, setup, core_world_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
	    wait_test(an_intercept_is_handed_to_the_waiting_vp_directly),
	    wait_test(a_resumed_vp_runs_with_what_the_page_says),
	    wait_test(what_is_not_dirty_does_not_count),
	    wait_test(illegal_pages_are_refused_without_effect),
	    wait_test(an_illegal_state_on_resume_is_reported),
	    wait_test(illegal_slots_and_flags_are_refused),
	    wait_test(a_queued_intercept_must_be_taken_first),
	    wait_test(queued_intercepts_come_in_order),
	    wait_test(events_end_a_wait_and_stay_until_they_are_taken),
	    wait_test(a_deadline_ends_a_wait_at_its_time),
	    wait_test(a_wait_of_no_time_returns_at_once),
	    wait_test(a_vp_of_another_processor_is_resumed_on_its_own),
	    wait_test(of_two_that_resume_one_slot_at_once_one_is_refused),
	    wait_test(an_intercept_that_comes_as_the_wait_begins_is_not_left_lying),
	    wait_test(a_parent_vp_can_be_signaled_by_number),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
