/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The kernel's log in host tests: shown only with BULKHEAD_TEST_LOG set. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"

void log_write(enum hv_log_level level, const char *format, ...) {
	va_list args;

	if (getenv("BULKHEAD_TEST_LOG") == NULL)
		return;
	fprintf(stderr, "log %d: ", (int)level);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
