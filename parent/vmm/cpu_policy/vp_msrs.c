/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The table of stored and constant MSRs and the rules of their values. Constants
 * exist because stock Linux reads these MSRs without a handler for the fault,
 * where no CPUID bit lets it know better. Pure.
 */
#include "vmm/cpu_policy/vp_msrs.h"

#include <stddef.h>

enum class {
	STORED,    /* detail: enum stored */
	CONSTANT,  /* writes are ignored */
	READ_ONLY, /* a constant; writes fault */
};

enum stored { MISC_ENABLE, MTRR_DEF_TYPE, MTRR_FIXED, MTRR_VARIABLE };

enum vendors { BOTH, INTEL, AMD };

struct row {
	uint32_t first;
	uint32_t last;
	uint8_t class;
	uint8_t vendors;
	uint8_t detail;
	uint8_t slot;   /* STORED arrays: index of `first` */
	uint64_t value; /* constants */
};

#define ONE(msr)            (msr), (msr)
#define MTRR_TYPE_WB        6ull
#define MTRR_ENABLE         0x800u
#define MTRR_FIXED_ENABLE   0x400u
#define MTRR_CAP            (VP_MSRS_MTRR_VARIABLE | 0x100u | 0x400u) /* fixed, WC */
#define MISC_FAST_STRINGS   0x1ull
#define MISC_NO_BTS_NO_PEBS 0x1800ull
#define VM_CR_SVM_DISABLED  0x18ull

static const struct row rows[] = {
    /* clang-format off */
	{ ONE(0x1a0), STORED, INTEL, MISC_ENABLE, 0, 0 },
	{ ONE(0xfe), READ_ONLY, BOTH, 0, 0, MTRR_CAP },
	{ ONE(0x2ff), STORED, BOTH, MTRR_DEF_TYPE, 0, 0 },
	{ ONE(0x250), STORED, BOTH, MTRR_FIXED, 0, 0 },      /* 64 KiB ranges from 0 */
	{ 0x258, 0x259, STORED, BOTH, MTRR_FIXED, 1, 0 },    /* 16 KiB from 0x80000 */
	{ 0x268, 0x26f, STORED, BOTH, MTRR_FIXED, 3, 0 },    /* 4 KiB from 0xc0000 */
	{ 0x200, 0x20f, STORED, BOTH, MTRR_VARIABLE, 0, 0 }, /* base and mask, 8 times */

	/* Microcode revision. Intel's is read after a write of 0; the values are
	 * those of no real update, so no quirk takes them for an old one. */
	{ ONE(0x8b), CONSTANT, INTEL, 0, 0, 0x100000000 },
	{ ONE(0x8b), CONSTANT, AMD, 0, 0, 0x01000065 },
	/* DEBUGCTL: block stepping and last-branch records have no effect. */
	{ ONE(0x1d9), CONSTANT, BOTH, 0, 0, 0 },

	{ ONE(0x17), READ_ONLY, INTEL, 0, 0, 0 },  /* platform id, for microcode */
	{ ONE(0x2a), CONSTANT, INTEL, 0, 0, 0 },   /* power-on configuration */
	{ ONE(0x3a), READ_ONLY, INTEL, 0, 0, 1 },  /* FEATURE_CONTROL: locked, no VMX */
	{ 0x198, 0x199, CONSTANT, INTEL, 0, 0, 0 }, /* performance status and control */

	/* The four counters that every AMD processor has had since the K7: they never
	 * count. CPUID shows no later ones. */
	{ 0xc0010000, 0xc0010007, CONSTANT, AMD, 0, 0, 0 },
	{ ONE(0xc0010010), CONSTANT, AMD, 0, 0, 0 }, /* SYSCFG: no extended MTRR types */
	{ ONE(0xc0010015), CONSTANT, AMD, 0, 0, 0 }, /* HWCR */
	{ ONE(0xc001001a), CONSTANT, AMD, 0, 0, 0 }, /* TOP_MEM */
	{ ONE(0xc001001d), CONSTANT, AMD, 0, 0, 0 }, /* TOP_MEM2 */
	{ ONE(0xc001001f), CONSTANT, AMD, 0, 0, 0 }, /* NB_CFG: set on every CPU start */
	{ ONE(0xc0010055), CONSTANT, AMD, 0, 0, 0 }, /* interrupt pending: C1E is off */
	{ ONE(0xc0010058), CONSTANT, AMD, 0, 0, 0 }, /* MMIO configuration base: none */
	{ 0xc0010061, 0xc001006b, CONSTANT, AMD, 0, 0, 0 }, /* P-states: none */
	{ 0xc0010112, 0xc0010113, CONSTANT, AMD, 0, 0, 0 }, /* TSEG: none */
	{ ONE(0xc0010114), CONSTANT, AMD, 0, 0, VM_CR_SVM_DISABLED },
	{ 0xc0010140, 0xc0010141, CONSTANT, AMD, 0, 0, 0 }, /* OS visible workarounds: none */
	/* Chicken bits. LS_CFG (0xc0011020) is left out: where it can be read, Linux
	 * takes it for a switch of speculative store bypass and uses it. */
	{ 0xc0011021, 0xc0011023, CONSTANT, AMD, 0, 0, 0 }, /* IC_CFG, DC_CFG, BU_CFG */
	{ 0xc0011029, 0xc001102a, CONSTANT, AMD, 0, 0, 0 }, /* DE_CFG, BU_CFG2 */
	{ ONE(0xc001102c), CONSTANT, AMD, 0, 0, 0 },        /* EX_CFG */
    /* clang-format on */
};

