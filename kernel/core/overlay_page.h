/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The overlay pages that a guest places by MSR: hypercall page, reference TSC
 * page, VP assist page, message and event flags page [TLFS "Overlay Pages"]. Each is one frame of the
 * partition's deposit, kept from its first use until the partition's end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct partition;
struct vp;

/* Places the page of this MSR of the partition's or the VP's (synthetic_action) as
 * the value says, and stores that. False: the partition's pool lacks memory, for the frame
 * or for tables that split a large page; nothing was changed. Lock: the partition's. */
bool overlay_page_set(struct vp *vp, uint64_t *msr, uint64_t value);

/* Takes all overlays of the partition, or of one VP, out of its space and gives
 * the frames back. Lock: the partition's and memory. */
void overlay_page_release_partition(struct partition *p);
void overlay_page_release_vp(struct vp *vp);
