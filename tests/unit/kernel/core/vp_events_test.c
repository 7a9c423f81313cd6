/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of what happens to a child's VP from outside: posted interrupts, IPIs,
 * NMI, INIT and SIPI in each state, timers, lazy EOI, and the overlay pages that
 * MSRs place.
 */
#include "core_test.h"
#include "core/exit.h"
#include "core/sched.h"
#include "core/vp_events.h"
#include "mm/gpa_space.h"

#define MSR_APIC_BASE 0x1bu
#define MSR_ICR       0x830u
#define MSR_EOI       0x80bu
#define MSR_SVR       0x80fu
#define MSR_TPR       0x808u
#define MSR_SELF_IPI  0x83fu

static struct partition *p;
static struct vp *vp0;
static struct vp *vp1;

/* WRMSR and RDMSR as the guest does them; false: #GP was injected. */
static bool wrmsr_of(struct vp *vp, uint32_t msr, uint64_t value) {
	struct vp_exit exit = {.reason = VP_EXIT_MSR_WRITE, .instruction_length = 2};
	const uint64_t event = vp->hw.event;

	vp_gpr(vp)[HV_RCX] = msr;
	vp_gpr(vp)[HV_RAX] = (uint32_t)value;
	vp_gpr(vp)[HV_RDX] = value >> 32;
	fake_cpu = vp->home;
	(void)exit_handle(vp, &exit);
	if (vp->hw.event == event)
		return true;
	assert_int_equal(vp->hw.event,
	                 HV_EVENT_PENDING | HV_EVENT_TYPE_EXCEPTION << 1 | HV_EVENT_DELIVER_ERROR | 13 << 16);
	vp->hw.event = event;
	return false;
}

static bool rdmsr_of(struct vp *vp, uint32_t msr, uint64_t *value) {
	struct vp_exit exit = {.reason = VP_EXIT_MSR_READ, .instruction_length = 2};

	vp_gpr(vp)[HV_RCX] = msr;
	fake_cpu = vp->home;
	(void)exit_handle(vp, &exit);
	*value = vp_gpr(vp)[HV_RDX] << 32 | (uint32_t)vp_gpr(vp)[HV_RAX];
	if (vp->hw.event == 0)
		return true;
	vp->hw.event = 0;
	return false;
}

static void enable_x2apic(struct vp *vp) {
	assert_true(wrmsr_of(vp, MSR_APIC_BASE, vp->lapic.base | LAPIC_BASE_X2APIC));
	assert_true(wrmsr_of(vp, MSR_SVR, 0x1ff));
}

/* Two VPs in 64-bit mode that run, with their APICs in x2APIC mode. */
static int setup(void **state) {
	(void)core_world_setup(state);
	p = core_child(100, 2);
	vp0 = core_vp(p, 0);
	vp1 = core_vp(p, 1);
	assert_ptr_not_equal(vp0->home, vp1->home);
	for (uint32_t i = 0; i < 2; i++) {
		core_start(p->vp[i]);
		core_running(p->vp[i]);
		enable_x2apic(p->vp[i]);
	}
	return 0;
}

static bool prepare(struct vp *vp) {
	fake_cpu = vp->home;
	return vp_events_prepare(vp);
}

static uint64_t interrupt(unsigned vector) { return HV_EVENT_PENDING | (uint64_t)vector << 16; }

/* The event that the next entry would deliver; it is taken as delivered. */
static uint64_t take_event(struct vp *vp) {
	const uint64_t event = vp->hw.event;

	if (event == (HV_EVENT_PENDING | HV_EVENT_TYPE_NMI << HV_EVENT_TYPE_SHIFT))
		fake_vp_of(vp)->is_nmi_blocked = true;
	vp->hw.event = 0;
	return event;
}

static void a_posted_interrupt_is_injected_at_the_next_entry(void **state) {
	(void)state;
	vp_post_interrupt(vp1, 0x41, false);
	assert_true(prepare(vp1));
	assert_int_equal(take_event(vp1), interrupt(0x41));
	assert_int_equal(lapic_highest(&vp1->lapic, LAPIC_ISR), 0x41);
	assert_true(prepare(vp1));
	assert_int_equal(take_event(vp1), 0);
}

