/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * check(cond): our own invariants, in every build. A failure is a bug of the
 * kernel and stops the machine; input is never judged by it. And must_use, by which
 * the compiler checks ours.
 */
#pragma once

/* Does not return. The kernel panics; host tests fail the running test. */
_Noreturn void check_failed(const char *condition, const char *file, int line);

/* For results that must not be ignored. */
#define must_use         __attribute__((warn_unused_result))
#define maybe_unused     __attribute__((unused))

#define check(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))
