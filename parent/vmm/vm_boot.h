/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Puts a guest into a VM's memory and its first processor into the state that
 * the guest's boot protocol asks for. Management VP only. */
#pragma once

#include "runtime/err.h"
#include "vmm/vm_build.h"

/* Needs partition, zeroed memory and processors. ERR_NOT_FOUND for a module
 * that the host has not, otherwise the loader's or the kernel's error; the
 * sentence says which. */
ERR_CHECKED enum err vm_boot(struct vm *vm, vm_find_module_t *find_module, struct err_text *text);
