/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Dispatch of vectors. An unknown vector is an EOI and a count, never a fault:
 * without interrupt remapping the parent's devices can raise any
 * (architecture.md "The kernel", D4).
 */
#include "arch/x86/trap.h"

#include "arch/x86/insn.h"
#include "arch/x86/local_apic.h"
#include "core/cpu.h"
#include "core/machine.h"

/* Acknowledges an external vector after core has heard of it: a level pin that is
 * still asserted is masked by then, or it would come again. */
static void take_external(unsigned vector) {
	switch (vector) {
	case VECTOR_TIMER:
		this_cpu()->timer_deadline = ~0ull;
		core_on_timer();
		break;
	case VECTOR_KICK: /* its arrival is its purpose */
		break;
	case VECTOR_DEVICE_FIRST ... VECTOR_DEVICE_LAST:
		core_on_device_vector(vector);
		break;
	default:
		core_on_unknown_vector(vector);
		/* A spurious interrupt is not in service and gets no EOI [SDM 3A 11.9
		 * "Spurious Interrupt"]. But a device can raise its vector too, and would
		 * block every other one. */
		if (!local_apic_is_in_service(vector))
			return;
	}
	local_apic_eoi();
}

void trap_dispatch(struct trap_frame *frame) {
	if (frame->vector == VECTOR_NMI) {
		this_cpu()->count.nmis++;
		if (panic_is_active())
			panic_halt();
	} else if (frame->vector == VECTOR_MACHINE_CHECK) {
		machine_check_handle(frame->rip);
	} else if (frame->vector <= TRAP_EXCEPTION_LAST) {
		panic_exception(frame);
	} else {
		take_external((unsigned)frame->vector);
	}
}

void machine_idle(void) {
	/* Looked at with interrupts off: a kick after this ends HLT at once. */
	if (__atomic_load_n(&this_cpu()->attention, __ATOMIC_ACQUIRE) != 0)
		sti_nop_cli();
	else
		sti_hlt_cli();
}

void machine_take_interrupts(void) { sti_nop_cli(); }
