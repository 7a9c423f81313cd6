/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Decodes the one instruction by which a guest touched memory-mapped device
 * registers, and carries it out on plain data: value to write, registers and
 * flags afterwards. Integer instructions that compilers emit for device
 * registers, no vector ones. Zydis decodes; a small cache spares it.
 * Follows [APM3 "General-Purpose and System Instructions"].
 *
 * The life of an access:
 *   status = mmio_decode_cached(cache, rip, mode, bytes, count, &access);
 *   if (mmio_reads(&access, is_write))  old = device read (or RAM, see MOVS);
 *   if (mmio_writes(&access, is_write)) device write of mmio_write_value(...);
 *   rip += mmio_finish(&access, old, gprs, &rflags);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hv_abi/messages.h>
#include <hv_abi/registers.h>

#define MMIO_INSTRUCTION_MAX 15u

/* Code size of the VP at the access. */
enum mmio_mode {
	MMIO_MODE_16,
	MMIO_MODE_32,
	MMIO_MODE_64,
};

enum mmio_operation {
	MMIO_MOVE, /* MOV, MOVZX, MOVSX, MOVSXD */
	MMIO_AND,
	MMIO_OR,
	MMIO_XOR,
	MMIO_ADD,
	MMIO_ADC,
	MMIO_SUB,
	MMIO_SBB,
	MMIO_CMP,
	MMIO_TEST,
	MMIO_INC,
	MMIO_DEC,
	MMIO_NOT,
	MMIO_NEG,
	MMIO_XCHG,
	MMIO_XADD,
	MMIO_CMPXCHG,
	MMIO_BT,
	MMIO_BTS,
	MMIO_BTR,
	MMIO_BTC,
	MMIO_STOS,
	MMIO_LODS,
	MMIO_MOVS, /* its other operand is at mmio_movs_gva() */
};

enum mmio_direction {
	MMIO_READ,
	MMIO_WRITE,
	MMIO_READ_WRITE,
};

/* One decoded instruction: holds no register's value, so it may be cached. */
struct mmio_access {
	enum mmio_operation operation;
	enum mmio_direction direction; /* of the memory operand; MOVS: either */
	uint8_t length;                /* of the instruction in bytes */
	uint8_t size;                  /* of the memory operand: 1, 2, 4 or 8 */
	bool is_memory_destination;    /* else the register receives the result */
	bool has_immediate;            /* the other operand; else it is the register */
	bool is_sign_extended;         /* MOVSX, MOVSXD; MOVZX extends by zeros */
	bool is_high_byte;             /* the register is AH, CH, DH or BH */
	bool is_repeated;              /* string instruction with REP */
	uint8_t register_index;        /* enum hv_gpr */
	uint8_t register_size;         /* 1, 2, 4 or 8; a write of 4 clears the upper half */
	uint8_t address_size;          /* 2, 4 or 8: of RSI, RDI, RCX of string forms */
	uint8_t source_segment;        /* enum hv_page_segment, of MOVS and LODS */
	uint64_t immediate;            /* sign-extended to 64 bits */
};

enum mmio_decode_status {
	MMIO_DECODE_OK,
	MMIO_DECODE_SHORT,   /* the bytes end inside the instruction: fetch more */
	MMIO_DECODE_UNKNOWN, /* no instruction that we carry out; mmio_bytes_text */
};

/* Code size that an intercept's header describes. */
enum mmio_mode mmio_mode(const struct hv_intercept_header *header);

/* Decodes count bytes at the instruction's start; more than 15 are not looked
 * at. *access is written only with MMIO_DECODE_OK. */
enum mmio_decode_status mmio_decode(enum mmio_mode mode, const uint8_t *bytes, size_t count, struct mmio_access *access)
    __attribute__((warn_unused_result));

/* What a VP touched lately, found by RIP, mode and, always, the same bytes. */
#define MMIO_DECODE_CACHE_SIZE 8u
struct mmio_decode_cache {
	unsigned next; /* entry to replace */
	struct mmio_decode_cache_entry {
		uint64_t rip;
		enum mmio_mode mode;
		uint8_t length; /* 0: empty */
		uint8_t bytes[MMIO_INSTRUCTION_MAX];
		struct mmio_access access;
	} entry[MMIO_DECODE_CACHE_SIZE];
};

void mmio_decode_cache_reset(struct mmio_decode_cache *cache);

/* As mmio_decode; the cache belongs to one VP. */
enum mmio_decode_status mmio_decode_cached(struct mmio_decode_cache *cache, uint64_t rip, enum mmio_mode mode,
                                           const uint8_t *bytes, size_t count, struct mmio_access *access)
    __attribute__((warn_unused_result));

/*
 * Does this access read, does it write, the device that the VP intercepted at?
 * is_write: the intercept's own access type, which tells for MOVS on which side
 * the device is: not written, the source (then RAM, or a device, at
 * mmio_movs_gva() gets the value); written, the destination (then the value
 * comes from RAM at mmio_movs_gva()). A read that is also written back
 * (MMIO_READ_WRITE) does both whatever the intercept says.
 */
bool mmio_reads(const struct mmio_access *access, bool is_write);
bool mmio_writes(const struct mmio_access *access, bool is_write);

/* Linear address of the operand of MOVS that did not intercept: the
 * destination if the intercept was a read, the source if a write.
 * segment: by enum hv_page_segment; only the bases count. In 64-bit mode only
 * FS and GS have one. */
uint64_t mmio_movs_gva(const struct mmio_access *access, enum mmio_mode mode, bool is_write,
                       const uint64_t gprs[HV_GPR_COUNT],
                       const struct hv_segment_register segment[HV_PAGE_SEGMENT_COUNT]);

/* The value to write, cut to the access's size. old: what the read gave, for
 * MMIO_READ_WRITE and MOVS; else not looked at. CMPXCHG that does not match
 * writes old back, as a processor does. */
uint64_t mmio_write_value(const struct mmio_access *access, uint64_t old, const uint64_t gprs[HV_GPR_COUNT],
                          uint64_t rflags);

/* Brings registers and arithmetic flags to what they are after the access (one
 * step of a repeated string instruction). old: what the read gave, else not
 * looked at. Call once, after the value to write was computed. Returns the
 * bytes to add to RIP: 0 while a repeated instruction has steps to go. */
unsigned mmio_finish(const struct mmio_access *access, uint64_t old, uint64_t gprs[HV_GPR_COUNT], uint64_t *rflags);

/* mmio_finish under its usual name for a plain read. */
static inline unsigned mmio_finish_read(const struct mmio_access *access, uint64_t value, uint64_t gprs[HV_GPR_COUNT],
                                        uint64_t *rflags) {
	return mmio_finish(access, value, gprs, rflags);
}

/* Bytes as "8b 04 25", for the message that names an unknown instruction. text
 * holds 3 * MMIO_INSTRUCTION_MAX characters, enough for all; more bytes are cut. */
#define MMIO_BYTES_TEXT_SIZE (3u * MMIO_INSTRUCTION_MAX)
void mmio_bytes_text(const uint8_t *bytes, size_t count, char text[MMIO_BYTES_TEXT_SIZE]);
