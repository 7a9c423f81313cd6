/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Decoded instructions against the processor that runs this test: each random
 * instruction is executed natively on ordinary memory and by our model, and
 * memory, registers and flags must agree. String forms and the operand of MOVS
 * are tables. Prints the seed and the instruction when they differ.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "vmm/mmio_decode.h"

#define ROUNDS 200000u

#define CF     0x001ull
#define PF     0x004ull
#define AF     0x010ull
#define ZF     0x040ull
#define SF     0x080ull
#define DF     0x400ull
#define OF     0x800ull
#define ALL    (CF | PF | AF | ZF | SF | OF)

/* RAX, RCX, RDX and RBX from and to registers[], flags likewise, RDI = memory. */
void run_native(const void *code, uint64_t registers[4], uint64_t *flags, void *memory);
__asm__(".text\n"
        ".globl run_native\n"
        "run_native:\n"
        "	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n"
        "	mov %rdi, %r12\n	mov %rsi, %r13\n	mov %rdx, %r14\n"
        "	mov %rcx, %rdi\n"
        "	mov (%r13), %rax\n	mov 8(%r13), %rcx\n"
        "	mov 16(%r13), %rdx\n	mov 24(%r13), %rbx\n"
        "	push (%r14)\n	popfq\n"
        "	call *%r12\n"
        "	pushfq\n	pop (%r14)\n"
        "	mov %rax, (%r13)\n	mov %rcx, 8(%r13)\n"
        "	mov %rdx, 16(%r13)\n	mov %rbx, 24(%r13)\n"
        "	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbp\n	pop %rbx\n	ret\n"
        ".section .note.GNU-stack,\"\",@progbits\n"
        ".text\n");

static uint64_t seed;

/* xorshift64*, so that a seed means the same everywhere. */
static uint64_t random64(void) {
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dull;
}

/* Values that carries and signs turn on are as frequent as any. */
static uint64_t random_value(void) {
	static const uint64_t edges[] = {0,
	                                 1,
	                                 0x7f,
	                                 0x80,
	                                 0xff,
	                                 0x7fff,
	                                 0x8000,
	                                 0xffff,
	                                 0x7fffffff,
	                                 0x80000000,
	                                 0xffffffff,
	                                 0x7fffffffffffffff,
	                                 0x8000000000000000,
	                                 ~0ull};
	uint64_t r = random64();

	return r & 1 ? edges[(r >> 8) % (sizeof(edges) / sizeof(edges[0]))] : random64();
}

enum shape {
	RM_REG,  /* modrm names memory and a register */
	RM_ONLY, /* modrm's register field is part of the opcode */
	RM_IMM8,
	RM_IMM, /* 1, 2 or 4 bytes by operand size */
	RM_BIT, /* as RM_REG, and the register is a bit number inside the operand */
};

struct form {
	uint8_t opcode[2]; /* two-byte opcodes begin with 0x0f */
	uint8_t extension; /* of RM_ONLY and RM_IMM* */
	enum shape shape;
	bool is_byte;         /* operands are bytes: no operand-size prefix */
	bool has_byte_memory; /* and no high registers are special (MOVZX) */
	uint64_t flags;       /* that are defined */
};

#define ALU(base, flags)                                                                                               \
	{{base}, 0, RM_REG, true, false, flags}, {{base + 1}, 0, RM_REG, false, false, flags},                         \
	    {{base + 2}, 0, RM_REG, true, false, flags}, {{base + 3}, 0, RM_REG, false, false, flags},                 \
	    {{0x80}, base / 8, RM_IMM8, true, false, flags}, {{0x81}, base / 8, RM_IMM, false, false, flags}, {        \
		{0x83}, base / 8, RM_IMM8, false, false, flags                                                         \
	}
#define BIT_TEST(opcode, extension)                                                                                    \
	{{0x0f, opcode}, 0, RM_BIT, false, false, CF}, { {0x0f, 0xba}, extension, RM_IMM8, false, false, CF }

