/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The four synthetic timers of a VP [TLFS "Timers", "Synthetic Timers"]. Direct
 * mode raises an APIC interrupt; otherwise a message goes to a SINT, and waits here
 * while that has no room. Times are reference time (100 ns) of the partition. The
 * caller holds the VP's lock.
 */
#pragma once

#include "core/reference_time.h"

/* A periodic timer expires at most this often, however short its period (20 us):
 * count 0 and 1 must neither divide by zero nor loop (XSA-504). */
#define STIMER_MIN_PERIOD 200ull

struct stimer {
	uint64_t config;              /* HV_STIMER_* */
	uint64_t count;               /* one-shot: expiration time; periodic: period */
	hv_reference_time_t deadline; /* REFERENCE_TIME_NEVER: not running */
	hv_reference_time_t expired;  /* message mode: when, and not told yet; 0: nothing to tell */
};

struct stimer_bank {
	struct stimer timer[HV_STIMER_COUNT];
};

void stimer_init(struct stimer_bank *b);

/* A register of the bank as its MSRs count them: HV_MSR_STIMER0_CONFIG + index,
 * below 2 * HV_STIMER_COUNT. A write is false for #GP and nothing changed: a
 * reserved bit, or a direct vector below 16. Ask stimer_deadline again afterwards. */
static inline uint64_t stimer_read(const struct stimer_bank *b, unsigned index) {
	return index % 2 == 0 ? b->timer[index / 2].config : b->timer[index / 2].count;
}

bool stimer_write(struct stimer_bank *b, unsigned index, uint64_t value, hv_reference_time_t now);

/* Earliest time at which stimer_expire has something to do, or REFERENCE_TIME_NEVER. */
hv_reference_time_t stimer_deadline(const struct stimer_bank *b);

/* Lets every timer run up to `now`; each expires at most once. Bit n of what it
 * returns: timer n, in direct mode, wants its vector raised as an edge interrupt. In
 * message mode `expired` is set, over what was not told yet. */
uint32_t stimer_expire(struct stimer_bank *b, hv_reference_time_t now);

static inline uint8_t stimer_vector(const struct stimer *t) { return (uint8_t)(t->config >> HV_STIMER_VECTOR_SHIFT); }

static inline unsigned stimer_sint(const struct stimer *t) { return t->config >> HV_STIMER_SINT_SHIFT & 0xf; }

/* Whether a sequence of writes and expiries can have produced this bank: a saved
 * one is loaded only then. */
bool stimer_is_possible(const struct stimer_bank *b);
