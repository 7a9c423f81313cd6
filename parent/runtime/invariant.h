/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * invariant(cond): the parent's own invariants, in every build. A failure is a
 * bug of the parent, which then reports its death; input is never judged by it.
 */
#pragma once

_Noreturn void invariant_failed(const char *condition, const char *file, int line);

#define invariant(condition) ((condition) ? (void)0 : invariant_failed(#condition, __FILE__, __LINE__))
