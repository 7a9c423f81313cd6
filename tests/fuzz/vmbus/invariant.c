/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A broken invariant is a crash that the fuzzer sees. */
#include "runtime/invariant.h"

#include <stdlib.h>

_Noreturn void invariant_failed(const char *condition, const char *file, int line) {
	(void)condition;
	(void)file;
	(void)line;
	abort();
}
