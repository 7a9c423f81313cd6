/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What makes the parent a parent of these tests: it stands before the product's
 * own intercept_io_port (the linker's --wrap) and does to a VP's register page
 * what the guest asks for.
 */
#include "poke.h"

#include <hv_abi/registers.h>
#include "vmm/intercept.h"
#include "vmm/vm.h"
#include "vmm/vp_state.h"

void __real_intercept_io_port(struct vm *vm, unsigned vp_index, const struct hv_io_port_intercept *message);
void __wrap_intercept_io_port(struct vm *vm, unsigned vp_index, const struct hv_io_port_intercept *message);

void __wrap_intercept_io_port(struct vm *vm, unsigned vp_index, const struct hv_io_port_intercept *message) {
	struct hv_register_page *page = vm->vp[vp_index].registers;
	uint64_t offset = page->gpr[HV_RBX];
	uint64_t *word;

	if (message->port != POKE_PORT) {
		__real_intercept_io_port(vm, vp_index, message);
		return;
	}
	if (offset % 8 != 0 || offset > sizeof(*page) - 8 ||
	    !vp_state_need(vm, vp_index, HV_DIRTY_SEGMENTS | HV_DIRTY_CONTROL)) {
		vm_crash(vm, "it cannot be poked");
		return;
	}
	vp_state_advance(vm, vp_index, &message->header, message->header.instruction_length & 0xf);
	word = (uint64_t *)((char *)page + offset);
	*word = (*word & page->gpr[HV_RCX]) | page->gpr[HV_RDX];
	page->dirty |= (uint32_t)page->gpr[HV_RAX];
}