static const struct form forms[] = {
    ALU(0x00, ALL),
    ALU(0x08, ALL & ~AF),
    ALU(0x10, ALL),
    ALU(0x18, ALL),
    ALU(0x20, ALL & ~AF),
    ALU(0x28, ALL),
    ALU(0x30, ALL & ~AF),
    ALU(0x38, ALL),
    BIT_TEST(0xa3, 4),
    BIT_TEST(0xab, 5),
    BIT_TEST(0xb3, 6),
    BIT_TEST(0xbb, 7),
    {{0x84}, 0, RM_REG, true, false, ALL & ~AF},
    {{0x85}, 0, RM_REG, false, false, ALL & ~AF},
    {{0xf6}, 0, RM_IMM8, true, false, ALL & ~AF},
    {{0xf7}, 0, RM_IMM, false, false, ALL & ~AF},
    {{0x86}, 0, RM_REG, true, false, ALL},
    {{0x87}, 0, RM_REG, false, false, ALL},
    {{0x88}, 0, RM_REG, true, false, ALL},
    {{0x89}, 0, RM_REG, false, false, ALL},
    {{0x8a}, 0, RM_REG, true, false, ALL},
    {{0x8b}, 0, RM_REG, false, false, ALL},
    {{0xc6}, 0, RM_IMM8, true, false, ALL},
    {{0xc7}, 0, RM_IMM, false, false, ALL},
    {{0xf6}, 2, RM_ONLY, true, false, ALL},
    {{0xf7}, 2, RM_ONLY, false, false, ALL},
    {{0xf6}, 3, RM_ONLY, true, false, ALL},
    {{0xf7}, 3, RM_ONLY, false, false, ALL},
    {{0xfe}, 0, RM_ONLY, true, false, ALL},
    {{0xff}, 0, RM_ONLY, false, false, ALL},
    {{0xfe}, 1, RM_ONLY, true, false, ALL},
    {{0xff}, 1, RM_ONLY, false, false, ALL},
    {{0x63}, 0, RM_REG, false, true, ALL},
    {{0x0f, 0xb0}, 0, RM_REG, true, false, ALL},
    {{0x0f, 0xb1}, 0, RM_REG, false, false, ALL},
    {{0x0f, 0xb6}, 0, RM_REG, false, true, ALL},
    {{0x0f, 0xb7}, 0, RM_REG, false, true, ALL},
    {{0x0f, 0xbe}, 0, RM_REG, false, true, ALL},
    {{0x0f, 0xbf}, 0, RM_REG, false, true, ALL},
    {{0x0f, 0xc0}, 0, RM_REG, true, false, ALL},
    {{0x0f, 0xc1}, 0, RM_REG, false, false, ALL},
};

struct sample {
	uint8_t code[16];
	unsigned length;
	unsigned bit_register; /* of RM_BIT, else 4 */
	unsigned operand_size; /* in bytes, of word forms */
};

/* The instruction with memory operand [rdi] and a random size and register. */
static struct sample random_sample(const struct form *form) {
	struct sample s = {.bit_register = 4, .operand_size = 4};
	unsigned prefix = form->is_byte ? 0 : (unsigned)(random64() % 3);
	unsigned reg = (unsigned)(random64() % (form->is_byte ? 8 : 4));
	unsigned immediate = form->shape == RM_IMM8 ? 1 : 0;

	if (prefix == 1) {
		s.code[s.length++] = 0x66;
		s.operand_size = 2;
	}
	if (prefix == 2) {
		s.code[s.length++] = 0x48;
		s.operand_size = 8;
	}
	s.code[s.length++] = form->opcode[0];
	if (form->opcode[0] == 0x0f)
		s.code[s.length++] = form->opcode[1];
	if (form->shape == RM_BIT)
		s.bit_register = reg;
	if (form->shape != RM_REG && form->shape != RM_BIT)
		reg = form->extension;
	s.code[s.length++] = (uint8_t)(reg << 3 | 7);
	if (form->shape == RM_IMM)
		immediate = prefix == 1 ? 2 : 4;
	for (unsigned i = 0; i < immediate; i++)
		s.code[s.length++] = (uint8_t)random_value();
	return s;
}

