/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * An entry format that no processor has: what is one bit in NPT is another here,
 * set bits mean denial, and each entry knows its level. Code that looks into an
 * entry by itself, or at the wrong level, goes wrong with it.
 */
#include "mm/pt_format.h"

#include <hv_abi/call_args.h>
#include "lib/bits.h"
#include "lib/check.h"

#define FAKE_PRESENT     BIT(37)
#define FAKE_LEAF        BIT(1)
#define FAKE_NO_WRITE    BIT(5)
#define FAKE_NO_EXECUTE  BIT(0)
#define FAKE_LEVEL_SHIFT 61
#define FAKE_LOW_SHIFT   8 /* frame bits 19:0 */
#define FAKE_LOW_MASK    0xfffffull
#define FAKE_HIGH_SHIFT  40 /* frame bits 35:20 */
#define FAKE_HIGH_MASK   0xffffull

static uint64_t encode(sfn_t frame, unsigned level) {
	check(frame.v >> 36 == 0);
	return FAKE_PRESENT | (uint64_t)level << FAKE_LEVEL_SHIFT | (frame.v & FAKE_LOW_MASK) << FAKE_LOW_SHIFT |
	       frame.v >> 20 << FAKE_HIGH_SHIFT;
}

pt_entry_t pt_format_leaf(sfn_t frame, unsigned level, uint32_t access) {
	uint64_t v = encode(frame, level) | FAKE_LEAF;

	check(level >= 1 && level <= PT_LEAF_LEVELS);
	check(is_aligned(frame.v, 1ull << (9 * (level - 1))));
	check((access & HV_MAP_GPA_READABLE) != 0 && (access & ~HV_MAP_GPA_RWX) == 0);
	if ((access & HV_MAP_GPA_WRITABLE) == 0)
		v |= FAKE_NO_WRITE;
	if ((access & HV_MAP_GPA_EXECUTABLE) == 0)
		v |= FAKE_NO_EXECUTE;
	return (pt_entry_t){v};
}

/* A table entry may stand at any level but the lowest: it carries level 0. */
pt_entry_t pt_format_table(sfn_t table) { return (pt_entry_t){encode(table, 0)}; }

bool pt_format_is_present(pt_entry_t entry) {
	check(entry.v == 0 || (entry.v & FAKE_PRESENT) != 0);
	return entry.v != 0;
}

bool pt_format_is_leaf(pt_entry_t entry, unsigned level) {
	bool is_leaf = (entry.v & FAKE_LEAF) != 0;

	check((entry.v & FAKE_PRESENT) != 0);
	check(entry.v >> FAKE_LEVEL_SHIFT == (is_leaf ? level : 0));
	return is_leaf;
}

sfn_t pt_format_frame(pt_entry_t entry, unsigned level) {
	check((entry.v & FAKE_PRESENT) != 0);
	check((entry.v & FAKE_LEAF) == 0 || entry.v >> FAKE_LEVEL_SHIFT == level);
	return sfn((entry.v >> FAKE_LOW_SHIFT & FAKE_LOW_MASK) | (entry.v >> FAKE_HIGH_SHIFT & FAKE_HIGH_MASK) << 20);
}

uint32_t pt_format_access(pt_entry_t entry) {
	uint32_t access = HV_MAP_GPA_READABLE;

	check((entry.v & FAKE_LEAF) != 0);
	if ((entry.v & FAKE_NO_WRITE) == 0)
		access |= HV_MAP_GPA_WRITABLE;
	if ((entry.v & FAKE_NO_EXECUTE) == 0)
		access |= HV_MAP_GPA_EXECUTABLE;
	return access;
}
