/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A logical processor. One kernel stack each; the first word of every kernel
 * stack (normal, NMI, machine check, double fault) points to its struct cpu, so
 * finding it needs no segment register, and a VP's FS, GS and TR may stay loaded
 * while the kernel handles its exit.
 *
 * Lock legend: I immutable after boot, o only its own processor, a atomic.
 */
#pragma once

#include <hv_abi/call_args.h>
#include "lib/addr.h"

#define MAX_CPUS       64u
#define CPU_STACK_SIZE 16384ull /* size and alignment of every kernel stack */

struct vp;
struct sched_cpu;

struct cpu {
	uint32_t index;   /* I 0.. */
	uint32_t apic_id; /* I */
	bool is_online;   /* a */
	/* a: something other than the current VP wants this processor: a kick, a
	 * flush, a wake-up. Looked at before every entry. */
	uint32_t attention;

	struct vp *current;    /* o the VP whose state is loaded, or NULL */
	uint64_t lost_address; /* a of a machine check that the run loop has to look at, or 0 */

	uint64_t timer_deadline;      /* o what machine_timer_arm has armed; ~0 nothing */
	struct hv_cpu_counters count; /* o; nmis by the NMI handler */
	uint8_t *hypercall_pages;     /* I two: the private copy of a call's input, its output */
	struct sched_cpu *sched;      /* I */
	uint64_t lock_ranks;          /* o checked builds: bit per held rank */
};

extern struct cpu cpus[MAX_CPUS];
extern uint32_t cpu_count; /* I: processors in use, indices 0..cpu_count-1 */

#ifndef BULKHEAD_HOST
static inline struct cpu *this_cpu(void) {
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

	return *(struct cpu **)(sp & ~(CPU_STACK_SIZE - 1));
}
#else
struct cpu *this_cpu(void);
#endif

/*
 * Making every processor forget. A shootdown returns when each processor has
 * passed its run loop's service point since the call: no guest runs on an old
 * translation, no kernel mapping of a withdrawn frame is cached, and no handler
 * still holds a pointer that it found before (quiescence).
 */
/* Begins a flush and waits for all processors. No lock is held; pointers to VPs
 * other than the caller's own are stale afterwards. */
void shootdown(void);

/* The service point: flushes this processor if a newer generation asks for it. */
void shootdown_service(struct cpu *cpu);