static void fail_at(uint64_t from, const struct sample *s, const char *what) {
	char text[MMIO_BYTES_TEXT_SIZE];

	mmio_bytes_text(s->code, s->length, text);
	fail_msg("seed 0x%" PRIx64 ": %s differs after %s", from, what, text);
}

static void compare_once(const struct form *form, uint8_t *page) {
	uint64_t from = seed;
	struct sample s = random_sample(form);
	uint64_t native[4], gprs[HV_GPR_COUNT] = {0};
	uint64_t native_memory = random_value(), memory = native_memory, old;
	uint64_t native_flags = 0x202 | (random64() & ALL), flags = native_flags;
	uint64_t size_mask;
	struct mmio_access access;

	for (unsigned i = 0; i < 4; i++)
		native[i] = random_value();
	/* CMPXCHG should succeed at times. */
	if (random64() & 1)
		native[0] = native_memory;
	if (s.bit_register < 4)
		native[s.bit_register] &= s.operand_size * 8 - 1;
	memcpy(gprs, native, sizeof(native));

	memcpy(page, s.code, s.length);
	page[s.length] = 0xc3; /* ret */
	run_native(page, native, &native_flags, &native_memory);

	if (mmio_decode(MMIO_MODE_64, s.code, s.length, &access) != MMIO_DECODE_OK)
		fail_at(from, &s, "decoding");
	if (access.length != s.length)
		fail_at(from, &s, "length");
	size_mask = access.size == 8 ? ~0ull : (1ull << access.size * 8) - 1;
	old = mmio_reads(&access, false) ? memory & size_mask : 0xdeadbeefdeadbeef;
	if (mmio_writes(&access, true))
		memory = (memory & ~size_mask) | mmio_write_value(&access, old, gprs, flags);
	if (mmio_finish(&access, old, gprs, &flags) != s.length)
		fail_at(from, &s, "advance");
	if (memory != native_memory)
		fail_at(from, &s, "memory");
	if (memcmp(gprs, native, sizeof(native)) != 0)
		fail_at(from, &s, "a register");
	if ((flags ^ native_flags) & form->flags)
		fail_at(from, &s, "a flag");
	if ((flags ^ native_flags) & ~ALL)
		fail_at(from, &s, "a flag that is none of arithmetic's");
}

static void every_form_does_what_the_processor_does(void **state) {
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *given = getenv("SEED");

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15ull | 1;
	for (unsigned i = 0; i < ROUNDS; i++)
		compare_once(&forms[i % (sizeof(forms) / sizeof(forms[0]))], page);
	munmap(page, 4096);
}

static struct mmio_access decode(enum mmio_mode mode, const char *bytes, size_t count) {
	struct mmio_access access;

	assert_int_equal(mmio_decode(mode, (const uint8_t *)bytes, count, &access), MMIO_DECODE_OK);
	return access;
}
#define DECODE(mode, bytes) decode(mode, bytes, sizeof(bytes) - 1)

