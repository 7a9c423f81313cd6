/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The checker of memory ownership: walks the whole frame table and every space
 * and proves that each frame has one owner, that loans count their mappings, and
 * that nobody can reach what is not his (architecture.md decision 4,
 * security-cases.md oracle O1). Needs no memory of its own: it counts in the
 * frame table and puts back what was there.
 */
#pragma once

#include <hv_abi/call_args.h>
#include <hv_abi/frame_rule.h>
#include "mm/gpa_space.h"

/*
 * spaces[0] is the parent's; every partition with a pool must be listed, with a
 * space that is not alive (but names its pool) if it has none. `out` gets the number of frames
 * looked at, the number of violations and the first one (first_bad_frame ~0 where no frame is to
 * blame). Lock: every partition's and the memory lock.
 */
void invariants_check(struct gpa_space *const *spaces, unsigned space_count, struct hv_check_invariants_out *out);
