/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A table by slot; entries are single words, so that readers need no lock. */
#include <stddef.h>
#include "vmm/vm_slots.h"

static struct vm_slot {
	struct vm *vm; /* atomic; NULL: nobody's */
	unsigned vp_index;
} slots[VM_SLOTS_MAX];

enum err vm_slots_enter(struct vm *vm, struct err_text *text) {
	for (unsigned i = 0; i < vm->vp_count; i++)
		if (vm->vp[i].slot >= VM_SLOTS_MAX)
			return err_set(text, ERR_RANGE, "the kernel's slot %u is beyond %u", vm->vp[i].slot,
			               VM_SLOTS_MAX - 1);
	for (unsigned i = 0; i < vm->vp_count; i++) {
		slots[vm->vp[i].slot].vp_index = i;
		__atomic_store_n(&slots[vm->vp[i].slot].vm, vm, __ATOMIC_RELEASE);
	}
	return ERR_NONE;
}

void vm_slots_leave(const struct vm *vm) {
	for (unsigned i = 0; i < vm->vp_count; i++)
		if (slots[vm->vp[i].slot].vm == vm)
			__atomic_store_n(&slots[vm->vp[i].slot].vm, NULL, __ATOMIC_RELEASE);
}

struct vm *vm_slots_lock(uint32_t slot, unsigned *vp_index) {
	struct vm *vm;

	if (slot >= VM_SLOTS_MAX)
		return NULL;
	vm = __atomic_load_n(&slots[slot].vm, __ATOMIC_ACQUIRE);
	if (vm == NULL)
		return NULL;
	spinlock_acquire(&vm->lock);
	*vp_index = slots[slot].vp_index;
	if (__atomic_load_n(&slots[slot].vm, __ATOMIC_ACQUIRE) == vm && *vp_index < vm->vp_count &&
	    vm->vp[*vp_index].slot == slot)
		return vm;
	spinlock_release(&vm->lock);
	return NULL;
}
