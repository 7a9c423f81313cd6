/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Synthetic MSRs 0x40000000 and up [TLFS "Synthetic MSRs"]: which exist for a
 * partition (one row per MSR, gated by privilege), what their values may be, and
 * what core must do after a write.
 *
 * Locks: the caller holds the VP's lock, and for writes also the partition's until
 * the action's page is placed, so that two VPs cannot move one page at once
 * (XSA-472).
 */
#pragma once

#include "core/lapic_model.h"
#include "core/reference_time.h"
#include "core/stimer.h"
#include <hv_abi/synic.h>

#define HV_STATE_PARTITION_MSRS_VERSION 2u
#define HV_STATE_VP_MSRS_VERSION        3u

/* MSRs of the partition; all 0 at first but the version. This and the next are their
 * own images: a copy saves them, synthetic_msr_load_* take one over. */
struct hv_partition_msrs {
	uint64_t version;
	uint64_t guest_os_id;
	uint64_t hypercall;
	uint64_t reference_tsc;
};
_Static_assert(sizeof(struct hv_partition_msrs) == 32, "hv_partition_msrs");

/* MSRs of a VP. vp_index is set at creation and constant. */
struct hv_vp_msrs {
	uint64_t version;
	uint64_t vp_index;
	uint64_t vp_assist_page;
	/* The SynIC's: two pages, the sources, and, bit n, those that the parent waits for. */
	uint64_t scontrol;
	uint64_t siefp;
	uint64_t simp;
	uint64_t sint[HV_SINT_COUNT];
	uint64_t sints_wanted;
	struct stimer_bank stimers;
};
_Static_assert(sizeof(struct hv_vp_msrs) == 312, "hv_vp_msrs");

/* One access: what it may do, the state it may touch, and the time. */
struct synthetic_msr_context {
	uint64_t privileges;
	hv_gpfn_t gpfn_limit; /* GPFNs from here on are outside of the GPA space */
	struct hv_partition_msrs *partition;
	struct hv_vp_msrs *vp;
	struct lapic *lapic;
	const struct reference_time *time;
	uint64_t host_tsc;
	uint64_t runtime_tsc; /* TSC ticks that this VP has run */
};

/* What core does after a write; all 0 before it. */
struct synthetic_action {
	uint64_t *page; /* of the MSRs above: place the page, and then store value in it */
	uint64_t value;
	bool is_reset;     /* the guest asks for a reset of its partition */
	bool lacks_memory; /* core's: the page could not be placed, and nothing was changed */
	struct lapic_action apic;
};

void synthetic_msr_init_vp(struct hv_vp_msrs *m, uint32_t vp_index);

/* RDMSR. False: #GP(0). */
bool synthetic_msr_read(const struct synthetic_msr_context *c, uint32_t msr, uint64_t *value);

/* WRMSR. False: #GP(0), nothing changed and *action means nothing. Otherwise the
 * state is changed, except a page MSR, and core carries *action out. To place a
 * page may take memory, for which the parent is asked; a write of GUEST_OS_ID only
 * takes one away, which cannot fail. */
bool synthetic_msr_write(const struct synthetic_msr_context *c, uint32_t msr, uint64_t value,
                         struct synthetic_action *action);

/* Into a partition or VP that was initialized. Core places the overlay pages
 * afterwards. HV_STATUS_INVALID_SAVE_RESTORE_STATE: wrong version or index, or a
 * value that no sequence of writes produces; m unchanged. */
must_use enum hv_status synthetic_msr_load_partition(struct hv_partition_msrs *m, hv_gpfn_t gpfn_limit,
                                                     const struct hv_partition_msrs *saved);
must_use enum hv_status synthetic_msr_load_vp(struct hv_vp_msrs *m, hv_gpfn_t gpfn_limit,
                                              const struct hv_vp_msrs *saved);
