/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Carries a decoded access out on plain data: results, arithmetic flags, general
 * registers, and the steps of string instructions.
 * Follows [APM1 3.1.4 "Flags Register"] and the instructions' pages in [APM3].
 */
#include "mmio_decode.h"

#define FLAG_CARRY       (1ull << 0)
#define FLAG_PARITY      (1ull << 2)
#define FLAG_AUXILIARY   (1ull << 4)
#define FLAG_ZERO        (1ull << 6)
#define FLAG_SIGN        (1ull << 7)
#define FLAG_DIRECTION   (1ull << 10)
#define FLAG_OVERFLOW    (1ull << 11)
#define FLAGS_ARITHMETIC (FLAG_CARRY | FLAG_PARITY | FLAG_AUXILIARY | FLAG_ZERO | FLAG_SIGN | FLAG_OVERFLOW)

/* What an operation makes of its destination and of the flags. */
struct outcome {
	uint64_t result;
	uint64_t flags; /* all of RFLAGS */
};

static uint64_t mask_of(unsigned size) { return size >= 8 ? ~0ull : (1ull << size * 8) - 1; }

static uint64_t get_register(const struct mmio_access *access, const uint64_t *gprs) {
	uint64_t value = gprs[access->register_index];

	if (access->is_high_byte)
		value >>= 8;
	return value & mask_of(access->register_size);
}

/* A write of 32 bits clears the upper half, narrower ones keep the rest
 * [APM1 3.1.2.3 "Implicit Uses of GPRs"]. */
static void set_sized(uint64_t *reg, uint64_t value, unsigned size, unsigned shift) {
	uint64_t mask = mask_of(size) << shift;

	if (size >= 4)
		*reg = value & mask;
	else
		*reg = (*reg & ~mask) | (value << shift & mask);
}

static void set_register(const struct mmio_access *access, uint64_t *gprs, uint64_t value) {
	set_sized(&gprs[access->register_index], value, access->register_size, access->is_high_byte ? 8 : 0);
}

static uint64_t sign_of(uint64_t value, unsigned size) { return value >> (size * 8 - 1) & 1; }

static uint64_t result_flags(uint64_t result, unsigned size) {
	uint64_t flags = __builtin_parity((unsigned)result & 0xff) ? 0 : FLAG_PARITY;

	if (result == 0)
		flags |= FLAG_ZERO;
	if (sign_of(result, size))
		flags |= FLAG_SIGN;
	return flags;
}

static struct outcome with_flags(uint64_t result, uint64_t rflags, uint64_t flags) {
	return (struct outcome){result, (rflags & ~FLAGS_ARITHMETIC) | flags};
}

static struct outcome add(uint64_t a, uint64_t b, uint64_t carry, unsigned size, uint64_t rflags) {
	uint64_t r = (a + b + carry) & mask_of(size);
	uint64_t flags = result_flags(r, size) | ((a ^ b ^ r) & FLAG_AUXILIARY);

	if (r < a || (carry && r == a))
		flags |= FLAG_CARRY;
	if (sign_of((a ^ r) & (b ^ r), size))
		flags |= FLAG_OVERFLOW;
	return with_flags(r, rflags, flags);
}

static struct outcome subtract(uint64_t a, uint64_t b, uint64_t borrow, unsigned size, uint64_t rflags) {
	uint64_t r = (a - b - borrow) & mask_of(size);
	uint64_t flags = result_flags(r, size) | ((a ^ b ^ r) & FLAG_AUXILIARY);

	if (a < b || (borrow && a == b))
		flags |= FLAG_CARRY;
	if (sign_of((a ^ b) & (a ^ r), size))
		flags |= FLAG_OVERFLOW;
	return with_flags(r, rflags, flags);
}

/* INC and DEC leave the carry alone. */
static struct outcome keep_carry(struct outcome outcome, uint64_t rflags) {
	outcome.flags = (outcome.flags & ~FLAG_CARRY) | (rflags & FLAG_CARRY);
	return outcome;
}

static struct outcome logic(uint64_t result, unsigned size, uint64_t rflags) {
	return with_flags(result, rflags, result_flags(result, size));
}

/* BT and its kin: only the carry changes. The byte offset of a bit number in a
 * register is part of the address already. */
static struct outcome bit_test(enum mmio_operation operation, uint64_t a, uint64_t b, unsigned size, uint64_t rflags) {
	uint64_t bit = 1ull << (b & (size * 8 - 1));
	struct outcome outcome = {a, (rflags & ~FLAG_CARRY) | (a & bit ? FLAG_CARRY : 0)};

	if (operation == MMIO_BTS)
		outcome.result = a | bit;
	if (operation == MMIO_BTR)
		outcome.result = a & ~bit;
	if (operation == MMIO_BTC)
		outcome.result = a ^ bit;
	return outcome;
}

/* a: the memory operand. Compares with RAX; equal stores the register. */
static struct outcome compare_exchange(uint64_t a, uint64_t b, uint64_t rax, unsigned size, uint64_t rflags) {
	struct outcome outcome = subtract(rax & mask_of(size), a, 0, size, rflags);

	outcome.result = outcome.flags & FLAG_ZERO ? b : a;
	return outcome;
}

/* A load into the register: the memory operand, extended to its size. */
static uint64_t extend(const struct mmio_access *access, uint64_t value) {
	if (access->is_sign_extended && sign_of(value, access->size))
		value |= ~mask_of(access->size);
	return value & mask_of(access->register_size);
}

