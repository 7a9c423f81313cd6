/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests in a guest: each is a sentence and a body. The SDK's main runs them in
 * order of the source, prints "PASS: sentence" or "FAIL: sentence (detail)" for
 * each, then "guest: N passed, N failed", and leaves by the debug-exit port with
 * 0 or 1. A failed expectation, or an exception that nobody awaits, ends its test
 * and no other.
 *
 *	GUEST_TEST("an unknown MSR faults")
 *	{
 *		expect(!guest_try_rdmsr(0xbad, &value, NULL));
 *	}
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "guest/console.h"

struct guest_test {
	const char *sentence;
	void (*run)(void);
};

#define GUEST_TEST_JOIN_(a, b) a##b
#define GUEST_TEST_JOIN(a, b)  GUEST_TEST_JOIN_(a, b)
#define GUEST_TEST(text)       GUEST_TEST_NAMED(text, GUEST_TEST_JOIN(guest_test_, __LINE__))
#define GUEST_TEST_NAMED(text, name)                                                                                   \
	static void name(void);                                                                                        \
	static const struct guest_test GUEST_TEST_JOIN(name, _entry)                                                   \
	    __attribute__((section(".guest_tests"), used, aligned(8))) = {text, name};                                 \
	static void name(void)

/* Ends the running test as failed. On another VP than 0 it ends that VP, and fails
 * the test when that ends. */
_Noreturn void guest_test_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define expect(condition) ((condition) ? (void)0 : guest_test_fail("%s:%d: %s", __FILE_NAME__, __LINE__, #condition))

/* Both are compared, and shown, as unsigned 64-bit numbers. */
#define expect_equal(actual, expected)                                                                                 \
	guest_expect_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE_NAME__, __LINE__)
void guest_expect_equal(uint64_t actual, uint64_t expected, const char *what, const char *file, int line);

/* The guest's command line as the loader gave it. */
const char *guest_command_line(void);
