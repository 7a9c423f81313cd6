/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of the SynIC [TLFS "Inter-Partition Communication"]: slots, flags, what
 * waits for them, sources that are masked, polled or end by themselves, and timers
 * in message mode.
 */
#include "synic_world.h"

static struct partition *p;
static struct vp *vp;

static int setup(void **state) {
	(void)core_world_setup(state);
	p = core_child(100, 1);
	vp = core_vp(p, 0);
	synic_open(vp);
	fake_tsc += FAKE_TSC_HZ / 1000; /* its time is past 0 */
	return 0;
}

static void a_message_fills_its_slot_and_interrupts(void **state) {
	(void)state;
	assert_status(synic_post_direct(vp, 2, 1, 9), SUCCESS);
	assert_int_equal(synic_slot(vp, 2)->header.type, 1);
	assert_int_equal(synic_slot(vp, 2)->header.payload_size, 3);
	assert_int_equal(synic_slot(vp, 2)->header.flags, 0);
	assert_memory_equal(synic_slot(vp, 2)->payload, ((uint8_t[]){9, 2, 3}), 3);
	assert_int_equal(synic_interrupt(vp), VECTOR);
}

static void a_second_message_waits_and_the_end_of_the_first_tells_the_parent(void **state) {
	(void)state;
	assert_status(synic_post_direct(vp, 2, 1, 9), SUCCESS);
	assert_status(synic_post_direct(vp, 2, 1, 8), INSUFFICIENT_BUFFERS);
	assert_int_equal(synic_slot(vp, 2)->payload[0], 9);
	assert_int_equal(synic_slot(vp, 2)->header.flags, HV_MESSAGE_FLAG_PENDING);
	/* Not free yet: EOM finds nothing to tell. */
	assert_ptr_equal(synic_wrmsr(vp, HV_MSR_EOM, 0), vp);
	synic_slot(vp, 2)->header.type = 0;
	(void)synic_wrmsr(vp, HV_MSR_EOM, 0);
	assert_int_equal(vp->hold, HOLD_INTERCEPT);
	assert_int_equal(vp->intercept->message.header.type, HV_MESSAGE_SINT_DELIVERABLE);
	assert_status(synic_post_direct(vp, 2, 1, 8), SUCCESS);
	assert_int_equal(synic_slot(vp, 2)->payload[0], 8);
	assert_int_equal(vp->msrs.sints_wanted, 0);
}

static void an_end_of_message_that_nobody_waits_for_tells_nobody(void **state) {
	(void)state;
	assert_status(synic_post_direct(vp, 2, 1, 9), SUCCESS);
	synic_slot(vp, 2)->header.type = 0;
	assert_ptr_equal(synic_wrmsr(vp, HV_MSR_EOM, 0), vp);
	assert_int_equal(vp->hold, 0);
}

/* Off nothing comes in; what the parent waits for it hears of when it is on. */
static void turn_off_and_on(uint32_t msr, uint64_t off, uint64_t on) {
	assert_ptr_equal(synic_wrmsr(vp, msr, off), vp);
	assert_status(synic_post_direct(vp, 2, 1, 9), INVALID_SYNIC_STATE);
	assert_int_equal(synic_slot(vp, 2)->header.type, 0);
	assert_int_equal(synic_interrupt(vp), 0);
	(void)synic_wrmsr(vp, msr, on);
	assert_int_equal(vp->hold, HOLD_INTERCEPT);
	assert_int_equal(vp->intercept->message.header.type, HV_MESSAGE_SINT_DELIVERABLE);
	assert_status(synic_post_direct(vp, 2, 1, 9), SUCCESS);
}

static void a_synic_that_is_off_takes_nothing(void **state) {
	(void)state;
	turn_off_and_on(HV_MSR_SCONTROL, 0, 1);
}

static void a_page_that_is_off_takes_nothing(void **state) {
	(void)state;
	turn_off_and_on(HV_MSR_SIMP, SIMP_GPA, SIMP_GPA | 1);
}

static void a_masked_source_takes_nothing(void **state) {
	(void)state;
	turn_off_and_on(HV_MSR_SINT0 + 2, VECTOR | HV_SINT_MASKED, VECTOR);
}

