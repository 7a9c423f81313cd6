/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* One table from names to fields of struct vp_state, and the few special ones. */
#include "core/vp.h"

#include "core/partition.h"
#include "core/vp_events.h"
#include "lib/bits.h"

/* Registers of struct vp_state. */
static const struct {
	uint32_t name;
	uint32_t reg;
} plain[] = {
    {HV_REGISTER_RIP, VP_REG(rip)},
    {HV_REGISTER_RFLAGS, VP_REG(rflags)},
    {HV_REGISTER_CR0, VP_REG(cr0)},
    {HV_REGISTER_CR2, VP_REG(cr2)},
    {HV_REGISTER_CR3, VP_REG(cr3)},
    {HV_REGISTER_CR4, VP_REG(cr4)},
    {HV_REGISTER_DR6, VP_REG(dr6)},
    {HV_REGISTER_DR7, VP_REG(dr7)},
    {HV_REGISTER_EFER, VP_REG(efer)},
    {HV_REGISTER_KERNEL_GS_BASE, VP_REG(kernel_gs_base)},
    {HV_REGISTER_PAT, VP_REG(pat)},
    {HV_REGISTER_SYSENTER_CS, VP_REG(sysenter_cs)},
    {HV_REGISTER_SYSENTER_EIP, VP_REG(sysenter_eip)},
    {HV_REGISTER_SYSENTER_ESP, VP_REG(sysenter_esp)},
    {HV_REGISTER_STAR, VP_REG(star)},
    {HV_REGISTER_LSTAR, VP_REG(lstar)},
    {HV_REGISTER_CSTAR, VP_REG(cstar)},
    {HV_REGISTER_SFMASK, VP_REG(sfmask)},
    {HV_REGISTER_PENDING_EVENT, VP_REG(event)},
};

/* Where a register is kept as it is: the VP, or its state, which the caller has
 * fetched. NULL: none of these. */
static uint64_t *word_of(struct vp *vp, struct vp_state *s, uint32_t name) {
	if (name >= HV_REGISTER_RAX && name <= HV_REGISTER_R15)
		return &vp_gpr(vp)[name - HV_REGISTER_RAX];
	if (name >= HV_REGISTER_DR0 && name < HV_REGISTER_DR0 + ARRAY_COUNT(vp->dr))
		return &vp->dr[name - HV_REGISTER_DR0];
	for (unsigned i = 0; i < ARRAY_COUNT(plain); i++)
		if (plain[i].name == name)
			return &s->reg[plain[i].reg];
	return NULL;
}

/* Likewise of the registers with a base and a limit. */
static struct hv_segment_register *segment_of(struct vp_state *s, uint32_t name) {
	if (name >= HV_REGISTER_ES && name <= HV_REGISTER_TR)
		return &s->segment[name - HV_REGISTER_ES];
	if (name == HV_REGISTER_GDTR || name == HV_REGISTER_IDTR)
		return &s->segment[name == HV_REGISTER_GDTR ? VP_GDTR : VP_IDTR];
	return NULL;
}

static bool is_table(uint32_t name) { return name > HV_REGISTER_TR; }

static bool is_apic(uint32_t name) { return name >= HV_REGISTER_APIC_BASE_NAME && name <= HV_REGISTER_APIC_LAST_NAME; }

