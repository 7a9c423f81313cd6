/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A machine without hardware: backs core/machine.h, core/boot.h and mm's memory,
 * so that the whole of core boots in a host test. 128 MiB of RAM; processors take
 * turns, the test says whose. Time stands still unless the test or a guest moves
 * it. Judges what core does: the kernel touches only frames that are mapped for
 * it, and one window at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/cpu.h"
#include "lib/addr.h"

#define FAKE_TSC_HZ        1000000000ull
#define FAKE_FRAMES        32768u
#define FAKE_KERNEL_FIRST  256u /* 16 MiB of the kernel's image and reserve */
#define FAKE_KERNEL_COUNT  4096u
#define FAKE_PHYSICAL_BITS 40u
#define FAKE_GSI_COUNT     24u

struct fake_pin {
	unsigned vector; /* 0: not routed */
	uint32_t target;
	bool is_level;
	bool is_active_low;
	bool is_open;
};

extern uint64_t fake_tsc;
extern _Thread_local struct cpu *fake_cpu; /* this_cpu(); a second thread chooses its own */
extern struct fake_pin fake_pin[FAKE_GSI_COUNT];
extern uint16_t fake_pci_command[0x10000]; /* command register of each PCI function */
extern uint64_t fake_armed[MAX_CPUS];      /* one-shot timers, ~0: off */
extern uint64_t fake_kicks[MAX_CPUS];      /* machine_kick by target */
extern uint64_t fake_idles[MAX_CPUS];      /* machine_idle without anything to do */
extern char fake_log_line[256];            /* last line of the parent's */
extern unsigned fake_log_portions;         /* calls that a line takes before its last */

/* Called by machine_idle when nothing is pending: the test may move time. */
extern void (*fake_on_idle)(struct cpu *cpu);

/* Called for a kick: by default the target serves flushes at once, those of the VP that
 * it runs too, as a processor that leaves its guest would. */
extern void (*fake_on_kick)(struct cpu *cpu);

/* Called by machine_timer_arm, with no lock of the scheduler held: another processor may act
 * between a look at something and the sleep that follows. */
extern void (*fake_on_arm)(void);

/* Called by machine_tsc where no lock is held, in the middle of what core does before it
 * lets a VP sleep or run: another processor may act here. */
extern void (*fake_on_tsc)(void);

/* Memory, handoff, `cpus` processors; core is not booted yet. */
void fake_machine_init(uint32_t cpus);

/* Bytes of any frame. */
uint8_t *fake_machine_bytes(sfn_t frame);

/* The kernel has this frame mapped. */
bool fake_machine_is_mapped(sfn_t frame);
