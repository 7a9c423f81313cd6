/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The walk itself: one loop over levels for every paging mode, each mode a row
 * of a table. Rights are combined on the way down and judged at the leaf.
 * Follows [APM2 5.2 "Legacy-Mode Page Translation"], [APM2 5.3 "Long-Mode Page
 * Translation"] and [APM2 5.6 "Page-Protection Checks"].
 */
#include "guest_walk.h"

#define CR0_WP         (1ull << 16)
#define CR0_PG         (1ull << 31)
#define CR4_PSE        (1ull << 4)
#define CR4_PAE        (1ull << 5)
#define CR4_LA57       (1ull << 12)
#define CR4_SMEP       (1ull << 20)
#define CR4_SMAP       (1ull << 21)
#define EFER_LMA       (1ull << 10)
#define EFER_NXE       (1ull << 11)
#define RFLAGS_AC      (1ull << 18)

#define ENTRY_PRESENT  (1ull << 0)
#define ENTRY_WRITABLE (1ull << 1)
#define ENTRY_USER     (1ull << 2)
#define ENTRY_LARGE    (1ull << 7)
#define ENTRY_NX       (1ull << 63)

#define PAGE_SHIFT     12
#define PHYSICAL_MAX   52u
#define PDPTE_RESERVED 0x1e6ull /* bits 1, 2, 5 to 8 of PAE's top level */

enum mode { MODE_32, MODE_PAE, MODE_4_LEVEL, MODE_5_LEVEL };

static const struct mode_row {
	unsigned levels;
	unsigned index_bits;
	unsigned entry_size;
	unsigned large_levels; /* bit n: level n (0 the lowest) may hold a leaf */
	uint64_t root_mask;    /* CR3 bits that address the top table */
} modes[] = {
    [MODE_32] = {2, 10, 4, 0x3, 0xfffff000ull},
    [MODE_PAE] = {3, 9, 8, 0x3, 0xffffffe0ull},
    [MODE_4_LEVEL] = {4, 9, 8, 0x7, 0xffffffffff000ull},
    [MODE_5_LEVEL] = {5, 9, 8, 0x7, 0xffffffffff000ull},
};

/* Rights along the walk: what every level grants. */
struct rights {
	bool is_user;
	bool is_writable;
	bool is_no_execute;
};

static enum mode mode_of(const struct guest_paging *p) {
	if (p->efer & EFER_LMA)
		return p->cr4 & CR4_LA57 ? MODE_5_LEVEL : MODE_4_LEVEL;
	return p->cr4 & CR4_PAE ? MODE_PAE : MODE_32;
}

static bool is_canonical(enum mode mode, uint64_t gva) {
	unsigned bits = mode == MODE_5_LEVEL ? 57 : 48;
	int64_t extended = (int64_t)(gva << (64 - bits)) >> (64 - bits);

	return (uint64_t)extended == gva;
}

static unsigned shift_of(enum mode mode, unsigned level) { return PAGE_SHIFT + level * modes[mode].index_bits; }

/* PAE's top level has an index of 2 bits because no more of the address is left. */
static uint64_t entry_gpa(enum mode mode, uint64_t table, unsigned level, uint64_t gva) {
	const struct mode_row *row = &modes[mode];
	uint64_t index = gva >> shift_of(mode, level) & ((1ull << row->index_bits) - 1);

	return table + index * row->entry_size;
}

static bool is_leaf(const struct guest_paging *p, enum mode mode, unsigned level, uint64_t entry) {
	if (level == 0)
		return true;
	if (!(modes[mode].large_levels >> level & 1) || !(entry & ENTRY_LARGE))
		return false;
	return mode != MODE_32 || (p->cr4 & CR4_PSE);
}

/* Bits that must be 0 in an entry of 8 bytes, or of a 4 MiB page. */
static uint64_t reserved_bits(const struct guest_paging *p, enum mode mode, unsigned level, uint64_t entry) {
	unsigned physical = p->physical_bits && p->physical_bits < PHYSICAL_MAX ? p->physical_bits : PHYSICAL_MAX;
	uint64_t above = ((1ull << PHYSICAL_MAX) - 1) & ~((1ull << physical) - 1);
	uint64_t reserved = above;

	if (mode == MODE_32)
		return level && is_leaf(p, mode, level, entry) ? 1ull << 21 : 0;
	if (!(p->efer & EFER_NXE))
		reserved |= ENTRY_NX;
	if (mode == MODE_PAE)
		reserved |= 0x7ff0000000000000ull;
	if (mode == MODE_PAE && level == 2)
		return reserved | PDPTE_RESERVED | ENTRY_NX;
	if (level && is_leaf(p, mode, level, entry))
		reserved |= (1ull << shift_of(mode, level)) - (1ull << 13);
	else if (level >= 3)
		reserved |= ENTRY_LARGE;
	return reserved;
}

/* PAE's top level has no rights of its own. */
static void combine(struct rights *rights, const struct guest_paging *p, enum mode mode, unsigned level,
                    uint64_t entry) {
	if (mode == MODE_PAE && level == 2)
		return;
	rights->is_user = rights->is_user && (entry & ENTRY_USER);
	rights->is_writable = rights->is_writable && (entry & ENTRY_WRITABLE);
	if (mode != MODE_32 && (p->efer & EFER_NXE) && (entry & ENTRY_NX))
		rights->is_no_execute = true;
}

static bool is_allowed(const struct guest_paging *p, enum guest_access access, struct rights rights) {
	bool is_user_access = p->cpl == 3;

	if (is_user_access && !rights.is_user)
		return false;
	if (access == GUEST_FETCH) {
		if (!is_user_access && rights.is_user && (p->cr4 & CR4_SMEP))
			return false;
		return !rights.is_no_execute;
	}
	if (!is_user_access && rights.is_user && (p->cr4 & CR4_SMAP) && !(p->rflags & RFLAGS_AC))
		return false;
	if (access == GUEST_READ || rights.is_writable)
		return true;
	return !is_user_access && !(p->cr0 & CR0_WP);
}

/* The error code's bits that describe the access, not what was found. */
static uint32_t access_bits(const struct guest_paging *p, enum guest_access access) {
	uint32_t bits = p->cpl == 3 ? GUEST_FAULT_USER : 0;

	if (access == GUEST_WRITE)
		bits |= GUEST_FAULT_WRITE;
	/* Fetches are told apart only where something may forbid them. */
	if (access == GUEST_FETCH && (((p->efer & EFER_NXE) && (p->cr4 & CR4_PAE)) || (p->cr4 & CR4_SMEP)))
		bits |= GUEST_FAULT_FETCH;
	return bits;
}

/* GPA of the leaf's first byte. PSE-36: bits 20:13 of a 4 MiB entry are address
 * bits 39:32. */
static uint64_t leaf_gpa(enum mode mode, unsigned level, uint64_t entry) {
	uint64_t page = 1ull << shift_of(mode, level);
	uint64_t address = entry & 0xffffffffff000ull & ~(page - 1);

	if (mode == MODE_32 && level)
		address |= (entry >> 13 & 0xff) << 32;
	return address;
}

static enum guest_walk_status fault(struct guest_walk *walk, uint32_t error_code) {
	*walk = (struct guest_walk){.error_code = error_code};
	return GUEST_WALK_PAGE_FAULT;
}

static enum guest_walk_status walk_tables(const struct guest_paging *p, enum mode mode, uint64_t gva,
                                          enum guest_access access, guest_read_physical_t *read, void *context,
                                          struct guest_walk *walk) {
	struct rights rights = {.is_user = true, .is_writable = true};
	uint32_t error_code = access_bits(p, access);
	uint64_t table = p->cr3 & modes[mode].root_mask;
	unsigned level = modes[mode].levels;
	uint64_t entry;

	do {
		uint64_t at = entry_gpa(mode, table, --level, gva);

		entry = 0;
		if (!read(context, at, &entry, modes[mode].entry_size)) {
			*walk = (struct guest_walk){.gpa = at};
			return GUEST_WALK_NO_MEMORY;
		}
		if (!(entry & ENTRY_PRESENT))
			return fault(walk, error_code);
		if (entry & reserved_bits(p, mode, level, entry))
			return fault(walk, error_code | GUEST_FAULT_PRESENT | GUEST_FAULT_RESERVED);
		combine(&rights, p, mode, level, entry);
		table = entry & 0xffffffffff000ull;
	} while (!is_leaf(p, mode, level, entry));

	if (!is_allowed(p, access, rights))
		return fault(walk, error_code | GUEST_FAULT_PRESENT);
	walk->page_size = 1ull << shift_of(mode, level);
	walk->gpa = leaf_gpa(mode, level, entry) | (gva & (walk->page_size - 1));
	return GUEST_WALK_OK;
}

enum guest_walk_status guest_walk(const struct guest_paging *paging, uint64_t gva, enum guest_access access,
                                  guest_read_physical_t *read, void *context, struct guest_walk *walk) {
	enum mode mode = mode_of(paging);

	*walk = (struct guest_walk){0};
	if (!(paging->efer & EFER_LMA))
		gva &= 0xffffffffull;
	if (!(paging->cr0 & CR0_PG)) {
		*walk = (struct guest_walk){.gpa = gva, .page_size = 1ull << PAGE_SHIFT};
		return GUEST_WALK_OK;
	}
	if ((paging->efer & EFER_LMA) && !is_canonical(mode, gva))
		return GUEST_WALK_NOT_CANONICAL;
	return walk_tables(paging, mode, gva, access, read, context, walk);
}
