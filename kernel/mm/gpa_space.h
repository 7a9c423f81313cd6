/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A partition's second-level address space: which guest page is which frame, and
 * with which access. A child's space maps frames of the parent that are lent to
 * it, and overlays (gpa_overlay.h); the parent's own is an identity map with
 * holes (gpa_identity.h). Tables come from the partition's pool.
 *
 * Nothing here flushes. Frames that were reachable are stamped (flush_ledger.h);
 * before it relies on a change of translations, the caller flushes.
 *
 * Lock: the partition's, and the memory lock for what changes; gpa_space_translate
 * needs the partition's only.
 */
#pragma once

#include <hv_abi/call_args.h>
#include "mm/frame_pool.h"
#include "mm/pt_walk.h"

struct gpa_space {
	struct frame_pool *pool; /* immutable; also says which partition */
	sfn_t root;              /* immutable */
	uint8_t address_bits;    /* immutable: guest addresses are below 2^this */
	bool has_huge_leaves;    /* immutable: leaves of 1 GiB may be used */
	bool is_identity;        /* immutable: the parent's */
	bool is_alive;           /* false once gpa_space_destroy_some has finished */
	uint64_t destroy_cursor; /* gpa_space_destroy_some goes on here */
};

/* Makes an empty space with a root from the pool; guest addresses are below
 * 2^address_bits, 31..48. Errors: INSUFFICIENT_MEMORY. */
must_use enum hv_status gpa_space_init(struct gpa_space *space, struct frame_pool *pool, unsigned address_bits,
                                       bool has_huge_leaves);

/*
 * Lends a page of the parent, of 4 KiB, 2 MiB or 1 GiB (level 1..3), and maps it
 * with `access` (HV_MAP_GPA_READABLE, _WRITABLE, _EXECUTABLE). Numbers come from
 * outside and are judged. Errors, all without effect: INVALID_PARAMETER level,
 * access, address range or alignment, or not RAM; OBJECT_IN_USE part of the page
 * is mapped already; INSUFFICIENT_MEMORY; and those of frame_owner_may_lend. A
 * page that lies under an overlay may be mapped; it appears once the overlay is
 * cleared.
 */
must_use enum hv_status gpa_space_map(struct gpa_space *space, gpa_t at, sfn_t source, unsigned level, uint32_t access);

/*
 * Ends the loan of whatever the parent has mapped in this page of level 1..3,
 * also under overlays, which stay; in the parent's own space there are no loans.
 * Nothing being mapped there is no error. A larger leaf is split. Errors, without
 * effect: INVALID_PARAMETER level, range or alignment, INSUFFICIENT_MEMORY no
 * table for the split.
 */
must_use enum hv_status gpa_space_unmap(struct gpa_space *space, gpa_t at, unsigned level);

/* The byte that a guest would reach at an address, overlays included. Errors:
 * NOT_FOUND nothing is mapped there, ACCESS_DENIED not with this access
 * (HV_MAP_GPA_*). */
must_use enum hv_status gpa_space_translate(const struct gpa_space *space, gpa_t gpa, uint32_t access, spa_t *out);

/*
 * Takes the space apart: ends every loan and gives every table back to the pool,
 * `budget` (not 0) entries and frames, about, per call. Call it until it returns
 * true; translate finds nothing in what is gone already. No VP of the partition
 * runs any more and every overlay has been cleared. Afterwards one flush makes
 * the frames ready for their next owners.
 */
must_use bool gpa_space_destroy_some(struct gpa_space *space, uint64_t budget);

/* For the other files of mm. */

/* `gpa` is aligned to a page of this level, 1..3, which lies in the space. */
bool gpa_space_holds_page(const struct gpa_space *space, gpa_t gpa, unsigned level);

/* The entry of `at` at `level`. Tables that are missing on the way come from the
 * pool, larger leaves are split into leaves of the same access: no translation
 * changes. Errors, without effect: INSUFFICIENT_MEMORY. */
