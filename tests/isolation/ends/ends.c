/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: however a guest ends, or does not end, is told by the parent and is its
 * own affair. The command line names the end; tests/machine/isolation.sh looks at
 * the parent's word about it.
 */
#include <hv_abi/msr.h>
#include <guest/console.h>
#include <guest/cpu.h>
#include <guest/exit.h>
#include <guest/test.h>
#include "word.h"

static void load_empty_idt(void) {
	const struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} none = {0, 0};

	__asm__ volatile("lidt %0" : : "m"(none));
}

static void triple_fault(void) {
	load_empty_idt();
	__asm__ volatile("int3");
}

/* The shortest way to a machine that cannot deliver its faults. */
static void no_page_tables(void) { __asm__ volatile("mov %0, %%cr3" : : "r"(0xe0000000ull) : "memory"); }

/* Paging without protection: #GP on a processor. Ours must refuse to run it. */
static void bad_cr0(void) {
	uint64_t cr0;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0; cpuid" : : "r"(cr0 & ~1ull), "a"(0) : "rbx", "rcx", "rdx", "memory");
	for (;;)
		(void)guest_cpuid(0, 0);
}

static void halt_for_ever(void) { guest_halt(); }

static void spin_for_ever(void) {
	for (;;)
		__asm__ volatile("cli; pause");
}

/* The stack lies where no memory is: #DB could raise itself without end. */
static void bad_stack(void) {
	__asm__ volatile("mov %0, %%rsp; push $0; int3" : : "r"(0xe0001000ull) : "memory");
	for (;;)
		(void)guest_cpuid(0, 0);
}

/* Code runs from memory to where no memory is. */
static void bad_idt(void) {
	const struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} outside = {0xfff, 0xe0000000};

	__asm__ volatile("lidt %0; int3" : : "m"(outside));
}

static void reset_msr(void) {
	guest_wrmsr(HV_MSR_RESET, 0);
	guest_wrmsr(HV_MSR_RESET, 1);
	guest_halt();
}

static void reset_port(void) {
	guest_out8(0x602, 1);
	guest_halt();
}

static void power_off(void) {
	guest_out8(0x600, 0x20);
	guest_halt();
}

static void exit_42(void) { guest_exit(42); }

static const struct {
	const char *name;
	void (*run)(void);
} ends[] = {
    {"triple-fault", triple_fault}, {"no-page-tables", no_page_tables},
    {"bad-cr0", bad_cr0},           {"bad-stack", bad_stack},
    {"bad-idt", bad_idt},           {"halt", halt_for_ever},
    {"spin", spin_for_ever},        {"reset-msr", reset_msr},
    {"reset-port", reset_port},     {"power-off", power_off},
    {"exit-42", exit_42},
};

static bool equal(const char *a, const char *b) {
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

int guest_main(void);
int guest_main(void) {
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (equal(command_word(), ends[i].name)) {
			guest_printf("the end: %s\n", ends[i].name);
			ends[i].run();
		}
	guest_printf("no end is called '%s'\n", command_word());
	return 1;
}
