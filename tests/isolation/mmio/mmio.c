/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: an address without memory reads all ones and takes no writes, by every
 * form of instruction and up to the last address; code does not run there; RAM
 * on the other side of a move is read and written as usual. The VM has 8 MiB.
 */
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>

#define RAM_END 0x800000ull
#define NOBODY  0xe0000000ull

static volatile void *at(uint64_t address) { return (volatile void *)(uintptr_t)address; }

static void expect_ones(uint64_t address) {
	if (*(volatile uint8_t *)at(address) != 0xff || *(volatile uint16_t *)at(address) != 0xffff ||
	    *(volatile uint32_t *)at(address) != 0xffffffff || *(volatile uint64_t *)at(address) != ~0ull)
		guest_test_fail("address 0x%llx", (unsigned long long)address);
}

GUEST_TEST("addresses without memory read all ones in every width") {
	static const uint64_t odd[] = {RAM_END,    RAM_END + 8, 0x40000000, 0xbffffff8, 0xc0000000, NOBODY,
	                               0xfebffff8, 0xfec01000,  0xfedffff8, 0xfee01000, 0xfffffff8};

	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		expect_ones(odd[i]);
	for (uint64_t a = RAM_END; a < 0xfec00000; a += 0x1fff008)
		expect_ones(a);
}

GUEST_TEST("writes there are dropped") {
	for (uint64_t a = RAM_END; a < 0xfec00000; a += 0x3ffe010) {
		*(volatile uint8_t *)at(a) = 0;
		*(volatile uint16_t *)at(a) = 0;
		*(volatile uint32_t *)at(a) = 0;
		*(volatile uint64_t *)at(a) = 0;
		expect_ones(a);
	}
}

GUEST_TEST("extending loads and arithmetic see all ones and set the flags") {
	uint64_t value = 0;
	uint8_t is_zero, has_carry;

	__asm__ volatile("movzbl (%1), %k0" : "=r"(value) : "r"(NOBODY));
	expect_equal(value, 0xff);
	__asm__ volatile("movsbq (%1), %0" : "=r"(value) : "r"(NOBODY));
	expect_equal(value, ~0ull);
	__asm__ volatile("movswl (%1), %k0" : "=r"(value) : "r"(NOBODY));
	expect_equal(value, 0xffffffff);
	value = 0x0f;
	__asm__ volatile("andl (%1), %k0" : "+r"(value) : "r"(NOBODY));
	expect_equal(value, 0x0f);
	__asm__ volatile("cmpl $-1, (%2); sete %0; setc %1" : "=r"(is_zero), "=r"(has_carry) : "r"(NOBODY));
	expect_equal(is_zero, 1);
	expect_equal(has_carry, 0);
	__asm__ volatile("testb $0x80, (%1); setz %0" : "=r"(is_zero) : "r"(NOBODY));
	expect_equal(is_zero, 0);
	__asm__ volatile("orl $1, (%0); andl $2, (%0); xorl $4, (%0)" : : "r"(NOBODY) : "memory");
	expect_ones(NOBODY);
}

GUEST_TEST("an exchange gives all ones and drops the value") {
	uint64_t value = 0x1234;

	__asm__ volatile("xchgq %0, (%1)" : "+r"(value) : "r"(NOBODY) : "memory");
	expect_equal(value, ~0ull);
	expect_ones(NOBODY);
}

GUEST_TEST("string moves and stores between RAM and no memory") {
	static uint8_t ram[256];
	uint64_t from = NOBODY, to = (uintptr_t)ram, count = 32;

	__asm__ volatile("cld; rep movsq" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
	expect_equal(count, 0);
	for (unsigned i = 0; i < sizeof(ram); i++)
		expect_equal(ram[i], 0xff);
	from = (uintptr_t)ram;
	to = NOBODY;
	count = sizeof(ram);
	__asm__ volatile("cld; rep movsb" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
	expect_equal(from, (uintptr_t)ram + sizeof(ram));
	to = NOBODY;
	count = 16;
	__asm__ volatile("cld; rep stosl" : "+D"(to), "+c"(count) : "a"(0) : "memory");
	expect_equal(to, NOBODY + 64);
	expect_ones(NOBODY);
}

GUEST_TEST("an access that begins in RAM and ends outside is no fault") {
	*(volatile uint32_t *)at(RAM_END - 4) = 0x12345678;
	expect_equal(*(volatile uint32_t *)at(RAM_END - 4), 0x12345678);
	*(volatile uint8_t *)at(RAM_END - 1) = 0x77;
	expect_equal(*(volatile uint8_t *)at(RAM_END - 1), 0x77);
}

static void jump(void *address) { __asm__ volatile("call *%0" : : "r"(address) : "memory"); }

GUEST_TEST("code without memory is undefined") {
	struct guest_fault fault;

	expect(!guest_try(jump, (void *)(uintptr_t)NOBODY, &fault));
	expect_equal(fault.vector, GUEST_UD);
	expect_equal(fault.rip, NOBODY);
}

GUEST_TEST("page tables without memory: everything they map faults, at its address") {
	uint64_t cr3;
	uint64_t *pml4;
	struct guest_fault fault;
	uint8_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	pml4 = (uint64_t *)(uintptr_t)cr3;
	pml4[1] = NOBODY | 3; /* all ones: present, reserved bits set */
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
	if (!guest_try_read8((void *)0x8000000000ull, &value, &fault))
		expect_equal(fault.vector, GUEST_PF);
	pml4[1] = 0;
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}
