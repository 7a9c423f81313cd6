/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The kernel's start, and the run loop: one per processor, for ever. A pass of
 * the outer loop is a service point: interrupts have been taken, flushes done,
 * and no pointer to another's VP is held.
 */
#include "core/boot.h"
#include "core/cpu.h"
#include "core/exit.h"
#include "core/machine.h"
#include "core/parent.h"
#include "core/partition.h"
#include "core/sched.h"
#include "core/vp.h"
#include "core/vp_events.h"
#include "arch/x86/vp_context.h"
#include "lib/log.h"

void kernel_main(void) {
	flush_ledger_init(cpu_count);
	for (uint32_t i = 0; i < cpu_count; i++) {
		spa_t pages = boot_allocate(2 * PAGE_SIZE, PAGE_SIZE);

		cpus[i].hypercall_pages = frame_pointer(spa_to_sfn(pages));
	}
	sched_init();
	vp_hw_init_shared();
	parent_init();
	log_info("parent: image at %lx, %u I/O VPs and the management VP", boot.handoff->parent_entry, cpu_count);
}

void core_on_timer(void) {
	struct cpu *cpu = this_cpu();

	cpu->sched->armed = 0;
	__atomic_store_n(&cpu->attention, 1, __ATOMIC_RELAXED);
}

void core_on_unknown_vector(unsigned vector) {
	struct cpu *cpu = this_cpu();

	if (cpu->count.interrupts_unknown++ == 0)
		log_warning("cpu %u: first interrupt that nobody asked for, vector %u", cpu->index, vector);
}

/* What the processor did until now was for `before`; from now on it is for `vp`. */
static void account(struct vp *before, struct vp *vp) {
	uint64_t now = machine_tsc();

	before->runtime_tsc += now - before->entered_tsc;
	vp->entered_tsc = now;
}

/* Enters VPs until something wants the processor. Returns the last one. While the VP
 * stays the same, an exit costs two tests, the handler and the entry. */
static struct vp *run_vps(struct cpu *cpu, struct vp *next) {
	struct vp_exit exit;
	struct vp *vp = next;

	vp->entered_tsc = machine_tsc();
	for (; next != NULL; next = exit_handle(vp, &exit)) {
		if (vp != next)
			account(vp, next);
		vp = next;
		if (__atomic_load_n(&cpu->attention, __ATOMIC_ACQUIRE) != 0 ||
		    (vp_has_news(vp) && !vp->partition->is_parent && !vp_events_prepare(vp)))
			break;
		if (cpu->current != vp) {
			vp_context_switch(vp);
			cpu->current = vp;
		}
		vp_hw_enter(&vp->hw, &exit);
		cpu->count.exits++;
	}
	account(vp, vp);
	return vp;
}

struct vp *kernel_pass(struct cpu *cpu, struct vp *vp) {
	__atomic_store_n(&cpu->attention, 0, __ATOMIC_SEQ_CST);
	shootdown_service(cpu);
	sched_service_reap(cpu);
	if (machine_tsc() >= cpu->sched->armed)
		sched_service_timers(cpu);
	machine_check_service(cpu);
	parent_watch(cpu);
	vp = sched_next(cpu, vp);
	sched_balance(cpu);
	sched_arm(cpu);
	if (vp != NULL)
		return run_vps(cpu, vp);
	vp_hw_put();
	machine_idle();
	return NULL;
}

_Noreturn void kernel_run(void) {
	struct cpu *cpu = this_cpu();
	const char *lacking = vp_hw_cpu_enable(cpu);
	struct vp *vp = NULL;

	if (lacking != NULL)
		panic("cpu %u: virtualization lacks %s", cpu->index, lacking);
	for (;;)
		vp = kernel_pass(cpu, vp);
}

bool spinlock_has_turns;

void lock_rank_acquired(uint32_t rank) {
	struct cpu *cpu = this_cpu();

	check((cpu->lock_ranks >> rank) == 0);
	cpu->lock_ranks |= 1ull << rank;
}

void lock_rank_released(uint32_t rank) { this_cpu()->lock_ranks &= ~(1ull << rank); }
