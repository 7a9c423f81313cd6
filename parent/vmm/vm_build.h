/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Makes the partition around a VM's configuration and takes it apart again:
 * partition, deposits, RAM, virtual processors, devices, the loaded guest.
 * Management VP only, while the VM is in no running state.
 */
#pragma once

#include "runtime/err.h"
#include "vmm/vm.h"

/* Finds a module by the name that the loader gave it; NULL if there is none. */
struct hv_boot_module;
typedef const struct hv_boot_module *vm_find_module_t(const char *name);

/* Builds everything up to the first instruction. On error, with a sentence that
 * says which step failed and why, nothing is held. */
ERR_CHECKED enum err vm_build(struct vm *vm, vm_find_module_t *find_module, struct err_text *text);

/* Stops the partition's processors and lets no more requests through to the disks. May
 * be called again. */
void vm_halt(struct vm *vm);

/* Of a halted VM whose disks are idle (vm_disks.h): deletes the partition, gives all memory
 * back and closes the disks. The VM's slots are no longer known to VpWait afterwards. */
void vm_unbuild(struct vm *vm);
