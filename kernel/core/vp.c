/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Skipping instructions, raising exceptions, starting over, letting go. */
#include "core/vp.h"

#include "arch/x86/guest_fetch.h"
#include "arch/x86/vp_context.h"
#include "core/cpu.h"
#include "core/partition.h"
#include "lib/string.h"

/* The instruction bytes at RIP. */
static unsigned fetch_bytes(struct vp *vp, bool is_64, uint8_t *bytes) {
	struct fetch_mode mode = {vp_read(vp, cr0), vp_read(vp, cr3), vp_read(vp, cr4), vp_read(vp, efer)};
	uint64_t linear = vp_read(vp, rip);
	struct hv_segment_register cs;
	unsigned count;

	if (!is_64) {
		vp_hw_segment(&vp->hw, VP_CS, &cs);
		linear = (uint32_t)(linear + cs.base);
	}
	spinlock_acquire(&vp->partition->lock);
	count = guest_fetch_bytes(&vp->partition->space, &mode, linear, bytes);
	spinlock_release(&vp->partition->lock);
	return count;
}

bool vp_fetch_mov_cr(struct vp *vp, struct fetch_mov_cr *mov) {
	bool is_64 = vp_hw_is_64_bit(&vp->hw);
	uint8_t bytes[INSTRUCTION_MAX];

	return guest_fetch_mov_cr(bytes, fetch_bytes(vp, is_64, bytes), is_64, mov);
}

unsigned vp_instruction_length(struct vp *vp, const struct vp_exit *exit, unsigned opcode) {
	uint8_t bytes[INSTRUCTION_MAX];
	bool is_64;

	if (exit->instruction_length != 0)
		return exit->instruction_length;
	is_64 = vp_hw_is_64_bit(&vp->hw);
	return guest_fetch_length(bytes, fetch_bytes(vp, is_64, bytes), is_64, (enum fetch_opcode)opcode);
}

bool vp_skip_instruction(struct vp *vp, const struct vp_exit *exit, unsigned opcode) {
	unsigned length = vp_instruction_length(vp, exit, opcode);

	if (length != 0)
		vp_skip_bytes(vp, length);
	return length != 0;
}

void vp_skip_bytes(struct vp *vp, unsigned length) {
	uint64_t old = vp_read(vp, rip);
	uint64_t rip = old + length;

	/* Outside 64-bit mode RIP wraps at 4 GiB, and is below it. */
	if (rip >> 32 != old >> 32 && !vp_hw_is_64_bit(&vp->hw))
		rip = (uint32_t)rip;
	vp_write(vp, rip, rip);
	/* A single step ends with this instruction [SDM 3B 18.3.1.4]. */
	if (vp_read(vp, rflags) & RFLAGS_TF) {
		vp_write(vp, dr6, vp_read(vp, dr6) | DR6_BS);
		vp_inject_exception(vp, VECTOR_DB, false, 0);
	}
}

struct vp *vp_inject_exception(struct vp *vp, unsigned vector, bool has_error, uint32_t error) {
	uint64_t event = HV_EVENT_PENDING | HV_EVENT_TYPE_EXCEPTION << HV_EVENT_TYPE_SHIFT |
	                 (uint64_t)vector << HV_EVENT_VECTOR_SHIFT;

	if (vp->hw.event != 0)
		return vp;
	if (has_error)
		event |= HV_EVENT_DELIVER_ERROR | (uint64_t)error << HV_EVENT_ERROR_SHIFT;
	vp->hw.event = event;
	return vp;
}

void vp_reset(struct vp *vp) {
	struct vp_state s;

	vp_state_reset(&s);
	vp_hw_set_state(&vp->hw, &s);
	memset(vp_gpr(vp), 0, sizeof(uint64_t) * HV_GPR_COUNT);
	vp_gpr(vp)[HV_RDX] = 0x600; /* the processor's signature */
	vp->xcr0 = 1;
}

void vp_let_go(struct vp *vp) {
	if (vp->hw.loaded_on != NULL)
		vp_hw_put();
	vp_context_put(vp);
	if (vp->home->current == vp)
		vp->home->current = NULL;
}