static enum hv_status get_apic(struct vp *vp, uint32_t reg, union hv_register_value *value) {
	vp_eoi_assist_sync(vp);
	lapic_set_cr8(&vp->lapic, vp->hw.cr8);
	if (!lapic_read(&vp->lapic, LAPIC_MODE_XAPIC, reg, vp_now_ns(vp), &value->u64))
		return HV_STATUS_INVALID_VP_STATE;
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_apic(struct vp *vp, uint32_t reg, uint64_t value) {
	struct lapic_action action = {.kind = LAPIC_ACTION_NONE};

	vp_eoi_assist_sync(vp);
	lapic_set_cr8(&vp->lapic, vp->hw.cr8);
	if (!lapic_write(&vp->lapic, LAPIC_MODE_XAPIC, reg, (uint32_t)value, vp_now_ns(vp), &action))
		return HV_STATUS_INVALID_VP_STATE;
	vp->hw.cr8 = lapic_cr8(&vp->lapic);
	vp->needs_events = true;
	if (action.kind == LAPIC_ACTION_IPI)
		ipi_send(vp->partition, vp, &action.ipi);
	/* The parent wrote this EOI itself: it asks its I/O APIC without being told. */
	return HV_STATUS_SUCCESS;
}

static enum hv_status found(union hv_register_value *value, uint64_t number) {
	value->u64 = number;
	return HV_STATUS_SUCCESS;
}

/* What is no VP's register, or is kept in another form. */
static enum hv_status get_special(const struct vp *vp, uint32_t name, union hv_register_value *value) {
	const struct {
		uint32_t name;
		uint64_t number;
	} rows[] = {
	    {HV_REGISTER_EXPLICIT_SUSPEND, (vp->hold & HOLD_EXPLICIT) != 0},
	    {HV_REGISTER_INTERCEPT_SUSPEND, (vp->hold & HOLD_INTERCEPT) != 0},
	    /* bit 0 startup suspend, bit 1 halt suspend */
	    {HV_REGISTER_INTERNAL_ACTIVITY_STATE, (vp->waits_for_sipi ? 1u : 0u) | (vp->is_halted ? 2u : 0u)},
	    {HV_REGISTER_CR8, vp->hw.cr8},
	    {HV_REGISTER_XFEM, vp->xcr0},
	    {HV_REGISTER_APIC_BASE, vp->lapic.base},
	    {HV_REGISTER_GUEST_OS_ID, vp->partition->msrs.guest_os_id},
	    {HV_REGISTER_VP_INDEX, vp->index},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		if (rows[i].name == name)
			return found(value, rows[i].number);
	return HV_STATUS_UNKNOWN_REGISTER_NAME;
}

enum hv_status vp_register_get(struct vp *vp, uint32_t name, union hv_register_value *value) {
	const struct hv_segment_register *segment;
	const uint64_t *word;
	struct vp_state s;

	if (is_apic(name))
		return get_apic(vp, name - HV_REGISTER_APIC_BASE_NAME, value);
	vp_hw_get_state(&vp->hw, &s);
	word = word_of(vp, &s, name);
	segment = segment_of(&s, name);
	if (word != NULL)
		return found(value, *word);
	if (segment == NULL)
		return get_special(vp, name, value);
	if (is_table(name)) {
		value->table.base = segment->base;
		value->table.limit = (uint16_t)segment->limit;
	} else {
		value->segment = *segment;
	}
	return HV_STATUS_SUCCESS;
}

/*
 * A list of registers passes through states that no processor has (LME before
 * PAE, say). So a single set only stores the value; the whole state is judged
 * when the VP is resumed, as the register page's is.
 */
enum hv_status vp_register_set(struct vp *vp, uint32_t name, const union hv_register_value *value) {
	struct hv_segment_register *segment;
	struct vp_state s;
	uint64_t *word;

	if (is_apic(name))
		return set_apic(vp, name - HV_REGISTER_APIC_BASE_NAME, value->u64);
	if (name == HV_REGISTER_CR8) {
		if (value->u64 > 15)
			return HV_STATUS_INVALID_REGISTER_VALUE;
		vp->hw.cr8 = (uint8_t)value->u64;
		return HV_STATUS_SUCCESS;
	}
	vp_hw_get_state(&vp->hw, &s);
	word = word_of(vp, &s, name);
	segment = segment_of(&s, name);
	if (word == NULL && segment == NULL)
		return HV_STATUS_UNKNOWN_REGISTER_NAME;
	if (vp->hw.uses_debug && word >= vp->dr && word < vp->dr + ARRAY_COUNT(vp->dr))
		return HV_STATUS_INVALID_VP_STATE; /* they are in a processor */
	if (word != NULL)
		*word = value->u64;
	else if (is_table(name))
		*segment = (struct hv_segment_register){.base = value->table.base, .limit = value->table.limit};
	else
		*segment = value->segment;
	vp_hw_set_state(&vp->hw, &s);
	vp->needs_check = true;
	vp->hw.flush_pending = true;
	return HV_STATUS_SUCCESS;
}