static void the_highest_class_goes_first_and_the_rest_waits_for_its_end(void **state) {
	(void)state;
	vp_post_interrupt(vp0, 0x41, false);
	vp_post_interrupt(vp0, 0x90, false);
	vp_post_interrupt(vp0, 0x95, false);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x95));
	assert_int_equal(vp0->hw.window, 0); /* its EOI exits */
	assert_true(wrmsr_of(vp0, MSR_EOI, 0));
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x90));
	assert_true(wrmsr_of(vp0, MSR_EOI, 0));
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x41));
}

/* IF, the shadow, an event before it, TPR: each asks for a window instead. */
static void a_blocked_interrupt_asks_for_a_window(void **state) {
	struct fake_vp *f = fake_vp_of(vp0);

	(void)state;
	f->state.rflags &= ~RFLAGS_IF;
	vp_post_interrupt(vp0, 0x51, false);
	assert_true(prepare(vp0));
	assert_int_equal(vp0->hw.event, 0);
	assert_int_equal(vp0->hw.window, 0x51);
	f->state.rflags |= RFLAGS_IF;
	f->state.interrupt_shadow = true;
	vp0->needs_events = true;
	assert_true(prepare(vp0));
	assert_int_equal(vp0->hw.event, 0);
	assert_int_equal(vp0->hw.window, 0x51);
	f->state.interrupt_shadow = false;
	vp0->hw.cr8 = 5;
	vp0->needs_events = true;
	assert_true(prepare(vp0));
	assert_int_equal(vp0->hw.event, 0);
	assert_int_equal(vp0->hw.window, 0x51);
	vp0->hw.cr8 = 4;
	vp0->hw.event = HV_EVENT_PENDING | HV_EVENT_TYPE_EXCEPTION << 1 | 6 << 16;
	vp0->needs_events = true;
	assert_true(prepare(vp0));
	assert_int_equal(vp0->hw.window, 0x51);
	(void)take_event(vp0);
	vp0->needs_events = true;
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x51));
	assert_int_equal(vp0->hw.window, 0);
}

static void hlt_waits_for_an_interrupt_and_not_for_a_masked_one(void **state) {
	struct vp_exit exit = {.reason = VP_EXIT_HLT, .instruction_length = 1};

	(void)state;
	fake_cpu = vp0->home;
	assert_null(exit_handle(vp0, &exit));
	assert_int_equal(vp0->hold, HOLD_HALT);
	assert_int_equal(fake_vp_of(vp0)->state.rip, 0x1000 + 2 * 2 + 1);
	fake_vp_of(vp0)->state.rflags &= ~RFLAGS_IF;
	vp_post_interrupt(vp0, 0x41, false);
	assert_int_equal(vp0->hold, 0); /* made to look */
	assert_false(prepare(vp0));
	assert_int_equal(vp0->hold, HOLD_HALT);
	fake_vp_of(vp0)->state.rflags |= RFLAGS_IF;
	vp_post_interrupt(vp0, 0x41, false);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x41));
	assert_false(vp0->is_halted);
}

static void hlt_with_an_interrupt_pending_does_not_wait(void **state) {
	struct vp_exit exit = {.reason = VP_EXIT_HLT, .instruction_length = 1};

	(void)state;
	vp_post_interrupt(vp0, 0x41, false);
	fake_cpu = vp0->home;
	assert_ptr_equal(exit_handle(vp0, &exit), vp0);
	assert_int_equal(vp0->hold, 0);
	assert_int_equal(take_event(vp0), interrupt(0x41));
}

static void an_nmi_wakes_and_a_second_one_waits_for_the_first(void **state) {
	const uint64_t nmi = HV_EVENT_PENDING | HV_EVENT_TYPE_NMI << 1;
	struct vp_exit exit = {.reason = VP_EXIT_HLT, .instruction_length = 1};

	(void)state;
	fake_vp_of(vp0)->state.rflags &= ~RFLAGS_IF;
	fake_cpu = vp0->home;
	assert_null(exit_handle(vp0, &exit));
	vp_post(vp0, POSTED_NMI);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), nmi);
	vp_post(vp0, POSTED_NMI);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), 0);
	assert_true(vp0->has_nmi);
	fake_vp_of(vp0)->is_nmi_blocked = false;
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), nmi);
}

