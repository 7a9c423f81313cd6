/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * RDMSR and WRMSR of MSRs that the kernel does not keep: answered from the VM's
 * table (cpu_policy/vp_msrs.h), and #GP(0) for all others [SDM 2B "RDMSR"].
 */
#include "vmm/intercept.h"
#include "vmm/vp_state.h"

#define INSTRUCTION_LENGTH_MASK 0xfu

void intercept_msr(struct vm *vm, unsigned vp_index, const struct hv_msr_intercept *message) {
	struct vm_vp *vp = &vm->vp[vp_index];
	uint64_t *gpr = vp->registers->gpr;
	uint64_t value = message->rdx << 32 | (uint32_t)message->rax;
	bool is_write = message->header.access_type == HV_INTERCEPT_WRITE;
	bool is_done = is_write ? vp_msrs_write(&vp->msrs, &vm->policy, message->msr, value)
	                        : vp_msrs_read(&vp->msrs, &vm->policy, message->msr, &value);

	if (!is_done) {
		vp_state_inject(vp, VECTOR_GENERAL_PROTECTION, true, 0);
		return;
	}
	if (!is_write) {
		gpr[HV_RAX] = (uint32_t)value;
		gpr[HV_RDX] = value >> 32;
	}
	vp_state_advance(vm, vp_index, &message->header, message->header.instruction_length & INSTRUCTION_LENGTH_MASK);
}
