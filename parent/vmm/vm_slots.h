/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which VM and which of its processors a slot of VpWait means. A VM's object is
 * never freed, only used again, so that an I/O VP may lock it first and ask
 * then whether the slot still is that VM's.
 */
#pragma once

#include "runtime/err.h"
#include "vmm/vm.h"

#define VM_SLOTS_MAX 16384u

/* Enters the slots of all processors of a VM. ERR_RANGE, and nothing is entered,
 * if the kernel gave one beyond VM_SLOTS_MAX. */
ERR_CHECKED enum err vm_slots_enter(struct vm *vm, struct err_text *text);
void vm_slots_leave(const struct vm *vm);

/* The VM of a slot, locked, and the processor's index; NULL and nothing locked
 * if the slot is nobody's. */
struct vm *vm_slots_lock(uint32_t slot, unsigned *vp_index);