static void a_flag_interrupts_once_until_the_guest_clears_it(void **state) {
	bool is_new;

	(void)state;
	assert_status(synic_signal_direct(vp, 2, 2047, &is_new), SUCCESS);
	assert_true(is_new);
	assert_int_equal(synic_flags(vp, 2)[31], 1ull << 63);
	assert_int_equal(synic_interrupt(vp), VECTOR);
	(void)synic_wrmsr(vp, 0x80b, 0);
	assert_status(synic_signal_direct(vp, 2, 2047, &is_new), SUCCESS);
	assert_false(is_new);
	assert_int_equal(synic_interrupt(vp), 0);
	synic_flags(vp, 2)[31] = 0;
	assert_status(synic_signal_direct(vp, 2, 2047, &is_new), SUCCESS);
	assert_true(is_new);
	assert_int_equal(synic_interrupt(vp), VECTOR);
}

static void flags_need_page_source_and_synic(void **state) {
	bool is_new;

	(void)state;
	(void)synic_wrmsr(vp, HV_MSR_SIEFP, SIEFP_GPA);
	assert_status(synic_signal_direct(vp, 2, 1, &is_new), INVALID_SYNIC_STATE);
	(void)synic_wrmsr(vp, HV_MSR_SIEFP, SIEFP_GPA | 1);
	(void)synic_wrmsr(vp, HV_MSR_SCONTROL, 0);
	assert_status(synic_signal_direct(vp, 2, 1, &is_new), INVALID_SYNIC_STATE);
	(void)synic_wrmsr(vp, HV_MSR_SCONTROL, 1);
	assert_status(synic_signal_direct(vp, 3, 1, &is_new), INVALID_SYNIC_STATE); /* masked since reset */
	assert_int_equal(synic_flags(vp, 2)[0] | synic_flags(vp, 3)[0], 0);
}

static void a_polled_source_does_not_interrupt(void **state) {
	bool is_new;

	(void)state;
	(void)synic_wrmsr(vp, HV_MSR_SINT0 + 2, VECTOR | HV_SINT_POLLING);
	assert_status(synic_post_direct(vp, 2, 1, 9), SUCCESS);
	assert_status(synic_signal_direct(vp, 2, 4, &is_new), SUCCESS);
	assert_int_equal(synic_interrupt(vp), 0);
}

static void an_interrupt_may_end_with_its_delivery(void **state) {
	(void)state;
	(void)synic_wrmsr(vp, HV_MSR_SINT0 + 2, VECTOR | HV_SINT_AUTO_EOI);
	assert_status(synic_post_direct(vp, 2, 1, 9), SUCCESS);
	assert_int_equal(synic_interrupt(vp), VECTOR);
	assert_int_equal(lapic_highest(&vp->lapic, LAPIC_ISR), -1);
	(void)synic_wrmsr(vp, HV_MSR_SINT0 + 2, VECTOR);
	synic_slot(vp, 2)->header.type = 0;
	assert_status(synic_post_direct(vp, 2, 1, 9), SUCCESS);
	assert_int_equal(synic_interrupt(vp), VECTOR);
	assert_int_equal(lapic_highest(&vp->lapic, LAPIC_ISR), VECTOR);
}

/* A timer in message mode [TLFS "Synthetic Timer Expiration"]. */
static void a_timer_posts_when_and_once(void **state) {
	struct hv_timer_message told;
	uint64_t now = reference_time_at(&p->time, fake_tsc);

	(void)state;
	(void)synic_wrmsr(vp, HV_MSR_STIMER0_CONFIG + 2, HV_STIMER_AUTO_ENABLE | 2ull << HV_STIMER_SINT_SHIFT);
	(void)synic_wrmsr(vp, HV_MSR_STIMER0_COUNT + 2, now + 50);
	assert_int_equal(synic_interrupt(vp), 0);
	fake_tsc += FAKE_TSC_HZ / HV_REFERENCE_TIME_HZ * 60;
	vp_post(vp, POSTED_REFRESH);
	assert_int_equal(synic_interrupt(vp), VECTOR);
	assert_int_equal(synic_slot(vp, 2)->header.type, HV_MESSAGE_TIMER_EXPIRED);
	assert_int_equal(synic_slot(vp, 2)->header.payload_size, sizeof(told));
	memcpy(&told, synic_slot(vp, 2)->payload, sizeof(told));
	assert_int_equal(told.timer_index, 1);
	assert_int_equal(told.expiration_time, now + 50);
	assert_in_range(told.delivery_time, now + 60, now + 61);
	synic_slot(vp, 2)->header.type = 0;
	assert_ptr_equal(synic_wrmsr(vp, HV_MSR_EOM, 0), vp);
	(void)synic_wrmsr(vp, 0x80b, 0);
	assert_int_equal(synic_interrupt(vp), 0);
	assert_int_equal(synic_slot(vp, 2)->header.type, 0);
}

