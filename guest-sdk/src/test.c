/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Runs the tests of a guest and counts them. */
#include "guest/test.h"

#include "guest/exit.h"
#include "guest/fault.h"
#include "guest.h"

#define DETAIL_SIZE       160u
#define MULTIBOOT_LOADED  0x2badb002u
#define MULTIBOOT_CMDLINE 0x4u
#define CMDLINE_OFFSET    16u

extern const struct guest_test guest_tests[], guest_tests_end[];

static char detail[DETAIL_SIZE];   /* why the test failed; empty: an exception */
static char other_vp[DETAIL_SIZE]; /* the first failure on another VP */
static bool other_vp_failed;

static void run(void *argument) {
	const struct guest_test *test = argument;

	test->run();
}

/* On VP 0 goes back to guest_run_tests, past whatever guest_try is between. */
static _Noreturn void leave(const char *text) {
	struct guest_vp *vp = guest_vp_self();

	if (guest_cpu_index() != 0) {
		if (!__atomic_test_and_set(&other_vp_failed, __ATOMIC_ACQ_REL))
			guest_format(other_vp, sizeof(other_vp), "VP %u: %s", guest_cpu_index(), text);
		guest_halt();
	}
	if (vp->catch == NULL) { /* outside a test */
		guest_printf("FAIL: the guest itself (%s)\n", text);
		guest_exit(1);
	}
	while (vp->catch->outer != NULL)
		vp->catch = vp->catch->outer;
	guest_format(detail, sizeof(detail), "%s", text);
	guest_catch_throw(vp->catch);
}

_Noreturn void guest_test_fail(const char *format, ...) {
	char text[DETAIL_SIZE];
	va_list args;

	va_start(args, format);
	text_format(text, sizeof(text), format, args);
	va_end(args);
	leave(text);
}

static void describe(const struct guest_fault *f, char *text, size_t size) {
	guest_format(text, size, "exception %llu, error code 0x%llx, at 0x%llx, cr2 0x%llx",
	             (unsigned long long)f->vector, (unsigned long long)f->error_code, (unsigned long long)f->rip,
	             (unsigned long long)f->cr2);
}

_Noreturn void guest_test_exception(const struct guest_fault *fault) {
	char text[DETAIL_SIZE];

	describe(fault, text, sizeof(text));
	leave(text);
}

void guest_expect_equal(uint64_t actual, uint64_t expected, const char *what, const char *file, int line) {
	if (actual != expected)
		guest_test_fail("%s:%d: %s is 0x%llx, not 0x%llx", file, line, what, (unsigned long long)actual,
		                (unsigned long long)expected);
}

const char *guest_command_line(void) {
	const uint32_t *info = (const uint32_t *)(uintptr_t)guest_multiboot_info;

	if (guest_multiboot_magic != MULTIBOOT_LOADED || !(info[0] & MULTIBOOT_CMDLINE))
		return "";
	return (const char *)(uintptr_t)info[CMDLINE_OFFSET / 4];
}

static bool run_one(const struct guest_test *test) {
	struct guest_fault fault;
	bool is_good;

	detail[0] = '\0';
	is_good = guest_try(run, (void *)(uintptr_t)test, &fault);
	if (!is_good && detail[0] == '\0')
		describe(&fault, detail, sizeof(detail));
	if (is_good && __atomic_load_n(&other_vp_failed, __ATOMIC_ACQUIRE)) {
		is_good = false;
		guest_format(detail, sizeof(detail), "%s", other_vp);
	}
	__atomic_clear(&other_vp_failed, __ATOMIC_RELEASE);
	if (is_good)
		guest_printf("PASS: %s\n", test->sentence);
	else
		guest_printf("FAIL: %s (%s)\n", test->sentence, detail);
	return is_good;
}

__attribute__((weak)) int guest_main(void) {
	unsigned passed = 0;
	unsigned failed = 0;

	for (const struct guest_test *test = guest_tests; test < guest_tests_end; test++) {
		if (run_one(test))
			passed++;
		else
			failed++;
	}
	guest_printf("guest: %u passed, %u failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
