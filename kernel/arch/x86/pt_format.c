/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What both vendors' second-level entries have in common: frame, write and large bit. */
#include "mm/pt_format.h"

#include <hv_abi/call_args.h>
#include "arch/x86/pt_bits.h"
#include "lib/bits.h"
#include "lib/check.h"

#define PT_WRITE BIT(1)
#define PT_LARGE BIT(7) /* levels 2 and 3 */
#define PT_FRAME 0x000ffffffffff000ull

pt_entry_t pt_format_leaf(sfn_t frame, unsigned level, uint32_t access) {
	uint64_t v = frame.v << PAGE_SHIFT | pt_bits.leaf;

	check(level >= 1 && level <= PT_LEAF_LEVELS);
	check(is_aligned(frame.v, 1ull << (9 * (level - 1))));
	check((access & HV_MAP_GPA_READABLE) != 0);
	if ((access & HV_MAP_GPA_WRITABLE) != 0)
		v |= PT_WRITE;
	v |= (access & HV_MAP_GPA_EXECUTABLE) == HV_MAP_GPA_EXECUTABLE ? pt_bits.execute : pt_bits.no_execute;
	if (level > 1)
		v |= PT_LARGE;
	return (pt_entry_t){v};
}

pt_entry_t pt_format_table(sfn_t table) { return (pt_entry_t){table.v << PAGE_SHIFT | pt_bits.table}; }

bool pt_format_is_present(pt_entry_t entry) { return (entry.v & pt_bits.present) != 0; }

bool pt_format_is_leaf(pt_entry_t entry, unsigned level) {
	return level == 1 || (level <= PT_LEAF_LEVELS && (entry.v & PT_LARGE) != 0);
}

sfn_t pt_format_frame(pt_entry_t entry, unsigned level) {
	(void)level; /* what lies below a large leaf's frame number we leave 0 */
	return sfn((entry.v & PT_FRAME) >> PAGE_SHIFT);
}

uint32_t pt_format_access(pt_entry_t entry) {
	uint64_t execute = entry.v & (pt_bits.execute | pt_bits.no_execute);

	return HV_MAP_GPA_READABLE | ((entry.v & PT_WRITE) != 0 ? HV_MAP_GPA_WRITABLE : 0u) |
	       (execute == pt_bits.execute ? HV_MAP_GPA_EXECUTABLE : 0u);
}