/* --- INIT and SIPI. --- */

static void icr(struct vp *from, uint32_t destination, uint32_t low) {
	assert_true(wrmsr_of(from, MSR_ICR, (uint64_t)destination << 32 | low));
}

#define ICR_INIT 0x4500u
#define ICR_SIPI 0x4600u
#define ICR_NMI  0x4400u

static void init_and_sipi_restart_a_vp_in_every_state(void **state) {
	enum { RUNNING, HALTED, WAITING, STATES };

	(void)state;
	for (unsigned s = RUNNING; s < STATES; s++) {
		struct vp_exit hlt = {.reason = VP_EXIT_HLT, .instruction_length = 1};
		const struct vp_state *v = &fake_vp_of(vp1)->state;

		fake_cpu = vp1->home;
		if (s == HALTED)
			(void)exit_handle(vp1, &hlt);
		icr(vp0, 1, ICR_INIT);
		if (s == WAITING) {
			assert_false(prepare(vp1));
			icr(vp0, 1, ICR_INIT);
		}
		assert_false(prepare(vp1));
		assert_int_equal(vp1->hold, HOLD_STARTUP);
		assert_int_equal(v->rip, 0xfff0);
		assert_int_equal(v->cr0, 0x60000010);
		icr(vp0, 1, ICR_SIPI | 0x9a);
		assert_int_equal(vp1->hold, 0);
		assert_true(prepare(vp1));
		assert_int_equal(v->segment[VP_CS].base + v->rip, 0x9a000);
		assert_int_equal(vp_gpr(vp1)[HV_RDX], 0x600);
		/* A second SIPI finds it running. */
		icr(vp0, 1, ICR_SIPI | 0x11);
		assert_true(prepare(vp1));
		assert_int_equal(v->segment[VP_CS].base, 0x9a000);
		fake_vp_long_mode(vp1);
	}
}

static void interrupts_do_not_wake_a_vp_that_waits_for_sipi(void **state) {
	(void)state;
	icr(vp0, 1, ICR_INIT);
	assert_false(prepare(vp1));
	icr(vp0, 1, 0x41);
	icr(vp0, 1, ICR_NMI);
	assert_false(prepare(vp1));
	assert_int_equal(vp1->hold, HOLD_STARTUP);
	assert_int_equal(take_event(vp1), 0);
}

static void a_held_vp_keeps_what_is_posted_until_it_resumes(void **state) {
	(void)state;
	fake_cpu = vp1->home;
	sched_hold(vp1, HOLD_EXPLICIT);
	icr(vp0, 1, 0x44);
	assert_int_equal(vp1->hold, HOLD_EXPLICIT);
	sched_release(vp1, HOLD_EXPLICIT);
	assert_true(prepare(vp1));
	assert_int_equal(take_event(vp1), interrupt(0x44));
}

static void ipis_reach_whom_they_name(void **state) {
	static const struct {
		uint32_t destination;
		uint32_t low;
		bool is_0;
		bool is_1;
	} rows[] = {
	    {0, 0x50, true, false},    {1, 0x50, false, true},    {2, 0x50, false, false},
	    {~0u, 0x50, true, true},   {0, 0x40050, true, false}, /* self */
	    {0, 0x80050, true, true},                             /* all */
	    {0, 0xc0050, false, true},                            /* all but self */
	    {3, 0x850, true, true},                               /* logical, both */
	    {2, 0x850, false, true},                              /* logical, the second */
	    {3, 0x950, true, false},                              /* lowest priority of both: the first of equals */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		icr(vp0, rows[i].destination, rows[i].low);
		assert_true(prepare(vp0));
		assert_true(prepare(vp1));
		if (take_event(vp0) != (rows[i].is_0 ? interrupt(0x50) : 0) ||
		    take_event(vp1) != (rows[i].is_1 ? interrupt(0x50) : 0))
			fail_msg("row %u", i);
		assert_true(wrmsr_of(vp0, MSR_EOI, 0));
		assert_true(wrmsr_of(vp1, MSR_EOI, 0));
	}
}

