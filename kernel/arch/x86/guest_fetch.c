/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The walk, the bytes, the comparison. */
#include "arch/x86/guest_fetch.h"

#include "core/vp_state.h"
#include "lib/bits.h"

#define PTE_PRESENT 0x1ull
#define PTE_LARGE   0x80ull
#define CR4_PSE     0x10ull
#define ADDRESS     0x000ffffffffff000ull

/* 32-bit paging has two levels of 1,024 entries [SDM 3A 4.3], PAE, 4-level and 5-level
 * paging have 512 entries of 8 bytes; PAE's top has four. */
bool guest_fetch_translate(const struct gpa_space *space, const struct fetch_mode *m, uint64_t gva, gpa_t *out) {
	bool is_long = m->efer & EFER_LMA;
	bool is_pae = m->cr4 & CR4_PAE;
	unsigned level = !is_pae ? 2 : !is_long ? 3 : (m->cr4 & CR4_LA57) ? 5 : 4;
	unsigned size = is_pae ? 8 : 4;
	unsigned index_bits = is_pae ? 9 : 10;
	uint64_t table = m->cr3 & (is_long ? ADDRESS : is_pae ? 0xffffffe0 : 0xfffff000);
	uint64_t entry;

	if (!is_long)
		gva &= 0xffffffff;
	if (!(m->cr0 & CR0_PG)) {
		*out = gpa(gva);
		return true;
	}
	for (;; level--) {
		unsigned shift = 12 + index_bits * (level - 1);
		uint64_t index = (gva >> shift) & (BIT(index_bits) - 1);
		bool may_be_large = level == 2 ? is_pae || (m->cr4 & CR4_PSE) : level == 3 && is_long;

		entry = 0;
		if (copy_from_guest(space, gpa(table + index * size), &entry, size) != HV_STATUS_SUCCESS ||
		    !(entry & PTE_PRESENT))
			return false;
		if (level == 1 || (may_be_large && (entry & PTE_LARGE))) {
			uint64_t offset = BIT(shift) - 1;

			*out = gpa((entry & ADDRESS & ~offset) | (gva & offset));
			if (level == 2 && !is_pae) /* PSE-36 */
				out->v |= (entry & 0x1fe000) << 19;
			return true;
		}
		table = entry & ADDRESS;
	}
}

unsigned guest_fetch_bytes(const struct gpa_space *space, const struct fetch_mode *mode, uint64_t gva, uint8_t *bytes) {
	unsigned count = 0;

	while (count < INSTRUCTION_MAX) {
		uint64_t in_page = PAGE_SIZE - ((gva + count) & (PAGE_SIZE - 1));
		unsigned n = (unsigned)smaller(in_page, INSTRUCTION_MAX - count);
		gpa_t at;

		if (!guest_fetch_translate(space, mode, gva + count, &at) ||
		    copy_from_guest(space, at, bytes + count, n) != HV_STATUS_SUCCESS)
			break;
		count += n;
	}
	return count;
}

/* How many prefixes the bytes begin with. */
static unsigned skip_prefixes(const uint8_t *bytes, unsigned count, bool is_64) {
	static const uint8_t legacy[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};

	for (unsigned at = 0; at < count; at++) {
		bool is_prefix = is_64 && (bytes[at] & 0xf0) == 0x40; /* REX */

		for (unsigned i = 0; i < ARRAY_COUNT(legacy); i++)
			is_prefix |= bytes[at] == legacy[i];
		if (!is_prefix)
			return at;
	}
	return count;
}

unsigned guest_fetch_length(const uint8_t *bytes, unsigned count, bool is_64, enum fetch_opcode opcode) {
	unsigned at = skip_prefixes(bytes, count, is_64);
	unsigned end = at + (opcode > 0xffff ? 3 : opcode > 0xff ? 2 : 1);
	unsigned found = 0;

	if (end > count)
		return 0;
	for (; at < end; at++)
		found = found << 8 | bytes[at];
	if (opcode == OPCODE_INVD_OR_WBINVD)
		found &= ~1u;
	return found == opcode ? end : 0;
}

/* 0f 20 /r reads, 0f 22 /r writes; the mod field is ignored [SDM 2B "MOV—Move
 * to/from Control Registers"]. A REX prefix counts only right before the opcode. */
bool guest_fetch_mov_cr(const uint8_t *bytes, unsigned count, bool is_64, struct fetch_mov_cr *out) {
	unsigned at = skip_prefixes(bytes, count, is_64);
	uint8_t rex;

	if (at + 3 > count || bytes[at] != 0x0f || (bytes[at + 1] & 0xfd) != 0x20)
		return false;
	rex = is_64 && at > 0 && (bytes[at - 1] & 0xf0) == 0x40 ? bytes[at - 1] : 0;
	out->cr = (uint8_t)(((bytes[at + 2] >> 3) & 7) | (rex & 4) << 1);
	if (out->cr != 4 && out->cr != 8)
		return false;
	out->is_write = bytes[at + 1] & 2;
	out->gpr = (uint8_t)((bytes[at + 2] & 7) | (rex & 1) << 3);
	out->length = (uint8_t)(at + 3);
	return true;
}
