/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: a guest that does nothing but cause exits takes its own time only. It
 * floods until it is stopped; the command line says with what. The others of the
 * host keep their clock and the operator is answered.
 */
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/hypercall.h>
#include <guest/test.h>
#include "word.h"

static void flood_cpuid(void) { (void)guest_cpuid(0x40000000, 0); }

static void flood_port(void) { (void)guest_in32(0x80); }

static void flood_mmio(void) { *(volatile uint32_t *)0xe0000000 = 1; }

static void flood_hypercall(void) { (void)guest_hypercall(0xffff, 0, 0); }

static void flood_ipi(void) { guest_apic_send(0x80000u | 0x41, 0); }

static void flood_timer(void) {
	guest_wrmsr(HV_MSR_STIMER0_CONFIG,
	            HV_STIMER_DIRECT | HV_STIMER_AUTO_ENABLE | 0x41ull << HV_STIMER_VECTOR_SHIFT);
	guest_wrmsr(HV_MSR_STIMER0_COUNT, 1);
	guest_interrupts_on();
	guest_pause();
	guest_interrupts_off();
}

static void flood_msr(void) { (void)guest_try_wrmsr(0xbad, 0, NULL); }

static void on_interrupt(struct guest_frame *frame) {
	(void)frame;
	guest_apic_eoi();
}

static const struct {
	char first; /* letter of the command line */
	void (*run)(void);
} floods[] = {
    {'c', flood_cpuid}, {'p', flood_port},  {'m', flood_mmio}, {'h', flood_hypercall},
    {'i', flood_ipi},   {'t', flood_timer}, {'w', flood_msr},
};

int guest_main(void);
int guest_main(void) {
	guest_set_handler(0x41, on_interrupt);
	if (!guest_hypercall_setup() || !guest_apic_enable(true))
		return 1;
	guest_printf("flooding: %s\n", command_word());
	for (unsigned i = 0; i < sizeof(floods) / sizeof(floods[0]); i++)
		if (command_word()[0] == floods[i].first)
			for (;;)
				floods[i].run();
	return 1;
}