static void narrow_writes_keep_the_rest_of_a_register(void **state) {
	static const struct {
		const char *bytes;
		size_t count;
		uint64_t rax;
	} rows[] = {
	    {"\x8a\x07", 2, 0x11111111111111ff},     /* mov al, [rdi] */
	    {"\x8a\x27", 2, 0x111111111111ff11},     /* mov ah, [rdi] */
	    {"\x66\x8b\x07", 3, 0x111111111111eeff}, /* mov ax, [rdi] */
	    {"\x8b\x07", 2, 0x00000000ccddeeff},     /* mov eax, [rdi] */
	    {"\x48\x8b\x07", 3, 0x8899aabbccddeeff}, /* mov rax, [rdi] */
	    {"\x0f\xb6\x07", 3, 0x00000000000000ff}, /* movzx eax, byte */
	    {"\x48\x0f\xbe\x07", 4, ~0ull},          /* movsx rax, byte */
	    {"\x0f\xbe\x07", 3, 0x00000000ffffffff}, /* movsx eax, byte */
	    {"\x48\x63\x07", 3, 0xffffffffccddeeff}, /* movsxd rax, dword */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t gprs[HV_GPR_COUNT] = {[HV_RAX] = 0x1111111111111111};
		uint64_t flags = 0x246;
		struct mmio_access a = decode(MMIO_MODE_64, rows[i].bytes, rows[i].count);

		assert_int_equal(mmio_finish(&a, 0x8899aabbccddeeff, gprs, &flags), rows[i].count);
		assert_true(gprs[HV_RAX] == rows[i].rax);
		assert_int_equal(flags, 0x246);
	}
}

