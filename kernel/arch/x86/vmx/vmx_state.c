/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Guest-state fields [SDM 3C 25.4 "Guest-State Area"]. */
#include "arch/x86/vmx/vmx_state.h"

#include "arch/x86/hw_event.h"
#include "arch/x86/vmx/vmcs.h"
#include "lib/bits.h"

#define ACCESS_TYPE     0xfu
#define ACCESS_ACCESSED 0x1u
#define ACCESS_S        0x10u
#define ACCESS_P        0x80u
#define ACCESS_G        0x8000u
#define ACCESS_DEFINED  0xf0ffu /* TLFS and VMCS agree on these */
#define TSS_16_BUSY     3u
#define TSS_BUSY        11u

/* 0: not a field of its own. */
static const uint16_t fields[] = {
    [VP_REG(rip)] = VMCS_GUEST_RIP,
    [VP_REG(rflags)] = VMCS_GUEST_RFLAGS,
    [VP_REG(cr3)] = VMCS_GUEST_CR3,
    [VP_REG(efer)] = VMCS_GUEST_EFER,
    [VP_REG(dr7)] = VMCS_GUEST_DR7,
    [VP_REG(pat)] = VMCS_GUEST_PAT,
    [VP_REG(sysenter_cs)] = VMCS_GUEST_SYSENTER_CS,
    [VP_REG(sysenter_esp)] = VMCS_GUEST_SYSENTER_ESP,
    [VP_REG(sysenter_eip)] = VMCS_GUEST_SYSENTER_EIP,
};

extern inline __attribute__((always_inline)) uint64_t vmx_register_get(const struct vp_hw *hw, unsigned reg) {
	if (reg == VP_REG(interrupt_shadow))
		return (vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & VMX_BLOCKING_SHADOW) != 0;
	if (reg == VP_REG(cr0))
		return vmx_cr0_get();
	if (reg == VP_REG(cr4))
		return vmx_cr4_get();
	if (fields[reg] == 0)
		return vmx_vp_of(hw)->kept[reg - VP_REG(cr2)];
	return vmcs_read(fields[reg]);
}

static void end_shadow(void) {
	uint64_t blocking = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY);

	if (blocking & VMX_BLOCKING_SHADOW) {
		vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, blocking & ~VMX_BLOCKING_SHADOW);
		vmcs_write(VMCS_GUEST_PENDING_DEBUG, 0);
	}
}

void vmx_register_set(struct vp_hw *hw, unsigned reg, uint64_t value) {
	if (reg == VP_REG(cr0))
		vmx_cr0_set(vmx_vp_of(hw), value);
	else if (reg == VP_REG(cr4))
		vmx_cr4_set(value);
	else if (fields[reg] == 0)
		vmx_vp_of(hw)->kept[reg - VP_REG(cr2)] = value;
	else
		vmcs_write(fields[reg], value);
	if (reg == VP_REG(rip))
		end_shadow();
}

void vmx_segment_get(unsigned n, struct hv_segment_register *to) {
	uint32_t access;

	*to = (struct hv_segment_register){
	    .base = vmcs_read(VMCS_GUEST_ES_BASE + 2 * n),
	    .limit = (uint32_t)vmcs_read(VMCS_GUEST_ES_LIMIT + 2 * n),
	};
	if (n >= VP_SEGMENT_COUNT)
		return;
	access = (uint32_t)vmcs_read(VMCS_GUEST_ES_ACCESS + 2 * n);
	if (access & VMX_ACCESS_UNUSABLE)
		access &= ~ACCESS_P;
	to->selector = (uint16_t)vmcs_read(VMCS_GUEST_ES_SELECTOR + 2 * n);
	to->attributes = (uint16_t)(access & ACCESS_DEFINED);
}

static uint32_t normal_tss(uint32_t access) {
	uint32_t type = access & ACCESS_TYPE;

	if (type == TSS_16_BUSY - 2 || type == TSS_BUSY - 2)
		return access | 2;
	/* None was ever loaded: as after INIT. */
	if (!(access & ACCESS_P) || (access & ACCESS_S))
		return (access & ACCESS_G) | ACCESS_P | TSS_BUSY;
	return access;
}

