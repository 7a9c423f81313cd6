/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The end of a guest, and what every VP does first. */
#include "guest/exit.h"

#include "guest/cpu.h"
#include "guest.h"

_Noreturn void guest_halt(void) {
	while (true)
		__asm__ volatile("cli; hlt" : : : "memory");
}

_Noreturn void guest_exit(uint32_t code) {
	guest_out32(GUEST_DEBUG_EXIT_PORT, code);
	guest_halt();
}

void guest_start_c(unsigned index) {
	if (index != 0) {
		guest_trap_load();
		guest_cpu_run(index);
		guest_halt();
	}
	guest_trap_build();
	guest_trap_load();
	guest_exit((uint32_t)guest_main());
}
