/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The table of synthetic MSRs and the rules of their values
 * [TLFS "Synthetic MSRs"], [TLFS "Establishing the Hypercall Interface"]. An MSR
 * without a row, without its privilege, or used in the wrong direction faults.
 * What a guest could not have written is not loaded. Pure.
 */
#include "core/synthetic_msr.h"

#include <hv_abi/privileges.h>
#include <stddef.h>
#include "lib/bits.h"

#define READ            1u
#define WRITE           2u
#define P(name)         HV_PRIVILEGE_ACCESS_##name

/* The word of an image that has the value as it is; 0, the version: none has. */
#define VP(name)        (offsetof(struct hv_vp_msrs, name) / 8)
#define PARTITION(name) (PARTITIONS | offsetof(struct hv_partition_msrs, name) / 8)
#define PARTITIONS      0x80u

static const struct row {
	uint32_t first;
	uint32_t last;
	uint32_t access;
	uint64_t privileges; /* any of them opens the row */
	unsigned word;       /* of the first; those of the others follow */
} rows[] = {
    {HV_MSR_GUEST_OS_ID, HV_MSR_HYPERCALL, READ | WRITE, P(HYPERCALL_MSRS), PARTITION(guest_os_id)},
    {HV_MSR_VP_INDEX, HV_MSR_VP_INDEX, READ, P(VP_INDEX), VP(vp_index)},
    {HV_MSR_RESET, HV_MSR_RESET, READ | WRITE, P(RESET), 0},
    {HV_MSR_VP_RUNTIME, HV_MSR_VP_RUNTIME, READ, P(VP_RUNTIME), 0},
    {HV_MSR_TIME_REF_COUNT, HV_MSR_TIME_REF_COUNT, READ, P(REFERENCE_COUNTER), 0},
    /* Linux enables the page before it says who it is: no gate by GUEST_OS_ID. */
    {HV_MSR_REFERENCE_TSC, HV_MSR_REFERENCE_TSC, READ | WRITE, P(REFERENCE_TSC), PARTITION(reference_tsc)},
    {HV_MSR_TSC_FREQUENCY, HV_MSR_APIC_FREQUENCY, READ, P(FREQUENCY), 0},
    {HV_MSR_EOI, HV_MSR_EOI, WRITE, P(INTR_CTRL), 0},
    {HV_MSR_ICR, HV_MSR_TPR, READ | WRITE, P(INTR_CTRL), 0},
    /* Linux writes it on every processor, whatever its privileges are. */
    {HV_MSR_VP_ASSIST_PAGE, HV_MSR_VP_ASSIST_PAGE, READ | WRITE, P(INTR_CTRL) | P(HYPERCALL_MSRS), VP(vp_assist_page)},
    {HV_MSR_SCONTROL, HV_MSR_SCONTROL, READ | WRITE, P(SYNIC), VP(scontrol)},
    {HV_MSR_SVERSION, HV_MSR_SVERSION, READ, P(SYNIC), 0},
    {HV_MSR_SIEFP, HV_MSR_SIMP, READ | WRITE, P(SYNIC), VP(siefp)},
    {HV_MSR_EOM, HV_MSR_EOM, READ | WRITE, P(SYNIC), 0},
    {HV_MSR_SINT0, HV_MSR_SINT15, READ | WRITE, P(SYNIC), VP(sint)},
    {HV_MSR_STIMER0_CONFIG, HV_MSR_STIMER3_COUNT, READ | WRITE, P(SYNTHETIC_TIMERS), 0},
};

/* NULL: not open for this access. */
static const struct row *row_of(const struct synthetic_msr_context *c, uint32_t msr, uint32_t access) {
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		if (msr >= rows[i].first && msr <= rows[i].last)
			return (rows[i].access & access) && (rows[i].privileges & c->privileges) ? &rows[i] : NULL;
	return NULL;
}

static uint64_t *word_of(const struct synthetic_msr_context *c, const struct row *row, uint32_t msr) {
	uint64_t *image = row->word & PARTITIONS ? (uint64_t *)c->partition : (uint64_t *)c->vp;

	return &image[(row->word & ~PARTITIONS) + msr - row->first];
}

void synthetic_msr_init_vp(struct hv_vp_msrs *m, uint32_t vp_index) {
	*m = (struct hv_vp_msrs){.version = HV_STATE_VP_MSRS_VERSION, .vp_index = vp_index};
	for (unsigned i = 0; i < HV_SINT_COUNT; i++)
		m->sint[i] = HV_SINT_MASKED;
	stimer_init(&m->stimers);
}

static uint64_t value_of(const struct synthetic_msr_context *c, const struct row *row, uint32_t msr) {
	switch (msr) {
	case HV_MSR_RESET:
	case HV_MSR_EOM:
		return 0;
	case HV_MSR_VP_RUNTIME:
		return c->runtime_tsc / (c->time->tsc_hz / HV_REFERENCE_TIME_HZ);
	case HV_MSR_TIME_REF_COUNT:
		return reference_time_at(c->time, c->host_tsc);
	case HV_MSR_TSC_FREQUENCY:
		return c->time->tsc_hz;
	case HV_MSR_APIC_FREQUENCY:
		return LAPIC_TIMER_HZ;
	case HV_MSR_ICR:
		return lapic_icr(c->lapic);
	case HV_MSR_TPR:
		return c->lapic->reg[LAPIC_TPR];
	case HV_MSR_SVERSION:
		return HV_SYNIC_VERSION;
	case HV_MSR_STIMER0_CONFIG ... HV_MSR_STIMER3_COUNT:
		return stimer_read(&c->vp->stimers, msr - HV_MSR_STIMER0_CONFIG);
	default:
		return *word_of(c, row, msr);
	}
}

