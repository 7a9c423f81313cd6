/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The table of mapped interrupts, their calls, and what a vector does. */
#include "core/parent.h"

#include "core/cpu.h"
#include "core/hypercall.h"
#include "core/locks.h"
#include "core/machine.h"
#include "core/vp.h"

/* Lock legend: d the device lock. Vector of interrupt n: VECTOR_DEVICE_FIRST + n. */
struct device_interrupt {
	uint32_t source; /* d 0: free */
	uint32_t gsi;    /* d */
	bool is_level;   /* d */
	struct vp *target;
};

static struct device_interrupt interrupts[HV_MAX_DEVICE_INTERRUPTS];
static struct spinlock device_lock = {.rank = RANK_DEVICE};

_Static_assert(VECTOR_DEVICE_FIRST + HV_MAX_DEVICE_INTERRUPTS - 1 <= VECTOR_DEVICE_LAST,
               "a vector for every device interrupt");

enum hv_status call_map_device_interrupt(struct hypercall *hc) {
	const struct hv_map_device_interrupt_in *in = hc->in;
	struct hv_map_device_interrupt_out *out = hc->out;
	struct vp *target = parent_vp(in->target_vp);
	bool is_pin = in->source == HV_DEVICE_INTERRUPT_PIN;
	enum hv_status status = HV_STATUS_SUCCESS;
	uint32_t n = HV_MAX_DEVICE_INTERRUPTS;

	if ((!is_pin && (in->source != HV_DEVICE_INTERRUPT_MSI || in->gsi != 0 || in->flags != 0)) ||
	    (in->flags & ~(HV_DEVICE_INTERRUPT_LEVEL | HV_DEVICE_INTERRUPT_ACTIVE_LOW)))
		return HV_STATUS_INVALID_PARAMETER;
	if (target == NULL || !target->is_io)
		return HV_STATUS_INVALID_VP_INDEX;
	spinlock_acquire(&device_lock);
	for (uint32_t i = HV_MAX_DEVICE_INTERRUPTS; i-- > 0;)
		if (interrupts[i].source == 0)
			n = i;
		else if (is_pin && interrupts[i].source == in->source && interrupts[i].gsi == in->gsi)
			status = HV_STATUS_OBJECT_IN_USE;
	if (status == HV_STATUS_SUCCESS && n == HV_MAX_DEVICE_INTERRUPTS)
		status = HV_STATUS_NO_RESOURCES;
	if (status == HV_STATUS_SUCCESS && is_pin)
		status = machine_pin_route(in->gsi, VECTOR_DEVICE_FIRST + n, target->home, in->flags);
	else if (status == HV_STATUS_SUCCESS)
		machine_msi_compose(VECTOR_DEVICE_FIRST + n, target->home, &out->msi_address, &out->msi_data);
	if (status == HV_STATUS_SUCCESS) {
		interrupts[n].gsi = in->gsi;
		interrupts[n].is_level = in->flags & HV_DEVICE_INTERRUPT_LEVEL;
		interrupts[n].target = target;
		__atomic_store_n(&interrupts[n].source, in->source, __ATOMIC_RELEASE);
		out->interrupt = n;
	}
	spinlock_release(&device_lock);
	return status;
}

/* Opens the pin of the interrupt that a call names, or closes it and unmaps. */
static enum hv_status change(const struct hypercall *hc, bool is_unmap) {
	enum hv_status status = HV_STATUS_SUCCESS;
	struct device_interrupt *d;

	if (hc->fast[0] >= HV_MAX_DEVICE_INTERRUPTS || hc->fast[1] != 0)
		return HV_STATUS_INVALID_PARAMETER;
	d = &interrupts[hc->fast[0]];
	spinlock_acquire(&device_lock);
	if (d->source == 0 || (d->source != HV_DEVICE_INTERRUPT_PIN && !is_unmap))
		status = HV_STATUS_NOT_FOUND;
	else if (d->source == HV_DEVICE_INTERRUPT_PIN)
		machine_pin_mask(d->gsi, is_unmap);
	if (is_unmap)
		d->source = 0;
	spinlock_release(&device_lock);
	return status;
}

enum hv_status call_unmask_device_interrupt(struct hypercall *hc) { return change(hc, false); }

enum hv_status call_unmap_device_interrupt(struct hypercall *hc) { return change(hc, true); }

void core_on_device_vector(unsigned vector) {
	unsigned n = vector - VECTOR_DEVICE_FIRST;
	struct device_interrupt *d;

	if (n >= HV_MAX_DEVICE_INTERRUPTS || __atomic_load_n(&interrupts[n].source, __ATOMIC_ACQUIRE) == 0) {
		core_on_unknown_vector(vector);
		return;
	}
	d = &interrupts[n];
	/* Level: masked until the parent has served the device and unmasks it. */
	if (d->is_level)
		machine_pin_mask(d->gsi, true);
	this_cpu()->count.interrupts_device++;
	vp_wait_signal(d->target, n / 64, 1ull << (n % 64));
}

void device_interrupt_mask_all(void) {
	spinlock_acquire(&device_lock);
	for (uint32_t n = 0; n < HV_MAX_DEVICE_INTERRUPTS; n++)
		if (interrupts[n].source == HV_DEVICE_INTERRUPT_PIN)
			machine_pin_mask(interrupts[n].gsi, true);
	spinlock_release(&device_lock);
}
