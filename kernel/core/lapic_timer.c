/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The timer of the virtual local APIC, one-shot and periodic. Only the next
 * expiry is stored; the current count is computed from it when it is read
 * [SDM 3A 11.5.4 "APIC Timer"]. Pure.
 */
#include "core/lapic_model.h"

static uint32_t divisor(const struct lapic *l) {
	/* Bits 3, 1 and 0: 0 divides by 2, 6 by 128, 7 by 1. */
	uint32_t divide = l->reg[LAPIC_DIVIDE];
	uint32_t code = (divide & 3) | (divide >> 1 & 4);

	return code == 7 ? 1 : 2u << code;
}

static uint64_t period_ns(const struct lapic *l) { return (uint64_t)l->reg[LAPIC_INITIAL_COUNT] * divisor(l); }

/* The next expiry as it is once all up to now_ns are over. */
static uint64_t deadline_after(const struct lapic *l, uint64_t now_ns) {
	if (l->deadline_ns > now_ns)
		return l->deadline_ns;
	if (!(l->reg[LAPIC_LVT_TIMER] & LAPIC_LVT_TIMER_PERIODIC))
		return REFERENCE_TIME_NEVER;
	return reference_time_next_period(l->deadline_ns, period_ns(l), now_ns, LAPIC_TIMER_MIN_PERIOD_NS);
}

void lapic_timer_start(struct lapic *l, uint32_t count, uint64_t now_ns) {
	l->deadline_ns = count == 0 ? REFERENCE_TIME_NEVER : now_ns + (uint64_t)count * divisor(l);
}

uint32_t lapic_timer_count(const struct lapic *l, uint64_t now_ns) {
	uint64_t deadline = deadline_after(l, now_ns);
	uint64_t remaining;

	if (deadline == REFERENCE_TIME_NEVER)
		return 0;
	/* A stretched short period counts down several times per expiry. */
	remaining = (deadline - now_ns - 1) % period_ns(l) + 1;
	return (uint32_t)((remaining + divisor(l) - 1) / divisor(l));
}

uint64_t lapic_timer_deadline(const struct lapic *l) {
	return l->reg[LAPIC_LVT_TIMER] & LAPIC_LVT_MASKED ? REFERENCE_TIME_NEVER : l->deadline_ns;
}

bool lapic_timer_expire(struct lapic *l, uint64_t now_ns) {
	uint32_t entry = l->reg[LAPIC_LVT_TIMER];

	if (l->deadline_ns > now_ns)
		return false;
	l->deadline_ns = deadline_after(l, now_ns);
	return !(entry & LAPIC_LVT_MASKED) && lapic_accept(l, (uint8_t)entry, false);
}
