/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Fixed-point arithmetic between TSC ticks, reference time and nanoseconds
 * [TLFS "Partition Reference TSC Mechanism"]. Time is the guest's TSC times
 * `scale`, 64 bits of which are fraction: nanoseconds come from the same product.
 * Divisions happen where a deadline is made. Pure.
 */
#include "core/reference_time.h"

#define UNIT_NS 100u

typedef unsigned __int128 wide_t;

/* (high:low) / divisor, rounded up, or NEVER where that exceeds 64 bits. The
 * compiler has no inline form of it. */
static uint64_t divide_up(uint64_t high, uint64_t low, uint64_t divisor) {
	uint64_t quotient;
	uint64_t remainder;

	if (high >= divisor)
		return REFERENCE_TIME_NEVER;
	__asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "a"(low), "d"(high), "r"(divisor) : "cc");
	return remainder != 0 && quotient != REFERENCE_TIME_NEVER ? quotient + 1 : quotient;
}

bool reference_time_init(struct reference_time *r, uint64_t tsc_hz, uint64_t host_tsc) {
	const struct hv_state_reference_time start = {
	    .version = HV_STATE_REFERENCE_TIME_VERSION, .sequence = 1, .tsc_hz = tsc_hz};

	if (reference_time_load(r, &start, tsc_hz) != HV_STATUS_SUCCESS)
		return false;
	reference_time_thaw(r, host_tsc);
	return true;
}

uint64_t reference_time_guest_tsc(const struct reference_time *r, uint64_t host_tsc) {
	return r->is_frozen ? r->frozen_tsc : host_tsc + r->tsc_offset;
}

hv_reference_time_t reference_time_at(const struct reference_time *r, uint64_t host_tsc) {
	wide_t time = (wide_t)reference_time_guest_tsc(r, host_tsc) * r->scale;

	return (uint64_t)(time >> 64) + (uint64_t)r->offset;
}

uint64_t reference_time_ns(const struct reference_time *r, uint64_t host_tsc) {
	uint64_t fraction = reference_time_guest_tsc(r, host_tsc) * r->scale;

	return reference_time_at(r, host_tsc) * UNIT_NS + (uint64_t)((wide_t)fraction * UNIT_NS >> 64);
}

/* time - offset, limited to what 64 bits hold: a time before the guest's TSC 0
 * has passed, and one past the end never comes. */
static uint64_t subtract(uint64_t time, int64_t offset) {
	__int128 difference = (__int128)time - offset;

	if (difference < 0)
		return 0;
	return difference > REFERENCE_TIME_NEVER ? REFERENCE_TIME_NEVER : (uint64_t)difference;
}

/* The first host TSC with at least this time and fraction of 2^64. */
static uint64_t host_tsc_of(const struct reference_time *r, uint64_t time, uint64_t fraction) {
	uint64_t guest_tsc = divide_up(subtract(time, r->offset), fraction, r->scale);

	if (r->is_frozen || guest_tsc == REFERENCE_TIME_NEVER)
		return REFERENCE_TIME_NEVER;
	return subtract(guest_tsc, (int64_t)r->tsc_offset);
}

uint64_t reference_time_host_tsc(const struct reference_time *r, hv_reference_time_t time) {
	return time == REFERENCE_TIME_NEVER ? time : host_tsc_of(r, time, 0);
}

uint64_t reference_time_host_tsc_of_ns(const struct reference_time *r, uint64_t ns) {
	uint64_t fraction = divide_up(ns % UNIT_NS, 0, UNIT_NS);

	return ns == REFERENCE_TIME_NEVER ? ns : host_tsc_of(r, ns / UNIT_NS, fraction);
}

uint64_t reference_time_next_period(uint64_t deadline, uint64_t period, uint64_t now, uint64_t minimum) {
	uint64_t periods = (now - deadline) / period + 1;
	wide_t next;

	if (period < minimum)
		periods += (minimum - 1) / period;
	next = deadline + (wide_t)periods * period;
	return next > REFERENCE_TIME_NEVER ? REFERENCE_TIME_NEVER : (uint64_t)next;
}

void reference_time_freeze(struct reference_time *r, uint64_t host_tsc) {
	r->frozen_tsc = reference_time_guest_tsc(r, host_tsc);
	r->is_frozen = true;
}

void reference_time_thaw(struct reference_time *r, uint64_t host_tsc) {
	if (!r->is_frozen)
		return;
	r->tsc_offset = r->frozen_tsc - host_tsc;
	r->is_frozen = false;
}

void reference_time_fill_page(const struct reference_time *r, struct hv_reference_tsc_page *page) {
	*page = (struct hv_reference_tsc_page){.sequence = r->sequence, .scale = r->scale, .offset = r->offset};
}

void reference_time_save(const struct reference_time *r, uint64_t host_tsc, struct hv_state_reference_time *state) {
	*state = (struct hv_state_reference_time){
	    .version = HV_STATE_REFERENCE_TIME_VERSION,
	    .sequence = r->sequence,
	    .guest_tsc = reference_time_guest_tsc(r, host_tsc),
	    .time = reference_time_at(r, host_tsc),
	    .tsc_hz = r->tsc_hz,
	};
}

enum hv_status reference_time_load(struct reference_time *r, const struct hv_state_reference_time *state,
                                   uint64_t tsc_hz) {
	uint64_t limit = 1ull << 62;

	if (tsc_hz < REFERENCE_TIME_MIN_HZ)
		return HV_STATUS_PROCESSOR_FEATURE_NOT_SUPPORTED;
	if (state->version != HV_STATE_REFERENCE_TIME_VERSION || state->tsc_hz < REFERENCE_TIME_MIN_HZ ||
	    state->guest_tsc > limit || state->time > limit / UNIT_NS || state->sequence == 0 || state->sequence == ~0u)
		return HV_STATUS_INVALID_SAVE_RESTORE_STATE;
	*r = (struct reference_time){.tsc_hz = tsc_hz,
	                             .scale = divide_up(HV_REFERENCE_TIME_HZ, 0, tsc_hz),
	                             .sequence = state->sequence,
	                             .frozen_tsc = state->guest_tsc,
	                             .is_frozen = true};
	r->offset = (int64_t)(state->time - reference_time_at(r, 0));
	if (tsc_hz != state->tsc_hz)
		r->sequence = state->sequence >= ~0u - 1 ? 1 : state->sequence + 1;
	return HV_STATUS_SUCCESS;
}
