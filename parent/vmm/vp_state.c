/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The register page read and written by those who handle intercepts. */
#include "runtime/hypercall.h"
#include "vmm/vp_state.h"

#define SEGMENT_ATTRIBUTE_LONG 0x2000u
#define SEGMENT_ATTRIBUTE_BIG  0x4000u
#define DR6_SINGLE_STEP        0x4000ull

static bool fetch_segments(struct vm *vm, unsigned vp_index) {
	static const uint32_t names[HV_PAGE_SEGMENT_COUNT] = {
	    HV_REGISTER_ES, HV_REGISTER_CS, HV_REGISTER_SS, HV_REGISTER_DS, HV_REGISTER_FS, HV_REGISTER_GS,
	};
	union hv_register_value values[HV_PAGE_SEGMENT_COUNT];

	if (hypercall_get_registers(vm->partition, vp_index, names, HV_PAGE_SEGMENT_COUNT, values) != HV_STATUS_SUCCESS)
		return false;
	for (unsigned i = 0; i < HV_PAGE_SEGMENT_COUNT; i++)
		vm->vp[vp_index].registers->segment[i] = values[i].segment;
	return true;
}

static bool fetch_control(struct vm *vm, unsigned vp_index) {
	static const uint32_t names[] = {HV_REGISTER_CR0, HV_REGISTER_CR3, HV_REGISTER_CR4, HV_REGISTER_EFER};
	union hv_register_value values[4];
	struct hv_register_page *page = vm->vp[vp_index].registers;

	if (hypercall_get_registers(vm->partition, vp_index, names, 4, values) != HV_STATUS_SUCCESS)
		return false;
	page->cr0 = values[0].u64;
	page->cr3 = values[1].u64;
	page->cr4 = values[2].u64;
	page->efer = values[3].u64;
	return true;
}

bool vp_state_need(struct vm *vm, unsigned vp_index, uint32_t groups) {
	struct hv_register_page *page = vm->vp[vp_index].registers;
	uint32_t missing = groups & ~(uint32_t)page->valid;

	if ((missing & HV_DIRTY_SEGMENTS) && !fetch_segments(vm, vp_index))
		return false;
	if ((missing & HV_DIRTY_CONTROL) && !fetch_control(vm, vp_index))
		return false;
	page->valid |= missing;
	return true;
}

bool vp_state_is_long(const struct hv_intercept_header *header) {
	return (header->execution_state & HV_EXECUTION_EFER_LMA) && (header->cs.attributes & SEGMENT_ATTRIBUTE_LONG);
}

/* [SDM 3B 18.3.1.4 "Single-Step Exception Condition"] */
static void trap_step(struct vm *vm, unsigned vp_index) {
	const uint32_t name = HV_REGISTER_DR6;
	struct hv_register_assoc dr6 = {.name = name};
	enum hv_status status = hypercall_get_registers(vm->partition, vp_index, &name, 1, &dr6.value);

	if (status == HV_STATUS_SUCCESS) {
		dr6.value.u64 |= DR6_SINGLE_STEP;
		status = hypercall_set_registers(vm->partition, vp_index, &dr6, 1);
	}
	if (status != HV_STATUS_SUCCESS) {
		vm_crash(vm, "setting DR6 for a single step failed: %s", hypercall_status_text(status));
		return;
	}
	vp_state_inject(&vm->vp[vp_index], VECTOR_DEBUG, false, 0);
}

void vp_state_advance(struct vm *vm, unsigned vp_index, const struct hv_intercept_header *header, unsigned length) {
	struct hv_register_page *page = vm->vp[vp_index].registers;
	uint64_t rip = header->rip + length;

	if (!vp_state_is_long(header))
		rip &= header->cs.attributes & SEGMENT_ATTRIBUTE_BIG ? 0xffffffffull : 0xffffull;
	page->rip = rip;
	page->dirty |= HV_DIRTY_RIP;
	if (header->rflags & RFLAGS_SINGLE_STEP)
		trap_step(vm, vp_index);
}

uint64_t vp_state_rflags(const struct vm_vp *vp, const struct hv_intercept_header *header) {
	return vp->registers->dirty & HV_DIRTY_FLAGS ? vp->registers->rflags : header->rflags;
}

void vp_state_set_rflags(struct vm_vp *vp, uint64_t rflags) {
	vp->registers->rflags = rflags;
	vp->registers->dirty |= HV_DIRTY_FLAGS;
}

void vp_state_inject(struct vm_vp *vp, unsigned vector, bool has_error, uint32_t error) {
	vp->registers->pending_interruption = HV_EVENT_PENDING | HV_EVENT_TYPE_EXCEPTION << HV_EVENT_TYPE_SHIFT |
	                                      (has_error ? HV_EVENT_DELIVER_ERROR : 0) |
	                                      (uint64_t)vector << HV_EVENT_VECTOR_SHIFT |
	                                      (uint64_t)error << HV_EVENT_ERROR_SHIFT;
	vp->registers->dirty |= HV_DIRTY_EVENT;
}

void vp_state_inject_page_fault(struct vm *vm, unsigned vp_index, uint64_t address, uint32_t error) {
	struct hv_register_assoc cr2 = {.name = HV_REGISTER_CR2, .value.u64 = address};
	enum hv_status status = hypercall_set_registers(vm->partition, vp_index, &cr2, 1);

	if (status != HV_STATUS_SUCCESS) {
		vm_crash(vm, "setting CR2 for a page fault failed: %s", hypercall_status_text(status));
		return;
	}
	vp_state_inject(&vm->vp[vp_index], VECTOR_PAGE_FAULT, true, error);
}

bool vp_state_paging(struct vm *vm, unsigned vp_index, const struct hv_intercept_header *header,
                     struct guest_paging *paging) {
	const struct hv_register_page *page = vm->vp[vp_index].registers;

	if (!vp_state_need(vm, vp_index, HV_DIRTY_CONTROL))
		return false;
	*paging = (struct guest_paging){
	    .cr0 = page->cr0,
	    .cr3 = page->cr3,
	    .cr4 = page->cr4,
	    .efer = page->efer,
	    .rflags = header->rflags,
	    .cpl = header->execution_state & HV_EXECUTION_CPL_MASK,
	};
	return true;
}