static void a_disabled_apic_loses_interrupts(void **state) {
	(void)state;
	assert_true(wrmsr_of(vp1, MSR_SVR, 0xff));
	icr(vp0, 1, 0x50);
	assert_int_equal(vp1->posted & POSTED_INTERRUPTS, 0);
}

static void the_parent_asserts_and_hears_the_end_of_a_level_interrupt(void **state) {
	struct hv_assert_virtual_interrupt_in in = {.partition_id = p->id,
	                                            .control = HV_INTERRUPT_TYPE_FIXED | HV_INTERRUPT_CONTROL_LEVEL,
	                                            .destination = 1,
	                                            .vector = 0x61};
	const struct hv_apic_eoi_message *m = (void *)vp1->intercept->message.payload;

	(void)state;
	assert_status(core_call(HV_CALL_ASSERT_VIRTUAL_INTERRUPT, &in, sizeof(in), NULL, 0), SUCCESS);
	assert_true(prepare(vp1));
	assert_int_equal(take_event(vp1), interrupt(0x61));
	assert_true(wrmsr_of(vp1, MSR_EOI, 0));
	assert_int_equal(vp1->hold, HOLD_INTERCEPT);
	assert_int_equal(vp1->intercept->message.header.type, HV_MESSAGE_APIC_EOI);
	assert_int_equal(m->vector, 0x61);
	assert_int_equal(m->vp_index, 1);
}

static void asserting_is_refused_row_by_row(void **state) {
	const struct {
		uint64_t control;
		uint64_t destination;
		uint32_t vector;
		uint8_t vtl;
		enum hv_status status;
	} rows[] = {
	    {0, 0, 15, 0, HV_STATUS_INVALID_PARAMETER},
	    {0, 0, 256, 0, HV_STATUS_INVALID_PARAMETER},
	    {1, 0, 15, 0, HV_STATUS_INVALID_PARAMETER},
	    {0, 1ull << 32, 0x40, 0, HV_STATUS_INVALID_PARAMETER},
	    {0, 0, 0x40, 1, HV_STATUS_INVALID_PARAMETER},
	    {2, 0, 0x40, 0, HV_STATUS_INVALID_PARAMETER},
	    {5, 0, 0x40, 0, HV_STATUS_INVALID_PARAMETER},
	    {7, 0, 0x40, 0, HV_STATUS_INVALID_PARAMETER},
	    {1ull << 34, 0, 0x40, 0, HV_STATUS_INVALID_PARAMETER},
	    {1ull << 63, 0, 0x40, 0, HV_STATUS_INVALID_PARAMETER},
	    {0, 77, 0x40, 0, HV_STATUS_SUCCESS}, /* nobody listens: lost */
	    {4, 1, 0, 0, HV_STATUS_SUCCESS},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct hv_assert_virtual_interrupt_in in = {.partition_id = p->id,
		                                            .control = rows[i].control,
		                                            .destination = rows[i].destination,
		                                            .vector = rows[i].vector,
		                                            .target_vtl = rows[i].vtl};

		if (core_call(HV_CALL_ASSERT_VIRTUAL_INTERRUPT, &in, sizeof(in), NULL, 0) != rows[i].status)
			fail_msg("row %u", i);
	}
	assert_int_equal(vp0->posted, 0);
	assert_int_equal(vp1->posted, POSTED_NMI);
}

/* --- Timers. --- */

static void a_timer_of_the_apic_wakes_its_vp(void **state) {
	struct vp_exit hlt = {.reason = VP_EXIT_HLT, .instruction_length = 1};
	uint64_t deadline;

	(void)state;
	assert_true(wrmsr_of(vp0, 0x832, 0x71)); /* one shot */
	assert_true(wrmsr_of(vp0, 0x83e, 0xb));  /* divide by 1 */
	assert_true(wrmsr_of(vp0, 0x838, 100000));
	fake_cpu = vp0->home;
	assert_null(exit_handle(vp0, &hlt));
	deadline = timer_queue_earliest(&vp0->home->sched->timers);
	assert_true(deadline > fake_tsc && deadline < fake_tsc + FAKE_TSC_HZ);
	assert_true(fake_armed[fake_cpu->index] <= deadline);
	fake_tsc = deadline;
	sched_service_timers(fake_cpu);
	assert_int_equal(vp0->hold, 0);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x71));
}

