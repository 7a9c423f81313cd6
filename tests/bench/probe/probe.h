/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Counts what an emulated host executes: by part (kernel, parent, the rest), by
 * address inside kernel and parent, and by what makes an instruction dear on
 * silicon. qemu.c and bochs.cc feed it; tools/bench reads what it writes.
 *
 * A region lies between two marks that a guest executes, a span between two
 * addresses. Lines of the output file, counts in decimal, addresses in hex:
 *
 *   region NAME kernel K parent P other O dear D...   NAME is - between marks
 *   at PART ADDRESS COUNT           after a region: where its instructions were
 *   stretch COUNT FROM TO           the longest in the kernel so far, uninterruptible
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kernel and parent are both linked here, the parent in its own address space. */
#define PROBE_BASE 0xffffffff80000000ull
#define PROBE_TEXT 0x40000u

enum probe_part { PROBE_KERNEL, PROBE_PARENT, PROBE_OTHER, PROBE_PARTS };

/* What counts as dear, in the order of the output. */
enum probe_dear {
	PROBE_CHEAP,
	PROBE_WORLD,  /* VMRUN, VMLAUNCH, VMRESUME */
	PROBE_VMCB,   /* VMLOAD, VMSAVE, VMREAD, VMWRITE, VMPTRLD, VMCLEAR */
	PROBE_MSR,    /* RDMSR, WRMSR */
	PROBE_CR,     /* MOV to and from a control or debug register */
	PROBE_TLB,    /* INVLPG, INVLPGA, INVPCID, INVEPT, INVVPID */
	PROBE_LOCKED, /* a LOCK prefix, or XCHG with memory */
	PROBE_PORT,   /* IN, OUT */
	PROBE_XSAVE,  /* FXSAVE, XSAVE and their kin */
	PROBE_OPEN,   /* STI, HLT, STGI: interrupts may come in */
	PROBE_DEAR
};

enum probe_mark { PROBE_NO_MARK, PROBE_BEGIN, PROBE_END, PROBE_END_SITES };

struct probe_counters {
	uint64_t part[PROBE_PARTS];
	uint64_t at[2][PROBE_TEXT]; /* by part and offset from PROBE_BASE */
};

/* One end of a span: an address in a part. */
struct probe_point {
	enum probe_part part;
	uint64_t address;
};

/* Takes one option. False: it is wrong, and said so.
 *   out=FILE                        always, and first
 *   span=NAME/P:ADDRESS/P:ADDRESS   P is k, p or o
 *                                   at its beginning also f: once, the first
 *                                   instruction of others in the GiB from there
 *   light=NAME/P:ADDRESS/P:ADDRESS  the same without addresses; e:ADDRESS is the
 *                                   kernel's last entry from a guest before that
 *   stretch=sites                   addresses of the longest stretch too */
bool probe_option(const char *option);

enum probe_dear probe_classify(const uint8_t *code, size_t size);
enum probe_mark probe_mark_of(const uint8_t *code, size_t size);

/* Whether a span begins or ends there. */
bool probe_is_point(enum probe_part part, uint64_t address);

/* Whether that is the first instruction that a span begins with; its beginning. */
bool probe_is_first(uint64_t address);
void probe_on_first(uint64_t address);

/* What the instruction at a kernel or parent address is; once per address. */
void probe_note(enum probe_part part, uint32_t offset, enum probe_dear dear);

/* What was just executed. The feeder calls these for the few that matter. */
void probe_on_mark(enum probe_mark mark);
void probe_on_point(enum probe_part part, uint64_t address);
void probe_on_open(uint64_t address);  /* the kernel: a world switch or PROBE_OPEN */
void probe_on_entry(uint64_t address); /* the kernel's first instruction after that */
void probe_finish(void);

/* The feeder's: what was counted so far; `at` only if asked for. */
void probe_read(struct probe_counters *out, bool with_sites);

#ifdef __cplusplus
}
#endif