static void string_steps_move_by_size_direction_and_address_size(void **state) {
	static const struct {
		enum mmio_mode mode;
		const char *bytes;
		size_t count;
		uint64_t flags, rcx;
		uint64_t rsi, rdi, rcx_after; /* RSI and RDI begin at 0xaaaa00000000fffe */
		unsigned advance;
	} rows[] = {
	    /* stosd, forwards and backwards */
	    {MMIO_MODE_64, "\xab", 1, 0, 5, 0xaaaa00000000fffe, 0xaaaa000000010002, 5, 1},
	    {MMIO_MODE_64, "\xab", 1, DF, 5, 0xaaaa00000000fffe, 0xaaaa00000000fffa, 5, 1},
	    /* rep stosq, 2 to go, then the last */
	    {MMIO_MODE_64, "\xf3\x48\xab", 3, 0, 2, 0xaaaa00000000fffe, 0xaaaa000000010006, 1, 0},
	    {MMIO_MODE_64, "\xf3\x48\xab", 3, 0, 1, 0xaaaa00000000fffe, 0xaaaa000000010006, 0, 3},
	    /* lodsw: only RSI */
	    {MMIO_MODE_64, "\x66\xad", 2, 0, 5, 0xaaaa000000010000, 0xaaaa00000000fffe, 5, 2},
	    /* rep movsb with 32-bit addresses clears the upper halves */
	    {MMIO_MODE_64, "\xf3\x67\xa4", 3, 0, 0xffff00000002, 0xffff, 0xffff, 1, 0},
	    /* the same at 16 bits wraps and keeps them */
	    {MMIO_MODE_16, "\xf3\xa5", 2, 0, 0x70001, 0xaaaa000000000000, 0xaaaa000000000000, 0x70000, 2},
	    /* repne repeats too */
	    {MMIO_MODE_32, "\xf2\xa4", 2, 0, 9, 0xffff, 0xffff, 8, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t gprs[HV_GPR_COUNT] = {
		    [HV_RCX] = rows[i].rcx, [HV_RSI] = 0xaaaa00000000fffe, [HV_RDI] = 0xaaaa00000000fffe};
		uint64_t flags = 0x202 | rows[i].flags, before = flags;
		struct mmio_access a = decode(rows[i].mode, rows[i].bytes, rows[i].count);

		assert_int_equal(mmio_finish(&a, 0, gprs, &flags), rows[i].advance);
		assert_true(gprs[HV_RSI] == rows[i].rsi);
		assert_true(gprs[HV_RDI] == rows[i].rdi);
		assert_true(gprs[HV_RCX] == rows[i].rcx_after);
		assert_int_equal(flags, before);
	}
}

static void string_values_go_the_right_way(void **state) {
	uint64_t gprs[HV_GPR_COUNT] = {[HV_RAX] = 0x1122334455667788};
	uint64_t flags = 0x202;
	struct mmio_access stos = DECODE(MMIO_MODE_64, "\x66\xab");
	struct mmio_access movs = DECODE(MMIO_MODE_64, "\xa5");
	struct mmio_access lods = DECODE(MMIO_MODE_64, "\xad");

	(void)state;
	assert_false(mmio_reads(&stos, true));
	assert_true(mmio_writes(&stos, true));
	assert_true(mmio_write_value(&stos, 0, gprs, flags) == 0x7788);
	assert_true(mmio_reads(&movs, false));
	assert_false(mmio_writes(&movs, false));
	assert_false(mmio_reads(&movs, true));
	assert_true(mmio_writes(&movs, true));
	assert_true(mmio_write_value(&movs, 0xffffffff12345678, gprs, flags) == 0x12345678);
	assert_true(mmio_reads(&lods, false));
	assert_false(mmio_writes(&lods, false));
	mmio_finish(&lods, 0xffffffff12345678, gprs, &flags);
	assert_true(gprs[HV_RAX] == 0x12345678);
}

static void movs_finds_its_other_operand(void **state) {
	struct hv_segment_register segment[HV_PAGE_SEGMENT_COUNT] = {
	    [HV_PAGE_ES] = {.base = 0x10000}, [HV_PAGE_DS] = {.base = 0x20000},
	    [HV_PAGE_FS] = {.base = 0x30000}, [HV_PAGE_GS] = {.base = 0xffffff0000000000},
	    [HV_PAGE_CS] = {.base = 0x40000}, [HV_PAGE_SS] = {.base = 0x50000},
	};
	uint64_t gprs[HV_GPR_COUNT] = {[HV_RSI] = 0x1111200001234, [HV_RDI] = 0x2222300005678};
	static const struct {
		enum mmio_mode mode;
		const char *bytes;
		size_t count;
		bool is_write;
		uint64_t gva;
	} rows[] = {
	    {MMIO_MODE_64, "\xa4", 1, false, 0x2222300005678},
	    {MMIO_MODE_64, "\xa4", 1, true, 0x1111200001234},
	    {MMIO_MODE_64, "\x3e\xa4", 2, true, 0x1111200001234}, /* DS: no base */
	    {MMIO_MODE_64, "\x65\xa4", 2, true, 0xffffff0000000000 + 0x1111200001234},
	    {MMIO_MODE_64, "\x65\xa4", 2, false, 0x2222300005678},
	    {MMIO_MODE_64, "\x67\xa4", 2, false, 0x00005678},
	    {MMIO_MODE_32, "\xa4", 1, false, 0x15678},
	    {MMIO_MODE_32, "\xa4", 1, true, 0x21234},
	    {MMIO_MODE_32, "\x64\xa4", 2, true, 0x31234},
	    {MMIO_MODE_32, "\x2e\xa4", 2, true, 0x41234},
	    {MMIO_MODE_32, "\x36\xa4", 2, true, 0x51234},
	    {MMIO_MODE_32, "\x26\xa4", 2, true, 0x11234},
	    {MMIO_MODE_16, "\xa4", 1, true, 0x21234},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mmio_access a = decode(rows[i].mode, rows[i].bytes, rows[i].count);
		uint64_t gva = mmio_movs_gva(&a, rows[i].mode, rows[i].is_write, gprs, segment);

		if (rows[i].mode != MMIO_MODE_64)
			gva &= 0xfffff;
		assert_true(gva == rows[i].gva);
	}
	segment[HV_PAGE_ES].base = 0xfffff000;
	gprs[HV_RDI] = 0x2000;
	struct mmio_access a = DECODE(MMIO_MODE_32, "\xa4");
	assert_true(mmio_movs_gva(&a, MMIO_MODE_32, false, gprs, segment) == 0x1000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_does_what_the_processor_does),
	    cmocka_unit_test(narrow_writes_keep_the_rest_of_a_register),
	    cmocka_unit_test(string_steps_move_by_size_direction_and_address_size),
	    cmocka_unit_test(string_values_go_the_right_way),
	    cmocka_unit_test(movs_finds_its_other_operand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
