/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The waist below the second-level tables: the format of one entry. Chosen at
 * link time: NPT (arch/x86/svm/pt_format_npt.c), later EPT, and for host tests a
 * fake whose bits are shuffled (tests/fake/mm_pt_format.c).
 *
 * Every format has four levels of 512 eight-byte entries; level 1 maps 4 KiB,
 * 2 maps 2 MiB, 3 maps 1 GiB, 4 only points to tables. An entry of all zeros is
 * not present.
 */
#pragma once

#include "lib/addr.h"

#define PT_MAX_LEVEL   4u
#define PT_LEAF_LEVELS 3u
#define PT_ENTRIES     512u

typedef struct {
	uint64_t v;
} pt_entry_t;

/* A leaf at `level` (1..3) onto the frames from `frame`, aligned to the leaf's
 * size, with `access` out of HV_MAP_GPA_READABLE, _WRITABLE, _EXECUTABLE;
 * READABLE is always among them. Memory type: write-back, the guest's own page
 * attributes and the MTRRs decide. */
pt_entry_t pt_format_leaf(sfn_t frame, unsigned level, uint32_t access);

/* An entry at level 2..4 that points to a table and grants all access. */
pt_entry_t pt_format_table(sfn_t table);

bool pt_format_is_present(pt_entry_t entry);

/* Of a present entry at this level: a leaf, else a table. */
bool pt_format_is_leaf(pt_entry_t entry, unsigned level);

/* Of a present entry: the first frame of the leaf, or the table. */
sfn_t pt_format_frame(pt_entry_t entry, unsigned level);

/* Of a leaf: HV_MAP_GPA_*. */
uint32_t pt_format_access(pt_entry_t entry);