bool synthetic_msr_read(const struct synthetic_msr_context *c, uint32_t msr, uint64_t *value) {
	const struct row *row = row_of(c, msr, READ);

	if (row != NULL)
		*value = value_of(c, row, msr);
	return row != NULL;
}

/* A source that may interrupt has a vector that may. */
static bool sint_is_legal(uint64_t value) { return (value & HV_SINT_MASKED) || (uint8_t)value >= LAPIC_FIRST_VECTOR; }

static bool page_is_legal(hv_gpfn_t gpfn_limit, uint64_t value) { return value >> HV_PAGE_SHIFT < gpfn_limit; }

static bool write_page(const struct synthetic_msr_context *c, uint64_t *msr, uint64_t value,
                       struct synthetic_action *action) {
	action->page = msr;
	action->value = value;
	return page_is_legal(c->gpfn_limit, value);
}

bool synthetic_msr_write(const struct synthetic_msr_context *c, uint32_t msr, uint64_t value,
                         struct synthetic_action *action) {
	static const uint32_t apic[] = {LAPIC_EOI, LAPIC_ICR, LAPIC_TPR};
	const struct row *row = row_of(c, msr, WRITE);
	struct hv_partition_msrs *m = c->partition;

	if (row == NULL)
		return false;
	switch (msr) {
	case HV_MSR_GUEST_OS_ID:
		m->guest_os_id = value;
		return value != 0 || write_page(c, &m->hypercall, m->hypercall & ~HV_PAGE_MSR_ENABLE, action);
	case HV_MSR_HYPERCALL:
		/* The lock bit is not offered (feature bit 18 of leaf 3): it stays 0. */
		value &= ~HV_HYPERCALL_MSR_LOCKED;
		if (m->guest_os_id == 0)
			value &= ~HV_PAGE_MSR_ENABLE;
		return write_page(c, &m->hypercall, value, action);
	case HV_MSR_RESET:
		action->is_reset = value & 1;
		return true;
	case HV_MSR_EOI:
	case HV_MSR_ICR:
	case HV_MSR_TPR:
		return lapic_write_synthetic(c->lapic, apic[msr - HV_MSR_EOI], msr == HV_MSR_EOI ? 0 : value,
		                             reference_time_ns(c->time, c->host_tsc), &action->apic);
	case HV_MSR_SCONTROL:
		c->vp->scontrol = value;
		return true;
	case HV_MSR_EOM: /* core looks at what waits for a slot after every write */
		return true;
	case HV_MSR_SINT0 ... HV_MSR_SINT15:
		if (sint_is_legal(value))
			c->vp->sint[msr - HV_MSR_SINT0] = value;
		return sint_is_legal(value);
	case HV_MSR_STIMER0_CONFIG ... HV_MSR_STIMER3_COUNT:
		return stimer_write(&c->vp->stimers, msr - HV_MSR_STIMER0_CONFIG, value,
		                    reference_time_at(c->time, c->host_tsc));
	default: /* of a page */
		return write_page(c, word_of(c, row, msr), value, action);
	}
}

enum hv_status synthetic_msr_load_partition(struct hv_partition_msrs *m, hv_gpfn_t gpfn_limit,
                                            const struct hv_partition_msrs *saved) {
	if (saved->version != HV_STATE_PARTITION_MSRS_VERSION || !page_is_legal(gpfn_limit, saved->hypercall) ||
	    !page_is_legal(gpfn_limit, saved->reference_tsc) || (saved->hypercall & HV_HYPERCALL_MSR_LOCKED) ||
	    ((saved->hypercall & HV_PAGE_MSR_ENABLE) && saved->guest_os_id == 0))
		return HV_STATUS_INVALID_SAVE_RESTORE_STATE;
	*m = *saved;
	return HV_STATUS_SUCCESS;
}

enum hv_status synthetic_msr_load_vp(struct hv_vp_msrs *m, hv_gpfn_t gpfn_limit, const struct hv_vp_msrs *saved) {
	for (unsigned i = 0; i < HV_SINT_COUNT; i++)
		if (!sint_is_legal(saved->sint[i]))
			return HV_STATUS_INVALID_SAVE_RESTORE_STATE;
	if (saved->version != HV_STATE_VP_MSRS_VERSION || saved->vp_index != m->vp_index ||
	    !page_is_legal(gpfn_limit, saved->vp_assist_page) || !page_is_legal(gpfn_limit, saved->siefp) ||
	    !page_is_legal(gpfn_limit, saved->simp) || saved->sints_wanted >> HV_SINT_COUNT ||
	    !stimer_is_possible(&saved->stimers))
		return HV_STATUS_INVALID_SAVE_RESTORE_STATE;
	*m = *saved;
	return HV_STATUS_SUCCESS;
}
