/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One hypercall from the instruction to its result [TLFS "Hypercall Interface"]:
 * who may call at all, where the parameters are, the private copy, whom it is
 * about, the result.
 */
#include "core/hypercall.h"

#include "core/cpu.h"
#include "core/exit.h"
#include "core/partition.h"
#include "core/vp.h"
#include "lib/string.h"
#include "mm/gpa_space.h"

/* 64-bit callers use RCX, RDX, R8; others register pairs, high half first. */
static void read_registers(struct hypercall *hc) {
	const uint64_t *gpr = vp_gpr(hc->vp);

	if (hc->is_64) {
		hc->control = gpr[HV_RCX];
		hc->fast[0] = gpr[HV_RDX];
		hc->fast[1] = gpr[HV_R8];
	} else {
		hc->control = gpr[HV_RDX] << 32 | (uint32_t)gpr[HV_RAX];
		hc->fast[0] = gpr[HV_RBX] << 32 | (uint32_t)gpr[HV_RCX];
		hc->fast[1] = gpr[HV_RDI] << 32 | (uint32_t)gpr[HV_RSI];
	}
}

static void write_result(const struct hypercall *hc, uint64_t result) {
	uint64_t *gpr = vp_gpr(hc->vp);

	gpr[HV_RAX] = hc->is_64 ? result : (uint32_t)result;
	if (!hc->is_64)
		gpr[HV_RDX] = result >> 32;
}

/* The start index goes back into the control word, and the guest repeats. */
static void write_progress(const struct hypercall *hc) {
	uint64_t control = (hc->control & ~HV_CONTROL_REP_START_MASK) | (uint64_t)hc->rep_done
	                                                                    << HV_CONTROL_REP_START_SHIFT;

	vp_gpr(hc->vp)[hc->is_64 ? HV_RCX : HV_RDX] = hc->is_64 ? control : control >> 32;
}

/* 8-byte aligned and inside one page. */
static bool is_well_placed(uint64_t address, uint64_t size) {
	return size == 0 || (is_aligned(address, 8) && (address & (PAGE_SIZE - 1)) + size <= PAGE_SIZE);
}

static enum hv_status copy_parameters(struct hypercall *hc) {
	uint64_t *in = (void *)this_cpu()->hypercall_pages;
	const struct hypercall_entry *e = hc->entry;
	uint64_t in_size = hc->in_size + (uint64_t)hc->rep_count * e->rep_in_size;
	uint64_t out_size = e->out_size + (uint64_t)hc->rep_count * e->rep_out_size;
	enum hv_status status = HV_STATUS_SUCCESS;

	hc->in = in;
	hc->out = in + PAGE_SIZE / sizeof(*in);
	if (hc->is_fast) {
		in[0] = hc->fast[0];
		in[1] = hc->fast[1];
		return HV_STATUS_SUCCESS;
	}
	if (!is_well_placed(hc->fast[0], in_size) || !is_well_placed(hc->fast[1], out_size))
		return HV_STATUS_INVALID_ALIGNMENT;
	memset(hc->out, 0, out_size);
	if (in_size == 0)
		return HV_STATUS_SUCCESS;
	spinlock_acquire(&hc->caller->lock);
	status = copy_from_guest(&hc->caller->space, gpa(hc->fast[0]), in, in_size);
	spinlock_release(&hc->caller->lock);
	return status == HV_STATUS_SUCCESS ? status : HV_STATUS_INVALID_PARAMETER;
}

/* Output is written on success, and for the reps that were done. Elements of
 * earlier passes are in the guest's page already. */
static enum hv_status copy_output(const struct hypercall *hc) {
	const struct hypercall_entry *e = hc->entry;
	uint64_t end = e->out_size + (uint64_t)hc->rep_done * e->rep_out_size;
	uint64_t begin = hc->rep_start == 0 ? 0 : e->out_size + (uint64_t)hc->rep_start * e->rep_out_size;
	enum hv_status status;

	if (hc->is_fast || begin == end)
		return HV_STATUS_SUCCESS;
	spinlock_acquire(&hc->caller->lock);
	status =
	    copy_to_guest(&hc->caller->space, gpa(hc->fast[1] + begin), (const uint8_t *)hc->out + begin, end - begin);
	spinlock_release(&hc->caller->lock);
	return status == HV_STATUS_SUCCESS ? status : HV_STATUS_INVALID_PARAMETER;
}