static const struct row *find(const struct cpuid_policy *p, uint32_t msr) {
	uint8_t foreign = p->vendor == CPU_VENDOR_INTEL ? AMD : INTEL;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (msr >= rows[i].first && msr <= rows[i].last && rows[i].vendors != foreign)
			return &rows[i];
	}
	return NULL;
}

void vp_msrs_reset(struct vp_msrs *m) {
	*m = (struct vp_msrs){
	    .misc_enable = MISC_FAST_STRINGS | MISC_NO_BTS_NO_PEBS,
	    .mtrr_def_type = MTRR_ENABLE | MTRR_FIXED_ENABLE | MTRR_TYPE_WB,
	};
	for (unsigned i = 0; i < VP_MSRS_MTRR_FIXED; i++)
		m->mtrr_fixed[i] = MTRR_TYPE_WB * 0x0101010101010101ull;
}

static uint64_t *stored(struct vp_msrs *m, const struct row *row, uint32_t msr) {
	uint32_t index = row->slot + (msr - row->first);

	switch ((enum stored)row->detail) {
	case MISC_ENABLE:
		return &m->misc_enable;
	case MTRR_DEF_TYPE:
		return &m->mtrr_def_type;
	case MTRR_FIXED:
		return &m->mtrr_fixed[index];
	case MTRR_VARIABLE:
		return &m->mtrr_variable[index];
	}
	return NULL;
}

/* Uncached, write-combining, write-through, write-protected, write-back. */
static bool is_mtrr_type(uint64_t type) { return type < 7 && (0x73u >> type & 1); }

static bool fixed_is_valid(uint64_t value) {
	for (unsigned i = 0; i < 64; i += 8) {
		if (!is_mtrr_type(value >> i & 0xff))
			return false;
	}
	return true;
}

static bool variable_is_valid(const struct cpuid_policy *p, uint32_t index, uint64_t value) {
	bool is_mask = index & 1;

	if (value >> p->physical_bits != 0)
		return false;
	return is_mask ? (value & 0x7ff) == 0 : (value & 0xf00) == 0 && is_mtrr_type(value & 0xff);
}

static bool stored_is_valid(const struct cpuid_policy *p, enum stored what, uint32_t index, uint64_t value) {
	switch (what) {
	case MISC_ENABLE: /* bits that do not exist are ignored */
		return true;
	case MTRR_DEF_TYPE:
		return is_mtrr_type(value & 0xff) && !(value & ~(uint64_t)(0xff | MTRR_ENABLE | MTRR_FIXED_ENABLE));
	case MTRR_FIXED:
		return fixed_is_valid(value);
	case MTRR_VARIABLE:
		return variable_is_valid(p, index, value);
	}
	return false;
}

bool vp_msrs_read(const struct vp_msrs *m, const struct cpuid_policy *p, uint32_t msr, uint64_t *value) {
	const struct row *row = find(p, msr);

	if (row == NULL)
		return false;
	/* Only read through. */
	*value = row->class == STORED ? *stored((struct vp_msrs *)(uintptr_t)m, row, msr) : row->value;
	return true;
}

bool vp_msrs_write(struct vp_msrs *m, const struct cpuid_policy *p, uint32_t msr, uint64_t value) {
	const struct row *row = find(p, msr);

	if (row == NULL || row->class == READ_ONLY)
		return false;
	if (row->class == CONSTANT)
		return true;
	if (!stored_is_valid(p, (enum stored)row->detail, msr - row->first, value))
		return false;
	if (row->detail == MISC_ENABLE)
		value = (value & MISC_FAST_STRINGS) | MISC_NO_BTS_NO_PEBS;
	*stored(m, row, msr) = value;
	return true;
}

void vp_msrs_save(const struct vp_msrs *m, struct vp_msrs_state *state) {
	*state = (struct vp_msrs_state){.version = VP_MSRS_STATE_VERSION, .msrs = *m};
}

enum err vp_msrs_load(struct vp_msrs *m, const struct cpuid_policy *p, const struct vp_msrs_state *state) {
	const struct vp_msrs *s = &state->msrs;
	bool is_valid = state->version == VP_MSRS_STATE_VERSION && state->reserved == 0 &&
	                (s->misc_enable & ~MISC_FAST_STRINGS) == MISC_NO_BTS_NO_PEBS &&
	                stored_is_valid(p, MTRR_DEF_TYPE, 0, s->mtrr_def_type);

	for (unsigned i = 0; i < VP_MSRS_MTRR_FIXED; i++)
		is_valid = is_valid && stored_is_valid(p, MTRR_FIXED, i, s->mtrr_fixed[i]);
	for (unsigned i = 0; i < 2 * VP_MSRS_MTRR_VARIABLE; i++)
		is_valid = is_valid && stored_is_valid(p, MTRR_VARIABLE, i, s->mtrr_variable[i]);
	if (!is_valid)
		return ERR_FORMAT;
	*m = *s;
	return ERR_NONE;
}