static void a_timer_of_a_held_vp_waits_for_it(void **state) {
	(void)state;
	assert_true(wrmsr_of(vp0, 0x832, 0x71));
	assert_true(wrmsr_of(vp0, 0x838, 1000));
	assert_true(prepare(vp0));
	fake_cpu = vp0->home;
	sched_hold(vp0, HOLD_INTERCEPT);
	fake_tsc += FAKE_TSC_HZ;
	sched_service_timers(fake_cpu);
	assert_int_equal(vp0->hold, HOLD_INTERCEPT);
	sched_release(vp0, HOLD_INTERCEPT);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x71));
}

/* --- Lazy EOI [TLFS "EOI Assist"]. --- */

static struct hv_vp_assist_page *place_assist(struct vp *vp) {
	assert_true(wrmsr_of(vp, HV_MSR_VP_ASSIST_PAGE, 0x5000 | HV_PAGE_MSR_ENABLE));
	return (void *)fake_machine_bytes(vp->assist_page);
}

static void an_edge_interrupt_may_end_without_an_exit(void **state) {
	struct hv_vp_assist_page *assist = place_assist(vp0);
	struct vp_exit exit = {.reason = VP_EXIT_NONE};

	(void)state;
	vp_post_interrupt(vp0, 0x41, false);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x41));
	assert_int_equal(assist->apic_assist, HV_VP_ASSIST_NO_EOI);
	assist->apic_assist = 0; /* the guest ends it */
	(void)exit_handle(vp0, &exit);
	assert_int_equal(lapic_highest(&vp0->lapic, LAPIC_ISR), -1);
	assert_false(vp0->eoi_assist_set);
}

static void the_hint_is_withdrawn_when_something_waits_for_the_end(void **state) {
	struct hv_vp_assist_page *assist = place_assist(vp0);

	(void)state;
	vp_post_interrupt(vp0, 0x41, false);
	assert_true(prepare(vp0));
	(void)take_event(vp0);
	assert_int_equal(assist->apic_assist, HV_VP_ASSIST_NO_EOI);
	vp_post_interrupt(vp0, 0x45, false); /* same class: waits for the end */
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), 0);
	assert_int_equal(assist->apic_assist, 0);
	assert_true(wrmsr_of(vp0, MSR_EOI, 0));
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x45));
}

/* The guest's end crossed with the withdrawal: it is not lost. */
static void an_end_just_before_the_withdrawal_counts(void **state) {
	struct hv_vp_assist_page *assist = place_assist(vp0);

	(void)state;
	vp_post_interrupt(vp0, 0x41, false);
	assert_true(prepare(vp0));
	(void)take_event(vp0);
	assist->apic_assist = 0;
	vp_post_interrupt(vp0, 0x45, false);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x45));
}

static void a_level_interrupt_has_no_hint(void **state) {
	struct hv_vp_assist_page *assist = place_assist(vp0);

	(void)state;
	vp_post_interrupt(vp0, 0x41, true);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x41));
	assert_int_equal(assist->apic_assist, 0);
}

static void no_hint_without_a_page(void **state) {
	struct hv_vp_assist_page *assist = place_assist(vp0);

	(void)state;
	assert_true(wrmsr_of(vp0, HV_MSR_VP_ASSIST_PAGE, 0));
	vp_post_interrupt(vp0, 0x41, false);
	assert_true(prepare(vp0));
	assert_int_equal(take_event(vp0), interrupt(0x41));
	assert_int_equal(assist->apic_assist, 0);
}

/* --- Overlay pages. --- */

static uint8_t guest_byte(uint64_t at) {
	uint8_t byte = 0;

	assert_status(copy_from_guest(&p->space, gpa(at), &byte, 1), SUCCESS);
	return byte;
}