must_use enum hv_status gpa_space_reach(struct gpa_space *space, gpa_t at, unsigned level, pt_entry_t **out);

/* Takes the leaf at this position away, if there is one, and ends its loan; under
 * overlays the loan alone. Returns the frames that this touched. */
uint64_t gpa_space_clear_leaf(struct gpa_space *space, struct pt_position at);

/*
 * The parent's space: GPA = SPA for all that it may touch, RAM and MMIO, in the
 * largest leaves, with holes for the kernel's frames and registers
 * (architecture.md D3). A hole splits leaves, which are never merged again, so
 * filling a hole by 4 KiB never needs memory once it was punched by 4 KiB.
 *
 * Lock: the parent's and the memory lock.
 */
/* Makes the space (gpa_space_init) and maps all of [0, 2^address_bits), readable,
 * writable and executable. Boot only. Takes one table per 512 GiB, and one per
 * GiB if there are no leaves of 1 GiB. Errors: INSUFFICIENT_MEMORY, fatal: tables
 * made so far are not given back. */
must_use enum hv_status gpa_identity_init(struct gpa_space *space, struct frame_pool *pool, unsigned address_bits,
                                          bool has_huge_leaves);

/*
 * Unmaps `count` frames from `first`; what is unmapped already stays so. Frame
 * types are not touched. For one frame an error is without effect; for more the
 * call may be repeated. Errors: INSUFFICIENT_MEMORY no table for a split (at most
 * two per end of the range), INVALID_PARAMETER a frame past the space.
 */
must_use enum hv_status gpa_identity_punch(struct gpa_space *space, sfn_t first, uint64_t count);

/* Maps the page of `level` from `frame` on, of which nothing is mapped. Errors,
 * without effect: INSUFFICIENT_MEMORY; cannot happen for a frame that was punched
 * alone. */
must_use enum hv_status gpa_identity_fill(struct gpa_space *space, sfn_t frame, unsigned level, uint32_t access);

/*
 * Overlay pages [TLFS "Overlay Pages"]: kernel frames that shadow a guest page.
 * The memory beneath stays lent and unchanged and comes back into sight when the
 * overlay is cleared. Several may lie on one page: the last one set is seen.
 *
 * Lock: the partition's and the memory lock.
 */
/*
 * Places an OVERLAY frame of this partition, which is not placed, over the page
 * at `at`, mapped memory or not, with `access` for the guest. A larger leaf is
 * split. Errors, without effect: INVALID_PARAMETER `at` is not page-aligned or out
 * of range, INSUFFICIENT_MEMORY.
 */
must_use enum hv_status gpa_overlay_set(struct gpa_space *space, gpa_t at, sfn_t overlay, uint32_t access);

/* Takes the overlay away from `gpa`, where it was placed; the frame is stamped
 * and stays the caller's. */
void gpa_overlay_clear(struct gpa_space *space, gpa_t gpa, sfn_t overlay);

/* For mm: if a child's entry maps an overlay, the lowest overlay of that page, whose
 * link is the lent frame beneath; else NULL. */
struct frame *gpa_overlay_bottom(struct pt_position at);

/*
 * Copies between guest memory and kernel memory, as the guest would see it:
 * through its second-level tables, overlays included, read-only honored. Each
 * byte is read exactly once, so what was checked is what is used. MMIO and
 * holes are refused: a copy has no side effects.
 *
 * Lock: the partition's. `size` is bytes; the range may cross pages.
 */
/* Errors: INVALID_PARAMETER the range wraps or leaves the address space,
 * NOT_FOUND part of it is not memory, ACCESS_DENIED part of it is not readable.
 * The buffer's contents are undefined after an error. */
must_use enum hv_status copy_from_guest(const struct gpa_space *space, gpa_t gpa, void *buffer, size_t size);

/* Errors as above, ACCESS_DENIED part of it is not writable; guest memory is
 * unchanged then. */
must_use enum hv_status copy_to_guest(const struct gpa_space *space, gpa_t gpa, const void *buffer, size_t size);
