/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The steps of bring-up, in the order in which boot.c takes them on the boot
 * processor; those marked (each) smp.c takes on every other one, too. They log
 * what they find and panic with a sentence where the kernel cannot run.
 */
#pragma once

#include "loader/handoff.h"
#include "core/boot.h" /* what all of them need */
#include "core/cpu.h"
#include "core/machine.h"
#include "lib/log.h"

/* Takes the boot reserve, which boot_allocate (core/boot.h) hands out in pieces,
 * for the machine in boot.handoff, and returns it; sets boot.frame_count. On the
 * loader's page tables. */
struct handoff_memory boot_memory_init(void);

/* What is of type `from` in [base, limit) of the handoff's map becomes of type `to`;
 * adjacent equals are merged. The map has room for two more ranges. */
void boot_memory_retype(uint64_t base, uint64_t limit, uint32_t from, uint32_t to);

/* (each) Sets CR0, CR4, PAT and XCR0. On the kernel's tables. */
void processor_setup(void);

/* Chooses the processors to use, gives each its stacks and fills cpus[] and
 * cpu_count. After host_pt_init. */
void smp_prepare(void);

/* (each) Turns machine checks on: all banks, CR4.MCE. */
void machine_check_enable(void);

/* Measures the TSC's frequency against HPET or PIT. */
void tsc_calibrate(void);

/* Busy wait, until the time is over or another processor sets the flag (or NULL),
 * which is returned. After tsc_calibrate. */
bool tsc_wait_us(uint64_t microseconds, const bool *flag);

/* The one-shot timer behind machine_timer_arm: TSC-deadline where the processor
 * has it, else the local APIC's counter, measured here against the TSC. After
 * tsc_calibrate and local_apic_enable. */
void timer_init(void);

/* (each) Prepares this processor's timer, not armed. */
void timer_enable(void);

/* Maps every I/O APIC of the handoff and masks all pins, and both 8259s. */
void ioapic_init(void);

/* Starts the other processors [SDM 3A 9.4.4 "MP Initialization Example"]. They
 * come up completely, then wait for smp_release; who does not answer is taken out
 * of cpus[]. After timer_init. */
void smp_start(void);

/* Compares this processor's TSC with that of another, which runs tsc_skew_answer
 * at the same time, and warns if guests may see time jump. Differences below the
 * time of a round trip are not seen. */
void tsc_skew_check(const struct cpu *other);
void tsc_skew_answer(void);

/* Sends the other processors into kernel_run. */
void smp_release(void);

/* Arithmetic of clocks: rates, ratios and agreement of measurements. Pure. */
/* Hz of a clock that made `ticks` while another of `reference_hz` made
 * `reference_ticks`; 0 if that is 0. The smaller count of ticks times reference_hz
 * is below 2^64. */
uint64_t time_rate(uint64_t ticks, uint64_t reference_ticks, uint64_t reference_hz);

/* Counter value that reaches `deadline` from `now` (TSC ticks), rounded up, at
 * least 1, cut to 32 bits. ratio: counter ticks per TSC tick, 32.32. */
uint32_t time_counter(uint64_t now, uint64_t deadline, uint64_t ratio);

/* The middle one of three. */
uint64_t time_median(const uint64_t hz[3]);

/* By how much a clock that showed `other` at some moment between `before` and
 * `after` of one's own is certainly off, either way; 0 if the reading fits. */
uint64_t time_skew(uint64_t before, uint64_t other, uint64_t after);

/*
 * Which of the machine's processors the kernel uses: one hardware thread per
 * core, so that two children never share a core (architecture.md D5). Pure.
 */
/* The largest id that reaches a processor without interrupt remapping. */
#define TOPOLOGY_MAX_APIC_ID 254u

/* Low bits of an APIC id that number the threads of one core, from EAX to EDX of
 * CPUID leaves 0xB (subleaf 0) and 0x8000001E (AMD); zeros for a leaf that does not
 * exist. */
unsigned topology_thread_bits(const uint32_t leaf_b[4], const uint32_t leaf_8000001e[4]);

/* Picks processors to use, in the order of the list, whose first entry is the boot
 * processor and always picked; ids go to `apic_ids[limit]`, limit > 0. Left out are
 * second threads of a core, ids above TOPOLOGY_MAX_APIC_ID, and what is beyond the
 * limit. Returns how many it picked. */
uint32_t topology_select(const struct handoff_cpu *list, uint32_t list_count, unsigned thread_bits, uint32_t limit,
                         uint32_t *apic_ids);

/*
 * The log on COM1, beside lib/log.h. COM1 is the kernel's alone; the parent's lines come
 * through log_write_slowly, after core has limited their rate.
 */
/* Sets up the 16550 at 0x3f8: 115200 8N1, polled. A machine without one is fine. */
void serial_log_init(void);

/* From now on lines above this level are dropped, and lines carry the time since
 * `boot_tsc` once the rate of the TSC is known. */
void log_configure(enum hv_log_level level, uint64_t boot_tsc);

/* A line of any level. */
void log_line(const char *prefix, const char *format, va_list args);

/* The caller panics: it takes the log's lock for good, by force after a bounded
 * wait. */
void log_enter_panic(void);

/*
 * What the status of a machine-check bank means for the kernel [SDM 3B 16.3.2.2
 * "IA32_MCi_STATUS MSRs"], [APM2 9.3.2 "Error-Reporting Register Banks"]. Pure.
 */
#define MCE_GLOBAL_RIPV 0x1ull /* MCG_STATUS: execution may go on at the saved RIP */
#define MCE_GLOBAL_MCIP 0x4ull /* MCG_STATUS: a machine check is being handled */

#define MCE_VALID       (1ull << 63)
#define MCE_OVERFLOW    (1ull << 62)
#define MCE_UNCORRECTED (1ull << 61)
#define MCE_ADDRESS     (1ull << 58)
#define MCE_CORRUPT     (1ull << 57)

enum mce_verdict {
	MCE_NOTHING,   /* the bank holds no error */
	MCE_CORRECTED, /* logged and forgotten */
	MCE_CONTAINED, /* data was lost, the processor can go on: whose was it? */
	MCE_FATAL,     /* nobody can say what is damaged */
};

/* Judges one bank by MCG_STATUS and its own status. */
enum mce_verdict mce_judge(uint64_t global, uint64_t status);