static void the_hypercall_page_hides_memory_and_gives_it_back(void **state) {
	const uint8_t mark = 0x33;

	(void)state;
	assert_status(copy_to_guest(&p->space, gpa(0x4000), &mark, 1), SUCCESS);
	assert_true(wrmsr_of(vp0, HV_MSR_GUEST_OS_ID, 0x8100 | 1ull << 48));
	assert_true(wrmsr_of(vp0, HV_MSR_HYPERCALL, 0x4000 | HV_PAGE_MSR_ENABLE));
	assert_int_equal(guest_byte(0x4000), 0x0f);
	assert_int_equal(guest_byte(0x4003), 0xc3);
	assert_int_equal(guest_byte(0x4004), 0xcc);
	assert_status(copy_to_guest(&p->space, gpa(0x4000), &mark, 1), ACCESS_DENIED);
	assert_true(vp1->hw.flush_pending); /* the kick has made it leave */
	core_world_prove();
	assert_true(wrmsr_of(vp0, HV_MSR_HYPERCALL, 0x6000 | HV_PAGE_MSR_ENABLE));
	assert_int_equal(guest_byte(0x4000), 0x33);
	assert_int_equal(guest_byte(0x6000), 0x0f);
	assert_true(wrmsr_of(vp1, HV_MSR_HYPERCALL, 0));
	assert_int_equal(guest_byte(0x6000), 0);
	core_world_prove();
}

static void pages_outside_of_the_space_fault(void **state) {
	uint64_t value;

	(void)state;
	assert_true(wrmsr_of(vp0, HV_MSR_GUEST_OS_ID, 1));
	assert_false(wrmsr_of(vp0, HV_MSR_HYPERCALL, BIT(45) | HV_PAGE_MSR_ENABLE));
	assert_false(wrmsr_of(vp0, HV_MSR_VP_ASSIST_PAGE, BIT(45) | HV_PAGE_MSR_ENABLE));
	assert_true(rdmsr_of(vp0, HV_MSR_HYPERCALL, &value));
	assert_int_equal(value & HV_PAGE_MSR_ENABLE, 0);
}

/* No memory for a page: the parent is to give some, the MSR reads as before, and the
 * instruction runs again. Far away: a frame, then tables, until one succeeds. */
static void a_shortage_leaves_the_page_where_it_was(void **state) {
	static const uint32_t rows[] = {HV_MSR_HYPERCALL, HV_MSR_REFERENCE_TSC, HV_MSR_VP_ASSIST_PAGE};

	(void)state;
	assert_true(wrmsr_of(vp0, HV_MSR_GUEST_OS_ID, 1));
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		const uint64_t far = 0x100000000ull * (i + 1);
		const uint64_t tables = space_table_count(&p->space);
		unsigned failures = 0;
		bool is_placed = false;
		uint64_t value, rip;

		while (!is_placed) {
			rip = fake_vp_of(vp0)->state.rip;
			p->pool.fail_after = failures;
			assert_true(wrmsr_of(vp0, rows[i], far | HV_PAGE_MSR_ENABLE));
			is_placed = !(vp0->hold & HOLD_INTERCEPT);
			p->pool.fail_after = FRAME_POOL_NEVER_FAIL;
			if (!is_placed) {
				assert_int_equal(vp0->intercept->message.header.type, HV_MESSAGE_INSUFFICIENT_MEMORY);
				assert_int_equal(fake_vp_of(vp0)->state.rip, rip);
				sched_release(vp0, HOLD_INTERCEPT);
				core_running(vp0);
			}
			assert_true(rdmsr_of(vp0, rows[i], &value));
			assert_int_equal(value & HV_PAGE_MSR_ENABLE, is_placed);
			core_world_prove();
			if (is_placed)
				break;
			failures++;
			assert_int_equal(space_table_count(&p->space), tables);
		}
		assert_in_range(failures, 2, 4);
		assert_true(space_table_count(&p->space) > tables);
	}
}