static void a_timer_waits_for_its_slot(void **state) {
	uint64_t now = reference_time_at(&p->time, fake_tsc);

	(void)state;
	assert_status(synic_post_direct(vp, 2, 1, 9), SUCCESS);
	assert_int_equal(synic_interrupt(vp), VECTOR);
	(void)synic_wrmsr(vp, 0x80b, 0);
	(void)synic_wrmsr(vp, HV_MSR_STIMER0_CONFIG, HV_STIMER_AUTO_ENABLE | 2ull << HV_STIMER_SINT_SHIFT);
	(void)synic_wrmsr(vp, HV_MSR_STIMER0_COUNT, now); /* past: at once */
	assert_int_equal(synic_interrupt(vp), 0);
	assert_int_equal(synic_slot(vp, 2)->header.type, 1);
	assert_int_equal(synic_slot(vp, 2)->header.flags, HV_MESSAGE_FLAG_PENDING);
	synic_slot(vp, 2)->header.type = 0;
	assert_ptr_equal(synic_wrmsr(vp, HV_MSR_EOM, 0), vp); /* the timer's, not the parent's */
	assert_int_equal(synic_interrupt(vp), VECTOR);
	assert_int_equal(synic_slot(vp, 2)->header.type, HV_MESSAGE_TIMER_EXPIRED);
}

/* XSA-472: without a message page there is nothing to write to. */
static void a_timer_without_a_page_harms_nobody(void **state) {
	(void)state;
	(void)synic_wrmsr(vp, HV_MSR_SIMP, 0);
	(void)synic_wrmsr(vp, HV_MSR_STIMER0_CONFIG, HV_STIMER_AUTO_ENABLE | 2ull << HV_STIMER_SINT_SHIFT);
	(void)synic_wrmsr(vp, HV_MSR_STIMER0_COUNT, 1);
	assert_int_equal(synic_interrupt(vp), 0);
	(void)synic_wrmsr(vp, HV_MSR_SIMP, SIMP_GPA | 1);
	assert_int_equal(synic_interrupt(vp), VECTOR);
}

static void the_pages_hide_memory_and_give_it_back(void **state) {
	spa_t before, under, after;

	(void)state;
	(void)synic_wrmsr(vp, HV_MSR_SIMP, 0);
	assert_status(gpa_space_translate(&p->space, gpa(SIMP_GPA), HV_MAP_GPA_WRITABLE, &before), SUCCESS);
	(void)synic_wrmsr(vp, HV_MSR_SIMP, SIMP_GPA | 1);
	assert_status(gpa_space_translate(&p->space, gpa(SIMP_GPA), HV_MAP_GPA_WRITABLE, &under), SUCCESS);
	assert_int_equal(under.v, sfn_to_spa(vp->message_page).v);
	(void)synic_wrmsr(vp, HV_MSR_SIMP, 0);
	assert_status(gpa_space_translate(&p->space, gpa(SIMP_GPA), HV_MAP_GPA_WRITABLE, &after), SUCCESS);
	assert_int_equal(before.v, after.v);
	core_world_prove();
}

#define synic_test(name) cmocka_unit_test_setup_teardown(name, setup, core_world_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
	    synic_test(a_message_fills_its_slot_and_interrupts),
	    synic_test(a_second_message_waits_and_the_end_of_the_first_tells_the_parent),
	    synic_test(an_end_of_message_that_nobody_waits_for_tells_nobody),
	    synic_test(a_synic_that_is_off_takes_nothing),
	    synic_test(a_page_that_is_off_takes_nothing),
	    synic_test(a_masked_source_takes_nothing),
	    synic_test(a_flag_interrupts_once_until_the_guest_clears_it),
	    synic_test(flags_need_page_source_and_synic),
	    synic_test(a_polled_source_does_not_interrupt),
	    synic_test(an_interrupt_may_end_with_its_delivery),
	    synic_test(a_timer_posts_when_and_once),
	    synic_test(a_timer_waits_for_its_slot),
	    synic_test(a_timer_without_a_page_harms_nobody),
	    synic_test(the_pages_hide_memory_and_give_it_back),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
