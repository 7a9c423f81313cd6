/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Measured loops. A loop runs n times between two marks that the probe knows
 * (tests/bench/probe), and at the end one line each says what was measured:
 *
 *   bench: NAME PLACEMENT N TICKS
 *
 * in the order of the probe's regions. TICKS is the TSC's difference, which counts
 * instructions on the machines of tools/bench.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* NOPs for the processor. The last asks for addresses too (probe.h). */
#define BENCH_BEGIN()     __asm__ volatile("nopl 0x0b3c4001(%%rax,%%rax,1)" : : : "memory")
#define BENCH_END()       __asm__ volatile("nopl 0x0b3c4002(%%rax,%%rax,1)" : : : "memory")
#define BENCH_END_SITES() __asm__ volatile("nopl 0x0b3c4003(%%rax,%%rax,1)" : : : "memory")

#define BENCH_PLACEMENTS  3u
#define BENCH_TRIES       5u

/* A loop that may lie anywhere: fn(n, argument). `cut` is the offset behind the
 * measured instruction, where one placement puts the page's end. */
struct bench_code {
	const char *name;
	const uint8_t *begin, *cut, *end;
};

/* The body may use all registers but RDI (the count), RSI (the argument), RBP, RSP. */
#define BENCH_CODE(id, text, before, instruction)                                                                      \
	__asm__(".pushsection .text\nbench_" #id "_begin: push %rbx\n1:\n" before "\n" instruction "\nbench_" #id      \
	        "_cut: dec %rdi\njnz 1b\npop %rbx\nret\nbench_" #id "_end:\n.popsection\n");                           \
	extern const uint8_t bench_##id##_begin[], bench_##id##_cut[], bench_##id##_end[];                             \
	static const struct bench_code bench_##id = {text, bench_##id##_begin, bench_##id##_cut, bench_##id##_end}

/* n, 2n and 4n times at each placement, BENCH_TRIES times each. */
void bench_code(const struct bench_code *code, uint64_t n, uint64_t argument);

/* The same for a function, where it is. */
void bench_function(const char *name, void (*run)(uint64_t n), uint64_t n);

/* Once, for what is measured as a whole. */
void bench_once(const char *name, void (*run)(uint64_t n), uint64_t n);

/* Prints the lines of all that was measured, and a last one: "bench: end". */
void bench_report(void);
