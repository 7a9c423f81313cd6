/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Events in the hardware's format, which is one for both vendors [SDM 3C 25.8.3
 * "VM-Entry Controls for Event Injection"], [APM2 15.20 "Event Injection"]; the
 * error code is in bits 63:32, where Intel has a field of its own. Types are those
 * of HV_EVENT_*. Pure.
 */
#pragma once

#include <hv_abi/registers.h>
#include "arch/x86/vp_hw.h"

#define HW_EVENT_TYPE_SHIFT 8
#define HW_EVENT_SOFTWARE   4u /* this type and those above it */
#define HW_EVENT_HAS_ERROR  (1ull << 11)
#define HW_EVENT_VALID      (1ull << 31)

static inline unsigned hw_event_type(uint64_t info) { return info >> HW_EVENT_TYPE_SHIFT & 7; }

static inline bool hv_event_is_nmi(uint64_t event) {
	return (event & HV_EVENT_PENDING) && (event >> HV_EVENT_TYPE_SHIFT & 7) == HV_EVENT_TYPE_NMI;
}

/* HV_EVENT_* to the hardware's format; 0 is no event. */
static inline uint64_t hw_event_encode(uint64_t event) {
	uint64_t type = event >> HV_EVENT_TYPE_SHIFT & 7;
	uint64_t vector = hv_event_is_nmi(event) ? 2 : event >> HV_EVENT_VECTOR_SHIFT & 0xff;
	uint64_t info = HW_EVENT_VALID | type << HW_EVENT_TYPE_SHIFT | vector;

	if (event & HV_EVENT_DELIVER_ERROR)
		info |= HW_EVENT_HAS_ERROR | event >> HV_EVENT_ERROR_SHIFT << 32;
	return event & HV_EVENT_PENDING ? info : 0;
}

/*
 * The event (HV_EVENT_*) that must be delivered again because this exit, decoded,
 * interrupted its delivery, or 0 [SDM 3C 28.2.4 "Information for VM Exits During
 * Event Delivery"], [APM2 15.7.2 "Event Injection and Exceptions"]. `info` is
 * IDT-vectoring information or EXITINTINFO. Software interrupts are executed again
 * instead. An exception of the delivery takes the event's place, but for #MC; after
 * a failed entry nothing was delivered and the field is stale.
 */
static inline uint64_t hw_event_requeued(uint64_t info, const struct vp_exit *exit) {
	uint64_t event = HV_EVENT_PENDING | (uint64_t)hw_event_type(info) << HV_EVENT_TYPE_SHIFT |
	                 (info & 0xff) << HV_EVENT_VECTOR_SHIFT;

	if (!(info & HW_EVENT_VALID))
		return 0;
	if (hw_event_type(info) >= HW_EVENT_SOFTWARE || exit->reason == VP_EXIT_TRIPLE_FAULT ||
	    exit->reason == VP_EXIT_INVALID_STATE ||
	    (exit->reason == VP_EXIT_EXCEPTION && exit->u.exception.vector != VECTOR_MC))
		return 0;
	if (info & HW_EVENT_HAS_ERROR)
		event |= HV_EVENT_DELIVER_ERROR | info >> 32 << HV_EVENT_ERROR_SHIFT;
	return event;
}
