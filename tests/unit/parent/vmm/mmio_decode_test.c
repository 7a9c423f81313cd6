/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which instructions are recognized, as what, in which mode; and the cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "vmm/mmio_decode.h"

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

struct row {
	enum mmio_mode mode;
	const uint8_t *bytes;
	size_t count;
	enum mmio_operation operation;
	enum mmio_direction direction;
	unsigned size;
	int reg; /* -1: not looked at */
	unsigned register_size;
};

static const struct row rows[] = {
    /* What compilers emit for readl(), writel() and their kin. */
    {MMIO_MODE_64, BYTES("\x8b\x04\x25\xf0\x00\x00\xfe"), MMIO_MOVE, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x89\x3c\x25\xb0\xd0\x5f\xff"), MMIO_MOVE, MMIO_WRITE, 4, HV_RDI, 4},
    {MMIO_MODE_64, BYTES("\x45\x8b\x7c\x24\x10"), MMIO_MOVE, MMIO_READ, 4, HV_R15, 4},
    {MMIO_MODE_64, BYTES("\x4c\x89\x05\x00\x00\x00\x00"), MMIO_MOVE, MMIO_WRITE, 8, HV_R8, 8},
    {MMIO_MODE_64, BYTES("\x65\x8b\x04\xcd\x00\x00\x00\x00"), MMIO_MOVE, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x40\x88\x37"), MMIO_MOVE, MMIO_WRITE, 1, HV_RSI, 1}, /* SIL */
    {MMIO_MODE_64, BYTES("\x44\x88\x07"), MMIO_MOVE, MMIO_WRITE, 1, HV_R8, 1},
    {MMIO_MODE_64, BYTES("\x0f\xc3\x07"), MMIO_MOVE, MMIO_WRITE, 4, HV_RAX, 4}, /* MOVNTI */
    /* moffs */
    {MMIO_MODE_64, BYTES("\xa1\x20\x00\xe0\xfe\x00\x00\x00\x00"), MMIO_MOVE, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x48\xa3\x20\x00\xe0\xfe\x00\x00\x00\x00"), MMIO_MOVE, MMIO_WRITE, 8, HV_RAX, 8},
    {MMIO_MODE_32, BYTES("\xa1\x20\x00\xe0\xfe"), MMIO_MOVE, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_32, BYTES("\xa2\x20\x00\xe0\xfe"), MMIO_MOVE, MMIO_WRITE, 1, HV_RAX, 1},
    {MMIO_MODE_16, BYTES("\x67\x66\xa1\x20\x00\xe0\xfe"), MMIO_MOVE, MMIO_READ, 4, HV_RAX, 4},
    /* extensions */
    {MMIO_MODE_64, BYTES("\x0f\xb7\x07"), MMIO_MOVE, MMIO_READ, 2, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x4c\x0f\xbf\x07"), MMIO_MOVE, MMIO_READ, 2, HV_R8, 8},
    {MMIO_MODE_64, BYTES("\x48\x63\x0f"), MMIO_MOVE, MMIO_READ, 4, HV_RCX, 8},
    /* operand sizes by mode */
    {MMIO_MODE_32, BYTES("\x8b\x03"), MMIO_MOVE, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_32, BYTES("\x66\x8b\x03"), MMIO_MOVE, MMIO_READ, 2, HV_RAX, 2},
    {MMIO_MODE_16, BYTES("\x8b\x07"), MMIO_MOVE, MMIO_READ, 2, HV_RAX, 2},
    {MMIO_MODE_16, BYTES("\x66\x8b\x07"), MMIO_MOVE, MMIO_READ, 4, HV_RAX, 4},
    /* read, change, write; and compares, which only read */
    {MMIO_MODE_64, BYTES("\x09\x07"), MMIO_OR, MMIO_READ_WRITE, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\xf0\x09\x07"), MMIO_OR, MMIO_READ_WRITE, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x0b\x07"), MMIO_OR, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x39\x07"), MMIO_CMP, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x3b\x07"), MMIO_CMP, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x85\x07"), MMIO_TEST, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x87\x0f"), MMIO_XCHG, MMIO_READ_WRITE, 4, HV_RCX, 4},
    {MMIO_MODE_64, BYTES("\xf0\x0f\xb1\x0f"), MMIO_CMPXCHG, MMIO_READ_WRITE, 4, HV_RCX, 4},
    {MMIO_MODE_64, BYTES("\xf0\x0f\xc1\x0f"), MMIO_XADD, MMIO_READ_WRITE, 4, HV_RCX, 4},
    {MMIO_MODE_64, BYTES("\xff\x07"), MMIO_INC, MMIO_READ_WRITE, 4, -1, 0},
    {MMIO_MODE_64, BYTES("\x0f\xa3\x0f"), MMIO_BT, MMIO_READ, 4, HV_RCX, 4},
    {MMIO_MODE_64, BYTES("\xf0\x0f\xab\x0f"), MMIO_BTS, MMIO_READ_WRITE, 4, HV_RCX, 4},
    {MMIO_MODE_64, BYTES("\xaa"), MMIO_STOS, MMIO_WRITE, 1, HV_RAX, 1},
    {MMIO_MODE_64, BYTES("\x66\xab"), MMIO_STOS, MMIO_WRITE, 2, HV_RAX, 2},
    {MMIO_MODE_64, BYTES("\xab"), MMIO_STOS, MMIO_WRITE, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x48\xab"), MMIO_STOS, MMIO_WRITE, 8, HV_RAX, 8},
    {MMIO_MODE_64, BYTES("\xac"), MMIO_LODS, MMIO_READ, 1, HV_RAX, 1},
    {MMIO_MODE_64, BYTES("\x66\xad"), MMIO_LODS, MMIO_READ, 2, HV_RAX, 2},
    {MMIO_MODE_64, BYTES("\xad"), MMIO_LODS, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x48\xad"), MMIO_LODS, MMIO_READ, 8, HV_RAX, 8},
    {MMIO_MODE_64, BYTES("\xa4"), MMIO_MOVS, MMIO_READ, 1, HV_RAX, 1},
    {MMIO_MODE_64, BYTES("\x66\xa5"), MMIO_MOVS, MMIO_READ, 2, HV_RAX, 2},
    {MMIO_MODE_64, BYTES("\xa5"), MMIO_MOVS, MMIO_READ, 4, HV_RAX, 4},
    {MMIO_MODE_64, BYTES("\x48\xa5"), MMIO_MOVS, MMIO_READ, 8, HV_RAX, 8},
    {MMIO_MODE_64, BYTES("\xf3\xa5"), MMIO_MOVS, MMIO_READ, 4, HV_RAX, 4},
};

static void instructions_are_recognized(void **state) {
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct mmio_access a;
		char text[MMIO_BYTES_TEXT_SIZE];

		mmio_bytes_text(r->bytes, r->count, text);
		if (mmio_decode(r->mode, r->bytes, r->count, &a) != MMIO_DECODE_OK)
			fail_msg("%s is unknown", text);
		if (a.operation != r->operation || a.direction != r->direction || a.size != r->size ||
		    a.length != r->count || (r->reg >= 0 && a.register_index != r->reg) ||
		    a.register_size != r->register_size)
			fail_msg("%s: operation %d direction %d size %u length %u register %u of %u", text, a.operation,
			         a.direction, a.size, a.length, a.register_index, a.register_size);
	}
}

static void immediates_are_sign_extended(void **state) {
	struct mmio_access a;

	(void)state;
	/* mov qword [rdi], -2 */
	assert_int_equal(mmio_decode(MMIO_MODE_64, BYTES("\x48\xc7\x07\xfe\xff\xff\xff"), &a), 0);
	assert_true(a.has_immediate);
	assert_true(a.immediate == 0xfffffffffffffffe);
	assert_true(mmio_write_value(&a, 0, (uint64_t[HV_GPR_COUNT]){0}, 0) == ~1ull);
	/* and dword [rdi], -16 as imm8 */
	assert_int_equal(mmio_decode(MMIO_MODE_64, BYTES("\x83\x27\xf0"), &a), 0);
	assert_int_equal(a.operation, MMIO_AND);
	assert_true(mmio_write_value(&a, 0x12345678, (uint64_t[HV_GPR_COUNT]){0}, 0) == 0x12345670);
	/* mov dword [rdi], 0xfee00000 */
	assert_int_equal(mmio_decode(MMIO_MODE_64, BYTES("\xc7\x07\x00\x00\xe0\xfe"), &a), 0);
	assert_int_equal(a.direction, MMIO_WRITE);
	assert_true(mmio_write_value(&a, 0, (uint64_t[HV_GPR_COUNT]){0}, 0) == 0xfee00000);
}

static void high_bytes_are_not_low_ones(void **state) {
	uint64_t gprs[HV_GPR_COUNT] = {[HV_RBX] = 0x1234, [HV_RDI] = 0x5678};
	struct mmio_access a;

	(void)state;
	assert_int_equal(mmio_decode(MMIO_MODE_64, BYTES("\x88\x3f"), &a), 0); /* mov [rdi], bh */
	assert_int_equal(a.register_index, HV_RBX);
	assert_true(a.is_high_byte);
	assert_int_equal(mmio_write_value(&a, 0, gprs, 0), 0x12);
	assert_int_equal(mmio_decode(MMIO_MODE_64, BYTES("\x40\x88\x3f"), &a), 0); /* dil */
	assert_int_equal(a.register_index, HV_RDI);
	assert_false(a.is_high_byte);
	assert_int_equal(mmio_write_value(&a, 0, gprs, 0), 0x78);
}

static void other_instructions_are_unknown(void **state) {
	static const struct {
		enum mmio_mode mode;
		const uint8_t *bytes;
		size_t count;
	} unknown[] = {
	    {MMIO_MODE_64, BYTES("\x90")},             /* nop */
	    {MMIO_MODE_64, BYTES("\x89\xc8")},         /* mov eax, ecx: no memory */
	    {MMIO_MODE_64, BYTES("\x8e\x1f")},         /* mov ds, [rdi] */
	    {MMIO_MODE_64, BYTES("\x8c\x1f")},         /* mov [rdi], ds */
	    {MMIO_MODE_64, BYTES("\x8d\x07")},         /* lea */
	    {MMIO_MODE_64, BYTES("\xff\x37")},         /* push */
	    {MMIO_MODE_64, BYTES("\xff\x17")},         /* call */
	    {MMIO_MODE_64, BYTES("\xd1\x27")},         /* shl */
	    {MMIO_MODE_64, BYTES("\xa6")},             /* cmpsb */
	    {MMIO_MODE_64, BYTES("\xae")},             /* scasb */
	    {MMIO_MODE_64, BYTES("\x6c")},             /* insb */
	    {MMIO_MODE_64, BYTES("\xf2\x0f\x10\x07")}, /* movsd xmm0: the other MOVSD */
	    {MMIO_MODE_64, BYTES("\xf3\x0f\x6f\x07")}, /* movdqu */
	    {MMIO_MODE_64, BYTES("\xc5\xfa\x6f\x07")}, /* vmovdqu */
	    {MMIO_MODE_64, BYTES("\x0f\xc7\x0f")},     /* cmpxchg8b */
	    {MMIO_MODE_64, BYTES("\x0f\x0b")},         /* ud2 */
	    {MMIO_MODE_64, BYTES("\x06")},             /* no such instruction */
	    {MMIO_MODE_64, BYTES("\xf0\x89\x07")},     /* lock mov */
	    {MMIO_MODE_32, BYTES("\x40\x88\x37")},     /* inc eax */
	    {MMIO_MODE_64, BYTES("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x8b\x07")},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct mmio_access a, before;
		char text[MMIO_BYTES_TEXT_SIZE];

		memset(&a, 0xa5, sizeof(a));
		before = a;
		mmio_bytes_text(unknown[i].bytes, unknown[i].count, text);
		if (mmio_decode(unknown[i].mode, unknown[i].bytes, unknown[i].count, &a) != MMIO_DECODE_UNKNOWN)
			fail_msg("%s is not unknown", text);
		assert_memory_equal(&a, &before, sizeof(a));
	}
}

/* At every place where the bytes may be cut, more are asked for. */
static void a_cut_instruction_is_short(void **state) {
	struct mmio_access a;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t cut = 0; cut < rows[i].count; cut++) {
			/* Malloc'ed by size, so that reading on is an error of ASan. */
			uint8_t *bytes = test_malloc(cut);

			memcpy(bytes, rows[i].bytes, cut);
			assert_int_equal(mmio_decode(rows[i].mode, bytes, cut, &a), MMIO_DECODE_SHORT);
			test_free(bytes);
		}
}

static void the_mode_follows_lma_and_the_code_segment(void **state) {
	static const struct {
		uint16_t execution, attributes;
		enum mmio_mode mode;
	} cases[] = {
	    {HV_EXECUTION_EFER_LMA | HV_EXECUTION_CR0_PE, 0xa09b, MMIO_MODE_64},
	    {HV_EXECUTION_EFER_LMA | HV_EXECUTION_CR0_PE, 0xc09b, MMIO_MODE_32},
	    {HV_EXECUTION_EFER_LMA | HV_EXECUTION_CR0_PE, 0x809b, MMIO_MODE_16},
	    {HV_EXECUTION_CR0_PE, 0xc09b, MMIO_MODE_32},
	    {HV_EXECUTION_CR0_PE, 0xa09b, MMIO_MODE_16}, /* L means nothing here */
	    {0, 0x009b, MMIO_MODE_16},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hv_intercept_header header = {.execution_state = cases[i].execution,
		                                     .cs.attributes = cases[i].attributes};

		assert_int_equal(mmio_mode(&header), cases[i].mode);
	}
}

static void the_cache_is_believed_only_for_the_same_bytes(void **state) {
	static const uint8_t load[] = {0x8b, 0x07, 0x90, 0x90}, store[] = {0x89, 0x07, 0x90};
	struct mmio_decode_cache cache;
	struct mmio_access a;

	(void)state;
	memset(&cache, 0xa5, sizeof(cache));
	mmio_decode_cache_reset(&cache);
	assert_int_equal(mmio_decode_cached(&cache, 0x1000, MMIO_MODE_64, load, 4, &a), 0);
	assert_int_equal(a.direction, MMIO_READ);
	/* The guest rewrote its code. */
	assert_int_equal(mmio_decode_cached(&cache, 0x1000, MMIO_MODE_64, store, 3, &a), 0);
	assert_int_equal(a.direction, MMIO_WRITE);
	/* The same place in another mode. */
	assert_int_equal(mmio_decode_cached(&cache, 0x1000, MMIO_MODE_16, load, 4, &a), 0);
	assert_int_equal(a.size, 2);
	assert_int_equal(mmio_decode_cached(&cache, 0x1000, MMIO_MODE_64, load, 4, &a), 0);
	assert_int_equal(a.size, 4);
	assert_int_equal(cache.next, 3); /* the last was found */
	/* Fewer bytes than the entry has. */
	assert_int_equal(mmio_decode_cached(&cache, 0x1000, MMIO_MODE_64, load, 1, &a), MMIO_DECODE_SHORT);
}

static void the_cache_keeps_the_latest_and_forgets_the_oldest(void **state) {
	struct mmio_decode_cache cache;
	struct mmio_access a;
	uint8_t code[] = {0x8b, 0x07};

	(void)state;
	mmio_decode_cache_reset(&cache);
	for (unsigned i = 0; i <= MMIO_DECODE_CACHE_SIZE; i++)
		assert_int_equal(mmio_decode_cached(&cache, i, MMIO_MODE_64, code, 2, &a), 0);
	/* Spoil what is cached: who still answers with 77 was found there. */
	for (unsigned i = 0; i < MMIO_DECODE_CACHE_SIZE; i++)
		cache.entry[i].access.size = 77;
	assert_int_equal(mmio_decode_cached(&cache, 1, MMIO_MODE_64, code, 2, &a), 0);
	assert_int_equal(a.size, 77);
	assert_int_equal(mmio_decode_cached(&cache, MMIO_DECODE_CACHE_SIZE, MMIO_MODE_64, code, 2, &a), 0);
	assert_int_equal(a.size, 77);
	assert_int_equal(mmio_decode_cached(&cache, 0, MMIO_MODE_64, code, 2, &a), 0);
	assert_int_equal(a.size, 4);
	/* What is unknown is not kept. */
	code[0] = 0x0f;
	code[1] = 0x0b;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(mmio_decode_cached(&cache, 9, MMIO_MODE_64, code, 2, &a), MMIO_DECODE_UNKNOWN);
}

static void bytes_are_shown_in_hexadecimal(void **state) {
	uint8_t bytes[20];
	char text[MMIO_BYTES_TEXT_SIZE];

	(void)state;
	mmio_bytes_text(BYTES("\x0f\xa0\x00"), text);
	assert_string_equal(text, "0f a0 00");
	mmio_bytes_text(bytes, 0, text);
	assert_string_equal(text, "");
	memset(bytes, 0xee, sizeof(bytes));
	mmio_bytes_text(bytes, sizeof(bytes), text);
	assert_int_equal(strlen(text), MMIO_BYTES_TEXT_SIZE - 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(instructions_are_recognized),
	    cmocka_unit_test(immediates_are_sign_extended),
	    cmocka_unit_test(high_bytes_are_not_low_ones),
	    cmocka_unit_test(other_instructions_are_unknown),
	    cmocka_unit_test(a_cut_instruction_is_short),
	    cmocka_unit_test(the_mode_follows_lma_and_the_code_segment),
	    cmocka_unit_test(the_cache_is_believed_only_for_the_same_bytes),
	    cmocka_unit_test(the_cache_keeps_the_latest_and_forgets_the_oldest),
	    cmocka_unit_test(bytes_are_shown_in_hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
