/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Pages of the synthetic interrupt controller
 * [TLFS "Inter-Partition Communication"]. Each VP has one page of message slots
 * and one of event flags, both with one part per SINT.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/messages.h>
#include <hv_abi/types.h>

#define HV_SINT_COUNT        16u
#define HV_EVENT_FLAGS       2048u /* per SINT */
#define HV_EVENT_FLAG_WORDS  (HV_EVENT_FLAGS / 64)
#define HV_POST_MESSAGE_SIZE 240u /* payload of one message, in bytes */
#define HV_SYNIC_VERSION     1u   /* HV_MSR_SVERSION */
#define HV_SCONTROL_ENABLE   1ull /* HV_MSR_SCONTROL */

/* HV_MSR_SINT0 and on: the vector in bits 7:0. */
#define HV_SINT_MASKED       (1ull << 16)
#define HV_SINT_AUTO_EOI     (1ull << 17)
#define HV_SINT_POLLING      (1ull << 18)

/* Payload of HV_MESSAGE_TIMER_EXPIRED. */
struct hv_timer_message {
	uint32_t timer_index;
	uint32_t reserved;
	uint64_t expiration_time;
	uint64_t delivery_time;
};

/* SIMP: the slot of SINT n is free while its header.type is 0. */
struct hv_message_page {
	struct hv_message slot[HV_SINT_COUNT];
};

/* SIEFP: flag k of SINT n is bit k % 64 of flags[n].word[k / 64]. */
struct hv_event_flags {
	uint64_t word[HV_EVENT_FLAG_WORDS];
};
struct hv_event_flags_page {
	struct hv_event_flags sint[HV_SINT_COUNT];
};
