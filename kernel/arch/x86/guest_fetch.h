/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * How long was the instruction that caused this exit? Needed only where the
 * processor does not say (architecture.md D9). Walks the guest's page tables
 * [SDM 3A 4 "Paging"], skips prefixes and compares the one opcode that the exit
 * allows; nothing is decoded beyond that. Pure.
 */
#pragma once

#include "mm/gpa_space.h"

/* The bytes of the opcode, the first one highest. */
enum fetch_opcode {
	OPCODE_CPUID = 0x0fa2,
	OPCODE_HLT = 0xf4,
	OPCODE_RDMSR = 0x0f32,
	OPCODE_WRMSR = 0x0f30,
	OPCODE_XSETBV = 0x0f01d1,
	OPCODE_INVD_OR_WBINVD = 0x0f08, /* WBINVD is 0f 09 */
};

#define INSTRUCTION_MAX 15u

struct fetch_mode {
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
};

/* Guest virtual to guest physical, for a fetch by the supervisor; permissions were
 * judged by the processor already. False: not mapped (any more). */
bool guest_fetch_translate(const struct gpa_space *space, const struct fetch_mode *mode, uint64_t gva, gpa_t *out);

/* Reads up to INSTRUCTION_MAX bytes at a linear address; returns how many. */
unsigned guest_fetch_bytes(const struct gpa_space *space, const struct fetch_mode *mode, uint64_t gva, uint8_t *bytes);

/* Length of the instruction with its prefixes, or 0 if it is not this opcode. */
unsigned guest_fetch_length(const uint8_t *bytes, unsigned count, bool is_64, enum fetch_opcode opcode);

/* MOV between CR4 or CR8 and a general register. */
struct fetch_mov_cr {
	bool is_write;
	uint8_t cr;  /* 4 or 8 */
	uint8_t gpr; /* enum hv_gpr */
	uint8_t length;
};

/* False: the bytes are not such an instruction. */
bool guest_fetch_mov_cr(const uint8_t *bytes, unsigned count, bool is_64, struct fetch_mov_cr *out);