void vmx_segment_set(unsigned n, const struct hv_segment_register *from) {
	uint32_t access = from->attributes & ACCESS_DEFINED;
	uint32_t limit = from->limit;

	vmcs_write(VMCS_GUEST_ES_BASE + 2 * n, from->base);
	if (n == VP_TR)
		access = normal_tss(access);
	else if (!(access & ACCESS_P))
		access |= VMX_ACCESS_UNUSABLE;
	else if (access & ACCESS_S)
		access |= ACCESS_ACCESSED;
	if (limit > 0xfffff) {
		limit |= 0xfff;
		access |= ACCESS_G;
	} else if ((limit & 0xfff) != 0xfff) {
		access &= ~ACCESS_G;
	}
	vmcs_write(VMCS_GUEST_ES_LIMIT + 2 * n, limit);
	if (n >= VP_SEGMENT_COUNT)
		return;
	vmcs_write(VMCS_GUEST_ES_SELECTOR + 2 * n, from->selector);
	vmcs_write(VMCS_GUEST_ES_ACCESS + 2 * n, access);
}

void vmx_state_get(const struct vp_hw *hw, struct vp_state *s) {
	s->version = VP_STATE_VERSION;
	for (unsigned i = 0; i < VP_REG(event); i++)
		s->reg[i] = vmx_register_get(hw, i);
	for (unsigned i = 0; i < VP_SEGMENT_AND_TABLE_COUNT; i++)
		vmx_segment_get(i, &s->segment[i]);
	s->event = hw->event;
}

/* STI's blocking exists with IF only, and what it blocks cannot be pending
 * [SDM 3C 27.3.1.5 "Checks on Guest Non-Register State"]. */
static void set_interruptibility(const struct vp_state *s) {
	uint64_t blocking = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & VMX_BLOCKING_NMI;
	bool is_shadow = s->interrupt_shadow;

	if (hv_event_is_nmi(s->event))
		blocking = 0;
	if ((s->event & HV_EVENT_PENDING) && (s->event >> HV_EVENT_TYPE_SHIFT & 7) != HV_EVENT_TYPE_EXCEPTION)
		is_shadow = false;
	if (is_shadow)
		blocking |= (s->rflags & RFLAGS_IF) ? VMX_BLOCKING_STI : VMX_BLOCKING_MOV_SS;
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, blocking);
	vmcs_write(VMCS_GUEST_PENDING_DEBUG, is_shadow && (s->rflags & RFLAGS_TF) ? VMX_PENDING_DEBUG_BS : 0);
}

void vmx_state_set(struct vp_hw *hw, const struct vp_state *s) {
	uint64_t entry = vmcs_read(VMCS_ENTRY_CONTROLS) & ~(uint64_t)VMX_ENTRY_LONG_MODE;

	for (unsigned i = 0; i < VP_REG(interrupt_shadow); i++)
		vmx_register_set(hw, i, s->reg[i]);
	for (unsigned i = 0; i < VP_SEGMENT_AND_TABLE_COUNT; i++)
		vmx_segment_set(i, &s->segment[i]);
	vmcs_write(VMCS_ENTRY_CONTROLS, entry | (s->efer & EFER_LMA ? VMX_ENTRY_LONG_MODE : 0));
	set_interruptibility(s);
	hw->event = s->event;
}

/* #DF, #TS, #NP, #SS, #GP, #PF, #AC [SDM 3A 6.13 "Error Code"]. */
static bool pushes_error(unsigned vector) { return vector < 32 && (BIT(vector) & (BIT(8) | 0x7c00u | BIT(17))); }

/* [SDM 3C 27.2.1.3 "VM-Entry Control Fields"]: in real mode nothing pushes an
 * error code, elsewhere these exceptions always do. */
void vmx_event_write(const struct vp_hw *hw) {
	uint64_t info = hw_event_encode(hw->event) & 0xffffffff & ~HW_EVENT_HAS_ERROR;

	if (info == 0)
		return;
	if (hw_event_type(info) == HV_EVENT_TYPE_EXCEPTION && pushes_error(info & 0xff) &&
	    (vmcs_read(VMCS_GUEST_CR0) & CR0_PE)) {
		info |= HW_EVENT_HAS_ERROR;
		vmcs_write(VMCS_ENTRY_ERROR_CODE,
		           hw->event & HV_EVENT_DELIVER_ERROR ? hw->event >> HV_EVENT_ERROR_SHIFT & 0x7fff : 0);
	}
	vmcs_write(VMCS_ENTRY_INTERRUPTION, info);
}
