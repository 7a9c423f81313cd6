/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the parent does when a child's processor needs it (architecture.md D1):
 * one intercept is taken from the processor's page, carried out under the VM's
 * lock, and the processor is ready to be resumed by the caller's next VpWait.
 */
#pragma once

#include <stdbool.h>
#include <hv_abi/messages.h>
#include <hv_abi/status.h>
#include "vmm/vm.h"

/* Handles the intercept of a slot that VpWait returned. True if the caller is
 * to resume the slot; false if there was no intercept, or the VM has ended. No
 * lock may be held. */
bool intercept_handle(uint32_t slot);

/* The kernel refused to resume the slot: that VM has crashed. */
void intercept_resume_failed(uint32_t slot, enum hv_status status);

/* The parts. The VM's lock is held; `message` is the parent's own copy. */
void intercept_io_port(struct vm *vm, unsigned vp_index, const struct hv_io_port_intercept *message);
void intercept_memory(struct vm *vm, unsigned vp_index, const struct hv_memory_intercept *message);

/* RDMSR or WRMSR of an MSR that is not the kernel's. */
void intercept_msr(struct vm *vm, unsigned vp_index, const struct hv_msr_intercept *message);
