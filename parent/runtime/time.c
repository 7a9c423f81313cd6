/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Reads the reference TSC page [TLFS "Partition Reference TSC Mechanism"]. */
#include <stddef.h>
#include <hv_abi/msr.h>
#include "runtime/insn.h"
#include "runtime/time.h"

static const volatile struct hv_reference_tsc_page *page;
static uint64_t unix_time_at_zero; /* in units of reference time */
static uint64_t tsc_frequency;

void time_init(const struct hv_boot_info *info) {
	page = (const volatile struct hv_reference_tsc_page *)(uintptr_t)info->reference_tsc_page;
	/* The firmware's clock counts seconds: half of one had passed, on average. */
	unix_time_at_zero = (uint64_t)info->boot_unix_time * HV_REFERENCE_TIME_HZ + HV_REFERENCE_TIME_HZ / 2;
	tsc_frequency = info->tsc_frequency;
}

static hv_reference_time_t from_frequency(uint64_t tsc) {
	if (tsc_frequency == 0)
		return 0;
	return tsc / tsc_frequency * HV_REFERENCE_TIME_HZ + tsc % tsc_frequency * HV_REFERENCE_TIME_HZ / tsc_frequency;
}

hv_reference_time_t time_now(void) {
	for (unsigned tries = 0; page != NULL && tries < 1000; tries++) {
		uint32_t sequence = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
		uint64_t scale = page->scale;
		int64_t offset = page->offset;
		uint64_t tsc = insn_rdtsc();

		if (sequence == 0)
			break;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (page->sequence == sequence)
			return (uint64_t)(((unsigned __int128)tsc * scale) >> 64) + (uint64_t)offset;
	}
	/* Not valid: the frequency alone still gives the right speed. */
	return from_frequency(insn_rdtsc());
}

uint64_t time_unix_precise(void) { return unix_time_at_zero + time_now(); }

int64_t time_unix(void) { return (int64_t)(time_unix_precise() / HV_REFERENCE_TIME_HZ); }
