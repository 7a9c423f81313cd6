/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Formats a line and hands it to the kernel. */
#include <stdarg.h>
#include <stdio.h>
#include "runtime/hypercall.h"
#include "runtime/log.h"

static enum hv_log_level highest = HV_LOG_INFO;

void log_set_level(enum hv_log_level level) { highest = level; }

void log_write(enum hv_log_level level, const char *format, ...) {
	struct hv_write_log_in in = {.level = level};
	/* One more than a line, for the terminator that the kernel does not want. */
	char text[HV_LOG_TEXT_SIZE + 1];
	va_list args;
	int length;

	if (level > highest)
		return;
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length <= 0)
		return;
	in.size = (uint32_t)length < HV_LOG_TEXT_SIZE ? (uint32_t)length : HV_LOG_TEXT_SIZE;
	for (uint32_t i = 0; i < in.size; i++)
		in.text[i] = text[i];
	(void)hypercall_write_log(&in);
}
