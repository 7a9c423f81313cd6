/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: a port that no device claims reads all ones in every width and ignores
 * writes, and so does a wide or string access that begins or ends there.
 */
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>

struct range {
	uint16_t first, last;
};

/* CMOS, debug exit, UART, fw_cfg, power management. */
static const struct range claimed[] = {{0x70, 0x71}, {0xf4, 0xf7}, {0x3f8, 0x3ff}, {0x510, 0x511}, {0x600, 0x602}};

static bool is_claimed(uint32_t port, uint32_t size) {
	for (unsigned i = 0; i < sizeof(claimed) / sizeof(claimed[0]); i++)
		if (port <= claimed[i].last && port + size > claimed[i].first)
			return true;
	return false;
}

GUEST_TEST("every unclaimed port reads 0xff") {
	for (uint32_t port = 0; port <= 0xffff; port++)
		if (!is_claimed(port, 1) && guest_in8((uint16_t)port) != 0xff)
			guest_test_fail("port 0x%x", port);
}

GUEST_TEST("wide reads of unclaimed ports give all ones, up to the last port and past it") {
	for (uint32_t port = 0; port <= 0xffff; port += port < 0x700 || port > 0xfff0 ? 1 : 61) {
		if (is_claimed(port, 4))
			continue;
		if (guest_in16((uint16_t)port) != 0xffff || guest_in32((uint16_t)port) != ~0u)
			guest_test_fail("port 0x%x", port);
	}
}

GUEST_TEST("writes to unclaimed ports do nothing") {
	for (uint32_t port = 0; port <= 0xffff; port += 13) {
		if (is_claimed(port, 4))
			continue;
		guest_out8((uint16_t)port, 0xa5);
		guest_out16((uint16_t)port, 0xa5a5);
		guest_out32((uint16_t)port, 0xa5a5a5a5);
	}
	for (uint32_t port = 0xfff0; port <= 0xffff; port++)
		guest_out32((uint16_t)port, 0);
}

GUEST_TEST("narrow reads leave the upper parts of RAX alone") {
	uint64_t rax = 0x1122334455667788ull;

	__asm__ volatile("inb %%dx, %%al" : "+a"(rax) : "d"(0x80));
	expect_equal(rax, 0x11223344556677ffull);
	rax = 0x1122334455667788ull;
	__asm__ volatile("inw %%dx, %%ax" : "+a"(rax) : "d"(0x80));
	expect_equal(rax, 0x112233445566ffffull);
	rax = 0x1122334455667788ull;
	__asm__ volatile("inl %%dx, %%eax" : "+a"(rax) : "d"(0x80));
	expect_equal(rax, 0xffffffffull);
}

static uint8_t bytes[8192];

GUEST_TEST("string instructions fill memory, forwards and backwards, over pages") {
	uint64_t count = 6000;
	uint8_t *to = bytes + 100;

	__asm__ volatile("cld; rep insb" : "+D"(to), "+c"(count) : "d"(0x80) : "memory");
	expect_equal(count, 0);
	expect_equal((uintptr_t)to, (uintptr_t)bytes + 6100);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		expect_equal(bytes[i], i >= 100 && i < 6100 ? 0xff : 0);
	count = 1000;
	to = bytes + 8188;
	__asm__ volatile("std; rep insl; cld" : "+D"(to), "+c"(count) : "d"(0x80) : "memory");
	expect_equal((uintptr_t)to, (uintptr_t)bytes + 4188);
	expect_equal(bytes[8191], 0xff);
}

GUEST_TEST("a string of zero elements does nothing") {
	uint64_t count = 0;
	uint8_t *to = (uint8_t *)0x123456789000ull; /* unmapped */

	__asm__ volatile("cld; rep insb" : "+D"(to), "+c"(count) : "d"(0x80) : "memory");
	expect_equal((uintptr_t)to, 0x123456789000ull);
}

struct string {
	uint8_t *at;
	uint64_t count;
};

static void insert(void *argument) {
	struct string *s = argument;

	__asm__ volatile("cld; rep insb"
	                 : "=D"(s->at), "=c"(s->count)
	                 : "0"(s->at), "1"(s->count), "d"(0x80)
	                 : "memory");
}

GUEST_TEST("a string instruction to unmapped memory raises #PF at its address") {
	struct string s = {(uint8_t *)0x123456789000ull, 4};
	struct guest_fault fault;

	expect(!guest_try(insert, &s, &fault));
	expect_equal(fault.vector, GUEST_PF);
	expect_equal(fault.cr2, 0x123456789000ull);
	expect_equal(fault.error_code, 2);
	s.at = (uint8_t *)0x8000000000000000ull;
	expect(!guest_try(insert, &s, &fault));
	expect_equal(fault.vector, GUEST_GP);
}

GUEST_TEST("an unclaimed port costs the neighbours nothing: the UART still answers") {
	uint8_t old = guest_in8(0x3ff);

	guest_out8(0x3ff, 0x5a); /* scratch */
	expect_equal(guest_in8(0x3ff), 0x5a);
	guest_out32(0x400, 0xffffffff);
	expect_equal(guest_in16(0x3ff), 0xff5a); /* half of it is the UART's */
	guest_out8(0x3ff, old);
}
