/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* err_set: the sentence of an error, formatted by the C library. Pure. */
#include "runtime/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

enum err err_set(struct err_text *text, enum err error, const char *format, ...) {
	if (text != NULL) {
		va_list args;

		va_start(args, format);
		if (vsnprintf(text->text, sizeof(text->text), format, args) < 0)
			text->text[0] = '\0';
		va_end(args);
	}
	return error;
}
