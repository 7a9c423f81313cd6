/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Rules of the synthetic timers [TLFS "Timers", "Synthetic Timer Configuration
 * Register", "Synthetic Timer Count Register"]. "Lazy" allows a late expiry and
 * is stored only: every timer expires when it is due. Pure.
 */
#include "core/stimer.h"

#define SINT_BITS (0xfull << HV_STIMER_SINT_SHIFT)
#define CONFIG_BITS                                                                                                    \
	(HV_STIMER_ENABLE | HV_STIMER_PERIODIC | HV_STIMER_LAZY | HV_STIMER_AUTO_ENABLE |                              \
	 0xffull << HV_STIMER_VECTOR_SHIFT | HV_STIMER_DIRECT | SINT_BITS)

/* Vectors below are illegal for fixed interrupts. */
#define FIRST_VECTOR 16u

static bool config_is_legal(const struct stimer *t) {
	return !(t->config & ~CONFIG_BITS) && (!(t->config & HV_STIMER_DIRECT) || stimer_vector(t) >= FIRST_VECTOR);
}

/* SINT 0 cannot take timer messages: such a timer does not get enabled. */
static bool may_be_enabled(uint64_t config) { return config & (HV_STIMER_DIRECT | SINT_BITS); }

void stimer_init(struct stimer_bank *b) {
	for (unsigned i = 0; i < HV_STIMER_COUNT; i++)
		b->timer[i] = (struct stimer){.deadline = REFERENCE_TIME_NEVER};
}

/* Starts or stops the timer as config and count say. Enabled with count 0 is a
 * legal state in which nothing runs; a period that never comes to pass saturates. */
static void restart(struct stimer *t, hv_reference_time_t now) {
	if (!may_be_enabled(t->config))
		t->config &= ~HV_STIMER_ENABLE;
	t->deadline = REFERENCE_TIME_NEVER;
	t->expired = 0;
	if (!(t->config & HV_STIMER_ENABLE) || t->count == 0)
		return;
	if (!(t->config & HV_STIMER_PERIODIC))
		t->deadline = t->count;
	else if (t->count < REFERENCE_TIME_NEVER - now)
		t->deadline = now + t->count;
}

bool stimer_write(struct stimer_bank *b, unsigned index, uint64_t value, hv_reference_time_t now) {
	struct stimer *t = &b->timer[index / 2];

	if (index % 2 == 0) {
		if (!config_is_legal(&(struct stimer){.config = value}))
			return false;
		t->config = value;
	} else {
		t->count = value;
		if (value == 0)
			t->config &= ~HV_STIMER_ENABLE;
		else if (t->config & HV_STIMER_AUTO_ENABLE)
			t->config |= HV_STIMER_ENABLE;
	}
	restart(t, now);
	return true;
}

hv_reference_time_t stimer_deadline(const struct stimer_bank *b) {
	hv_reference_time_t earliest = REFERENCE_TIME_NEVER;

	for (unsigned i = 0; i < HV_STIMER_COUNT; i++)
		if (b->timer[i].deadline < earliest)
			earliest = b->timer[i].deadline;
	return earliest;
}

uint32_t stimer_expire(struct stimer_bank *b, hv_reference_time_t now) {
	uint32_t raised = 0;

	for (unsigned i = 0; i < HV_STIMER_COUNT; i++) {
		struct stimer *t = &b->timer[i];

		if (t->deadline == REFERENCE_TIME_NEVER || t->deadline > now)
			continue;
		if (t->config & HV_STIMER_DIRECT)
			raised |= 1u << i;
		else
			t->expired = t->deadline;
		if (t->config & HV_STIMER_PERIODIC) {
			t->deadline = reference_time_next_period(t->deadline, t->count, now, STIMER_MIN_PERIOD);
		} else {
			t->config &= ~HV_STIMER_ENABLE;
			t->deadline = REFERENCE_TIME_NEVER;
		}
	}
	return raised;
}

bool stimer_is_possible(const struct stimer_bank *b) {
	for (unsigned i = 0; i < HV_STIMER_COUNT; i++) {
		const struct stimer *t = &b->timer[i];
		bool is_enabled = t->config & HV_STIMER_ENABLE;

		if (!config_is_legal(t) || (is_enabled && !may_be_enabled(t->config)))
			return false;
		if ((t->deadline != REFERENCE_TIME_NEVER && (!is_enabled || t->count == 0)) ||
		    (t->expired != 0 && ((t->config & HV_STIMER_DIRECT) || stimer_sint(t) == 0)))
			return false;
	}
	return true;
}
