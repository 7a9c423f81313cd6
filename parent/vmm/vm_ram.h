/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A child's RAM: runs of the parent's memory, lent to the partition with the
 * largest pages that fit, and scrubbed by the kernel before anybody else gets
 * them (architecture.md D3).
 */
#pragma once

#include "loaders/layout.h"
#include "runtime/err.h"
#include "runtime/hypercall.h"
#include "vmm/guest_memory.h"

/* Takes zeroed memory for the layout's RAM. ERR_MEMORY with a sentence if there
 * is too little or it lies in too many pieces; then nothing is held. */
ERR_CHECKED enum err vm_ram_take(struct guest_memory *memory, const struct memory_layout *layout,
                                 struct err_text *text);

/* Lends all of it to the partition, readable, writable and executable, with
 * deposits as the kernel asks for them. ERR_HYPERCALL or ERR_MEMORY with a
 * sentence; what was mapped goes with the partition. */
ERR_CHECKED enum err vm_ram_map(const struct guest_memory *memory, hv_partition_id_t partition, struct err_text *text);

/* Gives everything back, by way of the scrub pool; the partition must be
 * finalized or never have had it. */
void vm_ram_give(struct guest_memory *memory);
