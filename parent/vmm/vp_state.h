/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Registers of a processor that has an intercept outstanding, by its register
 * page (architecture.md D1): what the kernel filled is used, what is missing is
 * fetched once. Changes are marked dirty and count at resume. The caller holds
 * the VM's lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/messages.h>
#include "vmm/guest_walk.h"
#include "vmm/vm.h"

/* Makes sure that the groups (HV_DIRTY_SEGMENTS, HV_DIRTY_CONTROL) are in the
 * page. False if the kernel does not tell. */
bool vp_state_need(struct vm *vm, unsigned vp_index, uint32_t groups);

/* Continues behind the instruction that intercepted, `length` bytes long; a single
 * step ends there. Length 0: one element of a repeated instruction is done. */
void vp_state_advance(struct vm *vm, unsigned vp_index, const struct hv_intercept_header *header, unsigned length);

/* RFLAGS as they are now: the page's if changed, else the intercept's. */
uint64_t vp_state_rflags(const struct vm_vp *vp, const struct hv_intercept_header *header);
void vp_state_set_rflags(struct vm_vp *vp, uint64_t rflags);

/* Raises an exception instead of continuing; the instruction has not run. */
void vp_state_inject(struct vm_vp *vp, unsigned vector, bool has_error, uint32_t error);
void vp_state_inject_page_fault(struct vm *vm, unsigned vp_index, uint64_t address, uint32_t error);

/* In 64-bit mode now: EFER.LMA and CS.L. */
bool vp_state_is_long(const struct hv_intercept_header *header);

/* How the processor translates at this intercept. False as vp_state_need. */
bool vp_state_paging(struct vm *vm, unsigned vp_index, const struct hv_intercept_header *header,
                     struct guest_paging *paging);

#define RFLAGS_SINGLE_STEP        0x100ull /* TF */

#define VECTOR_DEBUG              1u
#define VECTOR_INVALID_OPCODE     6u
#define VECTOR_GENERAL_PROTECTION 13u
#define VECTOR_PAGE_FAULT         14u
