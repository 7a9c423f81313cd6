/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Boot: what arch/x86 prepares for core, and the two calls it makes into core.
 */
#pragma once

#include "loader/handoff.h"
#include "mm/frame.h"

struct cpu;
struct vp;

struct boot {
	struct handoff *handoff; /* the kernel's private copy */
	uint64_t frame_count;    /* frames from 0 to the end of RAM */
	unsigned physical_bits;  /* width of a physical address, CPUID 0x80000008 */
	bool has_huge_leaves;    /* set by core: 1 GiB second-level leaves may be used */
};

extern struct boot boot;

/* Takes `size` bytes, page-multiple, contiguous, zeroed and mapped as kernel
 * memory at frame_pointer(), from the boot reserve. Boot processor only, before
 * kernel_main returns; panics when the reserve is used up. */
spa_t boot_allocate(uint64_t size, uint64_t alignment);

/* Takes `size` bytes (page multiple) of usable RAM above 1 MiB out of
 * handoff->memory, the highest that fits and begins at 2 MiB, and retypes them
 * (HANDOFF_MEMORY_*). Not mapped for the kernel. The map stays sorted and merged.
 * Returns 0 and changes nothing if there is no such range, or no room in the map to
 * describe it. */
spa_t boot_take(uint64_t size, uint32_t type);

/* On the boot processor, all other processors waiting. Sets up everything and
 * returns. */
void kernel_main(void);

/* On every processor, each on its own stack, after kernel_main. */
_Noreturn void kernel_run(void);

/* One pass of this processor's run loop: serves it, chooses a VP and runs it, or
 * idles. `vp` is what the pass before returned: the VP that was left, or NULL.
 * kernel_run makes passes for ever; host tests make them one by one. */
struct vp *kernel_pass(struct cpu *cpu, struct vp *vp);