/* The partition, and the VP, that the first words of the input name. */
static enum hv_status lock_target(struct hypercall *hc) {
	const struct hv_vp_in *in = hc->in;
	enum hv_status status;
	const struct partition *p;

	if (hc->entry->target == TARGET_NONE)
		return HV_STATUS_SUCCESS;
	status = partition_lock(in->partition_id, &hc->partition);
	if (status != HV_STATUS_SUCCESS || hc->entry->target == TARGET_PARTITION)
		return status;
	p = hc->partition;
	if (p->is_parent)
		return HV_STATUS_ACCESS_DENIED;
	if (p->state != PARTITION_ACTIVE)
		return HV_STATUS_INVALID_PARTITION_STATE;
	if (hc->entry->target == TARGET_VP && in->vp_index < p->cpu.vp_count)
		hc->target = p->vp[in->vp_index];
	return hc->entry->target == TARGET_VP && hc->target == NULL ? HV_STATUS_INVALID_VP_INDEX : HV_STATUS_SUCCESS;
}

void hypercall_unlock(struct hypercall *hc) {
	if (hc->partition != NULL)
		partition_unlock(hc->partition);
	hc->partition = NULL;
}

/* Once, or for the reps of this pass. */
static enum hv_status call_handler(struct hypercall *hc) {
	const struct hypercall_entry *e = hc->entry;
	enum hv_status status = HV_STATUS_SUCCESS;

	if (e->form != HYPERCALL_REP)
		return e->handler(hc);
	while (status == HV_STATUS_SUCCESS && hc->rep_done < hc->rep_count) {
		hc->element = (const uint8_t *)hc->in + hc->in_size + hc->rep_done * e->rep_in_size;
		hc->out_element = (uint8_t *)hc->out + e->out_size + hc->rep_done * e->rep_out_size;
		status = hc->work++ < HYPERCALL_PASS_WORK ? e->handler(hc) : HYPERCALL_AGAIN;
		if (status == HV_STATUS_SUCCESS)
			hc->rep_done++;
	}
	return status;
}

static enum hv_status run(struct hypercall *hc) {
	const struct guest_cpu *cpu = &hc->caller->cpu;
	enum hv_status status = hypercall_decode(hc);
	enum hv_status copied;

	if (status != HV_STATUS_SUCCESS)
		return status;
	if ((hc->entry->privilege & ~cpu->privileges) &&
	    (hc->entry->privilege & ~(cpu->privileges | hv_privileges_of_hints(cpu->hints))))
		return HV_STATUS_ACCESS_DENIED;
	status = copy_parameters(hc);
	if (status != HV_STATUS_SUCCESS)
		return status;
	status = lock_target(hc);
	if (status == HV_STATUS_SUCCESS)
		status = call_handler(hc);
	hypercall_unlock(hc);
	if (hc->needs_shootdown)
		shootdown();
	if (status != HV_STATUS_SUCCESS && status != HYPERCALL_AGAIN && hc->rep_done == hc->rep_start)
		return status;
	copied = copy_output(hc);
	return copied == HV_STATUS_SUCCESS ? status : copied;
}

struct vp *hypercall_exit(struct vp *vp, const struct vp_exit *exit) {
	struct hypercall hc = {.vp = vp, .caller = vp->partition};
	enum hv_status status;

	this_cpu()->count.hypercalls++;
	/* [TLFS "Hypercall Interface"]: only from protected mode at CPL 0. */
	hc.is_64 = vp_hw_is_64_bit(&vp->hw);
	if (vp_hw_cpl(&vp->hw) != 0 || (!hc.is_64 && !(vp_read(vp, cr0) & CR0_PE)))
		return vp_inject_exception(vp, VECTOR_UD, false, 0);
	read_registers(&hc);
	status = run(&hc);
	if (hc.is_waiting) {
		vp_write(vp, rip, vp_read(vp, rip) + exit->instruction_length);
		return hc.next;
	}
	if (status == HYPERCALL_AGAIN) {
		if (hc.entry->form == HYPERCALL_REP)
			write_progress(&hc);
		__atomic_store_n(&this_cpu()->attention, 1, __ATOMIC_RELAXED);
		return vp;
	}
	if (status != HV_STATUS_SUCCESS || hc.entry->form != HYPERCALL_REGISTER)
		hc.result = status | (uint64_t)hc.rep_done << HV_RESULT_REPS_SHIFT;
	write_result(&hc, hc.result);
	vp_skip_bytes(vp, exit->instruction_length);
	return hc.is_posted ? intercept_posted(vp, hc.in) : vp;
}
