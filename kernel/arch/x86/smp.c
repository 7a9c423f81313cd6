/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * INIT, STARTUP, STARTUP, one processor at a time, every wait bounded: a
 * processor that does not answer is put back to wait-for-STARTUP by another INIT,
 * so that it cannot wake up later on a stack that is not its own.
 */
#include "arch/x86/bring_up.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/insn.h"
#include "arch/x86/local_apic.h"
#include "arch/x86/trap.h"
#include "lib/bits.h"
#include "lib/spinlock.h"
#include "lib/string.h"

#define INIT_DELAY_US 10000u

extern const char trampoline_start[], trampoline_root[], trampoline_end[];

struct cpu cpus[MAX_CPUS];
uint32_t cpu_count;

static bool is_released;

/* trampoline.S takes them. */
uint64_t smp_stack;
_Noreturn void smp_enter(void);

#define CPUID_1_ECX_HYPERVISOR BIT(31)

void smp_prepare(void) {
	const struct handoff *h = boot.handoff;
	uint32_t apic_ids[MAX_CPUS], leaf_b[4], leaf_1e[4];
	uint32_t count;

	machine_cpuid(0xb, 0, leaf_b);
	machine_cpuid(0x8000001eu, 0, leaf_1e); /* AMD's; Intel's highest leaf is below it */
	count = topology_select(h->cpu, h->cpu_count, topology_thread_bits(leaf_b, leaf_1e), MAX_CPUS, apic_ids);
	check(count > 0);
	for (cpu_count = 0; cpu_count < count; cpu_count++) {
		cpus[cpu_count].index = cpu_count;
		cpus[cpu_count].apic_id = apic_ids[cpu_count];
		host_pt_make_stacks(&cpus[cpu_count]);
	}
	cpus[0].is_online = true;
	spinlock_has_turns = !(cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR);
	log_info("processors: %u of %u in use: one hardware thread per core, APIC ids to %u, "
	         "which devices reach, at most %u",
	         count, h->cpu_count, TOPOLOGY_MAX_APIC_ID, MAX_CPUS);
}

/* First code of a started processor, on its own stack, with the trampoline's
 * segments. */
_Noreturn void smp_enter(void) {
	struct cpu *cpu = this_cpu();

	segments_load(cpu);
	processor_setup();
	local_apic_enable();
	/* Somebody else's stack: this is a processor that woke up late. */
	if (local_apic_id() != cpu->apic_id)
		panic_halt();
	machine_check_enable();
	timer_enable();
	__atomic_store_n(&cpu->is_online, true, __ATOMIC_RELEASE);
	tsc_skew_answer();
	/* Halted, not spinning: the boot processor may share a core with it. */
	while (!__atomic_load_n(&is_released, __ATOMIC_ACQUIRE))
		machine_idle();
	machine_kernel_tlb_flush(); /* the trampoline's page is gone */
	kernel_run();
}

static bool start(struct cpu *cpu) {
	/* A second STARTUP after the first wait; an emulator may be slow to answer. */
	static const uint32_t waits_us[] = {10000, 500000};

	__atomic_store_n(&smp_stack, host_pt_stack_top(cpu, STACK_SLOT_RUN), __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 2; i++) {
		local_apic_send(cpu->apic_id, ICR_STARTUP | (uint32_t)boot.handoff->trampoline >> 12);
		if (tsc_wait_us(waits_us[i], &cpu->is_online))
			return true;
	}
	__atomic_store_n(&smp_stack, 0, __ATOMIC_RELEASE);
	local_apic_send(cpu->apic_id, ICR_INIT);
	tsc_wait_us(INIT_DELAY_US, NULL);
	log_warning("processor with APIC id %u does not answer: the host goes on without it", cpu->apic_id);
	return false;
}

void smp_start(void) {
	uint64_t page = boot.handoff->trampoline;
	uint32_t wanted = cpu_count;
	uint32_t next = 1;

	if (wanted == 1)
		return;
	host_pt_map_trampoline(spa(page));
	memcpy((void *)page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	*(uint32_t *)(page + (uint64_t)(trampoline_root - trampoline_start)) = (uint32_t)host_pt_root();
	for (uint32_t i = 1; i < wanted; i++)
		local_apic_send(cpus[i].apic_id, ICR_INIT);
	tsc_wait_us(INIT_DELAY_US, NULL);
	for (uint32_t i = 1; i < wanted; i++) {
		/* The slot of a processor that did not answer goes to the next one. */
		cpus[next].apic_id = cpus[i].apic_id;
		cpus[next].is_online = false;
		if (start(&cpus[next]))
			tsc_skew_check(&cpus[next++]);
	}
	cpu_count = next;
	host_pt_unmap_trampoline();
	log_info("processors: %u of %u started", next, wanted);
}

void smp_release(void) {
	__atomic_store_n(&is_released, true, __ATOMIC_RELEASE);
	for (uint32_t i = 1; i < cpu_count; i++)
		machine_kick(&cpus[i]);
}