static void msrs_that_do_not_exist_fault_and_do_not_move_rip(void **state) {
	static const uint32_t rows[] = {0x40000085, 0x400000a0, 0x400000f1, 0x4fffffff};
	const uint64_t rip = fake_vp_of(vp0)->state.rip;
	uint64_t value;

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		if (wrmsr_of(vp0, rows[i], 0))
			fail_msg("MSR %x can be written", rows[i]);
		if (rdmsr_of(vp0, rows[i], &value))
			fail_msg("MSR %x can be read", rows[i]);
		fake_vp_of(vp0)->state.rip = rip;
	}
}

/* Whether they exist is the parent's to say; RIP is its to move. */
static void other_msrs_are_the_parents(void **state) {
	static const uint32_t rows[] = {0xc0010117, 0x12345678, 0x480, 0x8ff, 0x2ff};
	const struct hv_msr_intercept *m = (void *)vp0->intercept->message.payload;
	const uint64_t rip = fake_vp_of(vp0)->state.rip;
	uint64_t value;

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
		const bool is_write = i & 1;

		if (is_write)
			assert_true(wrmsr_of(vp0, rows[i / 2], 0x123456789abcdef0));
		else
			assert_true(rdmsr_of(vp0, rows[i / 2], &value));
		assert_int_equal(vp0->hold, HOLD_INTERCEPT);
		assert_int_equal(vp0->intercept->message.header.type, HV_MESSAGE_MSR_INTERCEPT);
		assert_int_equal(m->msr, rows[i / 2]);
		assert_int_equal(m->header.access_type, is_write ? HV_INTERCEPT_WRITE : HV_INTERCEPT_READ);
		assert_int_equal(m->header.instruction_length & 0xf, 2);
		assert_int_equal(m->header.rip, rip);
		if (is_write) {
			assert_int_equal((uint32_t)m->rdx, 0x12345678);
			assert_int_equal((uint32_t)m->rax, 0x9abcdef0);
		}
		assert_int_equal(fake_vp_of(vp0)->state.rip, rip);
		sched_release(vp0, HOLD_INTERCEPT);
		core_running(vp0);
	}
}

static void a_reset_is_the_parents_to_do(void **state) {
	(void)state;
	assert_true(wrmsr_of(vp0, HV_MSR_RESET, 1));
	assert_int_equal(vp0->hold, HOLD_INTERCEPT);
	assert_int_equal(vp0->intercept->message.header.type, HV_MESSAGE_RESET);
}

#define events_test(name) cmocka_unit_test_setup_teardown(name, setup, core_world_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
	    events_test(a_posted_interrupt_is_injected_at_the_next_entry),
	    events_test(the_highest_class_goes_first_and_the_rest_waits_for_its_end),
	    events_test(a_blocked_interrupt_asks_for_a_window),
	    events_test(hlt_waits_for_an_interrupt_and_not_for_a_masked_one),
	    events_test(hlt_with_an_interrupt_pending_does_not_wait),
	    events_test(an_nmi_wakes_and_a_second_one_waits_for_the_first),
	    events_test(init_and_sipi_restart_a_vp_in_every_state),
	    events_test(interrupts_do_not_wake_a_vp_that_waits_for_sipi),
	    events_test(a_held_vp_keeps_what_is_posted_until_it_resumes),
	    events_test(ipis_reach_whom_they_name),
	    events_test(a_disabled_apic_loses_interrupts),
	    events_test(the_parent_asserts_and_hears_the_end_of_a_level_interrupt),
	    events_test(asserting_is_refused_row_by_row),
	    events_test(a_timer_of_the_apic_wakes_its_vp),
	    events_test(a_timer_of_a_held_vp_waits_for_it),
	    events_test(an_edge_interrupt_may_end_without_an_exit),
	    events_test(the_hint_is_withdrawn_when_something_waits_for_the_end),
	    events_test(an_end_just_before_the_withdrawal_counts),
	    events_test(a_level_interrupt_has_no_hint),
	    events_test(no_hint_without_a_page),
	    events_test(the_hypercall_page_hides_memory_and_gives_it_back),
	    events_test(pages_outside_of_the_space_fault),
	    events_test(a_shortage_leaves_the_page_where_it_was),
	    events_test(msrs_that_do_not_exist_fault_and_do_not_move_rip),
	    events_test(other_msrs_are_the_parents),
	    events_test(a_reset_is_the_parents_to_do),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
