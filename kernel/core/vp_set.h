/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Sets of VPs in the input of calls, as bits: a partition has at most 64
 * [TLFS "Virtual Processor Sets" HV_VP_SET]. Pure.
 */
#pragma once

#include <hv_abi/call_args.h>
#include <hv_abi/status.h>
#include "lib/check.h"

_Static_assert(HV_MAX_VPS == 64, "a set is one word");

/* The VPs of a mask. Errors: INVALID_VP_INDEX one that the partition, which may
 * have `vp_count`, can never have. VPs that do not exist now are no error. */
must_use enum hv_status vp_set_of_mask(uint64_t mask, uint32_t vp_count, uint64_t *vps);

/* The VPs of a set whose `bank_count` banks follow it. Errors, *vps unchanged or
 * meaningless: INVALID_HYPERCALL_INPUT other banks than the set says are valid;
 * INVALID_PARAMETER unknown format; INVALID_VP_INDEX as above. */
must_use enum hv_status vp_set_read(const struct hv_vp_set *set, unsigned bank_count, uint32_t vp_count, uint64_t *vps);
