/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The order of bring-up. Everything that core may use is ready before
 * kernel_main; every processor ends in kernel_run (architecture.md "Boot").
 */
#include "arch/x86/bring_up.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/insn.h"
#include "arch/x86/local_apic.h"
#include "arch/x86/trap.h"

struct boot boot;

static struct handoff handoff;

_Noreturn void boot_main(uint64_t handoff_address);

static void take_handoff(const struct handoff *h) {
	if (h->magic != HANDOFF_MAGIC || h->version != HANDOFF_VERSION || h->size != sizeof(handoff))
		panic("the loader does not fit this kernel (handoff version %u, %u bytes; "
		      "%u and %zu wanted): install both from one build",
		      h->version, h->size, HANDOFF_VERSION, sizeof(handoff));
	handoff = *h;
	boot.handoff = &handoff;
	log_configure((enum hv_log_level)handoff.log_level, handoff.boot_tsc);
}

_Noreturn void boot_main(uint64_t handoff_address) {
	spa_t table;

	serial_log_init();
	log_info("Bulkhead " BULKHEAD_VERSION ", build-id %s", panic_build_id());
	take_handoff((const struct handoff *)handoff_address);
	segments_init();
	segments_load(&cpus[0]);
	boot.physical_bits = cpuid(0x80000008u, 0).eax & 0xff;
	host_pt_init(boot_memory_init());
	processor_setup();
	table = boot_allocate(boot.frame_count * sizeof(struct frame), PAGE_SIZE);
	frame_table_init(frame_pointer(spa_to_sfn(table)), boot.frame_count);

	local_apic_enable();
	smp_prepare();
	machine_check_enable();
	tsc_calibrate();
	timer_init();
	timer_enable();
	ioapic_init();
	smp_start();
	/* What the loader left is consumed. */
	boot_memory_retype(0, ~0ull, HANDOFF_MEMORY_LOADER, HANDOFF_MEMORY_USABLE);
	log_warning("no IOMMU is in use: the parent's devices can write to any memory and raise "
	            "any vector");

	kernel_main();
	smp_release();
	/* Onto the stack that this processor keeps. */
	__asm__ volatile("movq %0, %%rsp\n\t"
	                 "pushq $0\n\t"
	                 "xorl %%ebp, %%ebp\n\t"
	                 "jmp *%1"
	                 :
	                 : "r"(host_pt_stack_top(&cpus[0], STACK_SLOT_RUN)), "r"(kernel_run));
	__builtin_unreachable();
}
