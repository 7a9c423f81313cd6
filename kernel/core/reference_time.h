/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The time of a partition: its TSC offset (one for all VPs, architecture.md D7),
 * its reference time in 100 ns, the same in nanoseconds for the local APIC
 * timer, the way back to a host TSC for deadlines, and the reference TSC page
 * [TLFS "Partition Reference Time Enlightenment"].
 *
 * Reference time is a function of the *guest's* TSC only, the same function that
 * the page gives the guest. Freezing stops the guest's TSC, so the page stays
 * true across a freeze. The caller serializes changes (init, freeze, thaw, load)
 * with the partition's lock while no VP of it runs; the readers need no lock.
 */
#pragma once

#include <stdbool.h>
#include <hv_abi/msr.h>
#include <hv_abi/status.h>
#include <hv_abi/types.h>
#include "lib/check.h"

#define REFERENCE_TIME_NEVER  (~0ull)

/* Slowest TSC for which the page's scale exists (more than 10 MHz). */
#define REFERENCE_TIME_MIN_HZ 10000001ull

struct reference_time {
	uint64_t tsc_hz;
	uint64_t tsc_offset; /* guest TSC = host TSC + tsc_offset, for the VMCB */
	uint64_t scale;      /* (10^7 << 64) / tsc_hz, rounded up */
	int64_t offset;      /* 100 ns; 0 unless the TSC's frequency ever changed */
	uint32_t sequence;   /* of the page: never 0 or ~0, changes with scale and offset */
	uint64_t frozen_tsc; /* guest TSC while is_frozen */
	bool is_frozen;
};

/* Time 0 and guest TSC 0 at host_tsc. False: tsc_hz is below the minimum. */
must_use bool reference_time_init(struct reference_time *r, uint64_t tsc_hz, uint64_t host_tsc);

/* The guest's TSC at this host TSC; stands still while frozen. */
uint64_t reference_time_guest_tsc(const struct reference_time *r, uint64_t host_tsc);

/* 100 ns and ns since creation, frozen time not counted. Both are monotonic in
 * host_tsc, and ns / 100 is the reference time. */
hv_reference_time_t reference_time_at(const struct reference_time *r, uint64_t host_tsc);
uint64_t reference_time_ns(const struct reference_time *r, uint64_t host_tsc);

/*
 * The smallest host TSC at which reference_time_at (reference_time_ns) is at
 * least the given time: arm the host timer with it and the deadline has passed
 * when it fires. REFERENCE_TIME_NEVER for REFERENCE_TIME_NEVER, for a time that
 * no 64-bit TSC reaches, and while frozen. May lie in the past.
 */
uint64_t reference_time_host_tsc(const struct reference_time *r, hv_reference_time_t time);
uint64_t reference_time_host_tsc_of_ns(const struct reference_time *r, uint64_t ns);

/*
 * The next expiry of a periodic timer whose deadline is at or before now, in any
 * unit: keeps the phase, skips what was missed, and leaves about `minimum` between
 * two expiries however short the period is. Saturates at REFERENCE_TIME_NEVER.
 * period is not 0.
 */
uint64_t reference_time_next_period(uint64_t deadline, uint64_t period, uint64_t now, uint64_t minimum);

/* Stops the partition's time; again: no effect. */
void reference_time_freeze(struct reference_time *r, uint64_t host_tsc);

/* Lets it run again from where it stopped: tsc_offset changes, so core writes
 * the new one into every VP's control block before it runs. */
void reference_time_thaw(struct reference_time *r, uint64_t host_tsc);

/* The whole page: valid sequence, scale, offset, the rest zero. */
void reference_time_fill_page(const struct reference_time *r, struct hv_reference_tsc_page *page);

#define HV_STATE_REFERENCE_TIME_VERSION 1u
struct hv_state_reference_time {
	uint32_t version;
	uint32_t sequence;
	uint64_t guest_tsc;
	hv_reference_time_t time;
	uint64_t tsc_hz;
};
_Static_assert(sizeof(struct hv_state_reference_time) == 32, "hv_state_reference_time");

void reference_time_save(const struct reference_time *r, uint64_t host_tsc, struct hv_state_reference_time *state);

/*
 * Goes on, frozen, at the saved guest TSC and reference time on a machine whose
 * TSC runs at tsc_hz; call reference_time_thaw to start it. Another frequency
 * changes scale, offset and the page's sequence.
 * HV_STATUS_INVALID_SAVE_RESTORE_STATE: wrong version or an impossible value;
 * HV_STATUS_PROCESSOR_FEATURE_NOT_SUPPORTED: tsc_hz is below the minimum; r
 * unchanged.
 */
must_use enum hv_status reference_time_load(struct reference_time *r, const struct hv_state_reference_time *state,
                                            uint64_t tsc_hz);
