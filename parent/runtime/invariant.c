/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A broken invariant ends the parent, with the condition as its last words. */
#include <stdint.h>
#include <stdio.h>
#include "runtime/exception.h"
#include "runtime/invariant.h"
#include "runtime/log.h"

_Noreturn void invariant_failed(const char *condition, const char *file, int line) {
	char text[112];

	snprintf(text, sizeof(text), "%s:%d: broken: %s", file, line, condition);
	log_error("%s", text);
	parent_die(0x100, (uint64_t)(uintptr_t)__builtin_return_address(0), text);
}
