/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Two children with SynICs, for the tests of messages, events and ports. */
#pragma once

#include "core_test.h"
#include "core/exit.h"
#include "core/synic.h"
#include "core/vp_events.h"

#define SIMP_GPA  0x5000u
#define SIEFP_GPA 0x6000u
#define VECTOR    0xf3u

/* WRMSR as the guest does it; returns what runs next: the VP, or NULL after an intercept. */
static inline struct vp *synic_wrmsr(struct vp *vp, uint32_t msr, uint64_t value) {
	struct vp_exit exit = {.reason = VP_EXIT_MSR_WRITE, .instruction_length = 2};

	vp_gpr(vp)[HV_RCX] = msr;
	vp_gpr(vp)[HV_RAX] = (uint32_t)value;
	vp_gpr(vp)[HV_RDX] = value >> 32;
	fake_cpu = vp->home;
	return exit_handle(vp, &exit);
}

/* A VP that runs, with an APIC in x2APIC mode and a SynIC whose SINT 2 has VECTOR. */
static inline void synic_open(struct vp *vp) {
	core_start(vp);
	core_running(vp);
	(void)synic_wrmsr(vp, 0x1b, vp->lapic.base | LAPIC_BASE_X2APIC);
	(void)synic_wrmsr(vp, 0x80f, 0x1ff);
	(void)synic_wrmsr(vp, HV_MSR_SIMP, SIMP_GPA | 1);
	(void)synic_wrmsr(vp, HV_MSR_SIEFP, SIEFP_GPA | 1);
	(void)synic_wrmsr(vp, HV_MSR_SINT0 + 2, VECTOR);
	(void)synic_wrmsr(vp, HV_MSR_SCONTROL, 1);
	assert_int_equal(vp->hw.event, 0);
}

static inline struct hv_message *synic_slot(const struct vp *vp, unsigned sint) {
	return &((struct hv_message_page *)frame_pointer(vp->message_page))->slot[sint];
}

static inline uint64_t *synic_flags(const struct vp *vp, unsigned sint) {
	return ((struct hv_event_flags_page *)frame_pointer(vp->event_flags_page))->sint[sint].word;
}

/* The vector that the next entry injects, or 0. */
static inline unsigned synic_interrupt(struct vp *vp) {
	uint64_t event;

	fake_cpu = vp->home;
	(void)vp_events_prepare(vp);
	event = vp->hw.event;
	vp->hw.event = 0;
	return (unsigned)(event >> HV_EVENT_VECTOR_SHIFT & 0xff);
}

static inline enum hv_status synic_post_direct(const struct vp *vp, unsigned sint, uint32_t type, uint8_t byte) {
	struct hv_post_message_direct_in in = {
	    .partition_id = vp->partition->id, .vp_index = vp->index, .target_sint = (uint8_t)sint};
	struct hv_message message = {.header = {.type = type, .payload_size = 3}, .payload = {byte, 2, 3}};

	memcpy(in.message, &message, sizeof(message));
	return core_call(HV_CALL_POST_MESSAGE_DIRECT, &in, sizeof(in), NULL, 0);
}

static inline enum hv_status synic_signal_direct(const struct vp *vp, unsigned sint, unsigned flag, bool *is_new) {
	struct hv_signal_event_direct_in in = {.partition_id = vp->partition->id,
	                                       .vp_index = vp->index,
	                                       .target_sint = (uint8_t)sint,
	                                       .flag_number = (uint16_t)flag};
	struct hv_signal_event_direct_out out = {0};
	enum hv_status status = core_call(HV_CALL_SIGNAL_EVENT_DIRECT, &in, sizeof(in), &out, sizeof(out));

	*is_new = out.newly_signaled;
	return status;
}