static struct outcome compute(const struct mmio_access *access, uint64_t old, const uint64_t *gprs, uint64_t rflags) {
	unsigned size = access->size;
	uint64_t carry = rflags & FLAG_CARRY;
	uint64_t memory = old & mask_of(size);
	uint64_t other = access->has_immediate ? access->immediate & mask_of(size) : get_register(access, gprs);
	uint64_t a = access->is_memory_destination ? memory : other;
	uint64_t b = access->is_memory_destination ? other : memory;

	switch (access->operation) {
	case MMIO_MOVE:
		return (struct outcome){access->is_memory_destination ? b : extend(access, b), rflags};
	case MMIO_AND:
	case MMIO_TEST:
		return logic(a & b, size, rflags);
	case MMIO_OR:
		return logic(a | b, size, rflags);
	case MMIO_XOR:
		return logic(a ^ b, size, rflags);
	case MMIO_ADD:
	case MMIO_XADD:
		return add(a, b, 0, size, rflags);
	case MMIO_ADC:
		return add(a, b, carry, size, rflags);
	case MMIO_SUB:
	case MMIO_CMP:
		return subtract(a, b, 0, size, rflags);
	case MMIO_SBB:
		return subtract(a, b, carry, size, rflags);
	case MMIO_INC:
		return keep_carry(add(a, 1, 0, size, rflags), rflags);
	case MMIO_DEC:
		return keep_carry(subtract(a, 1, 0, size, rflags), rflags);
	case MMIO_NOT:
		return (struct outcome){~a & mask_of(size), rflags};
	case MMIO_NEG:
		return subtract(0, a, 0, size, rflags);
	case MMIO_CMPXCHG:
		return compare_exchange(a, b, gprs[HV_RAX], size, rflags);
	case MMIO_BT:
	case MMIO_BTS:
	case MMIO_BTR:
	case MMIO_BTC:
		return bit_test(access->operation, a, b, size, rflags);
	case MMIO_XCHG:
	case MMIO_STOS:
		return (struct outcome){other, rflags};
	case MMIO_LODS:
	case MMIO_MOVS:
		return (struct outcome){memory, rflags};
	}
	return (struct outcome){memory, rflags};
}

bool mmio_reads(const struct mmio_access *access, bool is_write) {
	if (access->operation == MMIO_MOVS)
		return !is_write;
	return access->direction != MMIO_WRITE;
}

bool mmio_writes(const struct mmio_access *access, bool is_write) {
	if (access->operation == MMIO_MOVS)
		return is_write;
	return access->direction != MMIO_READ;
}

uint64_t mmio_write_value(const struct mmio_access *access, uint64_t old, const uint64_t gprs[HV_GPR_COUNT],
                          uint64_t rflags) {
	return compute(access, old, gprs, rflags).result & mask_of(access->size);
}

/* Adds to RSI, RDI or RCX as far as the address size reaches. */
static void step(uint64_t *reg, uint64_t delta, unsigned address_size) {
	set_sized(reg, *reg + delta, address_size, 0);
}

static unsigned finish_string(const struct mmio_access *access, uint64_t *gprs, uint64_t rflags) {
	uint64_t delta = rflags & FLAG_DIRECTION ? -(uint64_t)access->size : access->size;

	if (access->operation != MMIO_STOS)
		step(&gprs[HV_RSI], delta, access->address_size);
	if (access->operation != MMIO_LODS)
		step(&gprs[HV_RDI], delta, access->address_size);
	if (!access->is_repeated)
		return access->length;
	step(&gprs[HV_RCX], -1ull, access->address_size);
	return gprs[HV_RCX] & mask_of(access->address_size) ? 0 : access->length;
}

unsigned mmio_finish(const struct mmio_access *access, uint64_t old, uint64_t gprs[HV_GPR_COUNT], uint64_t *rflags) {
	struct outcome outcome = compute(access, old, gprs, *rflags);
	uint64_t memory = old & mask_of(access->size);

	switch (access->operation) {
	case MMIO_CMP:
	case MMIO_TEST:
	case MMIO_BT:
		break;
	case MMIO_XCHG:
	case MMIO_XADD:
		set_register(access, gprs, memory);
		break;
	case MMIO_CMPXCHG:
		if (!(outcome.flags & FLAG_ZERO))
			set_sized(&gprs[HV_RAX], memory, access->size, 0);
		break;
	case MMIO_LODS:
		set_register(access, gprs, memory);
		return finish_string(access, gprs, *rflags);
	case MMIO_STOS:
	case MMIO_MOVS:
		return finish_string(access, gprs, *rflags);
	case MMIO_MOVE:
	case MMIO_AND:
	case MMIO_OR:
	case MMIO_XOR:
	case MMIO_ADD:
	case MMIO_ADC:
	case MMIO_SUB:
	case MMIO_SBB:
	case MMIO_INC:
	case MMIO_DEC:
	case MMIO_NOT:
	case MMIO_NEG:
	case MMIO_BTS:
	case MMIO_BTR:
	case MMIO_BTC:
		if (!access->is_memory_destination)
			set_register(access, gprs, outcome.result);
		break;
	}
	*rflags = outcome.flags;
	return access->length;
}

uint64_t mmio_movs_gva(const struct mmio_access *access, enum mmio_mode mode, bool is_write,
                       const uint64_t gprs[HV_GPR_COUNT],
                       const struct hv_segment_register segment[HV_PAGE_SEGMENT_COUNT]) {
	unsigned index = is_write ? HV_RSI : HV_RDI;
	unsigned seg = is_write ? access->source_segment : HV_PAGE_ES;
	uint64_t offset = gprs[index] & mask_of(access->address_size);

	if (mode != MMIO_MODE_64)
		return (segment[seg].base + offset) & 0xffffffffull;
	if (seg == HV_PAGE_FS || seg == HV_PAGE_GS)
		offset += segment[seg].base;
	return offset;
}
