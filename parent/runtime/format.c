/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * snprintf and vsnprintf on the C library's integer-only formatter: its own use
 * SSE registers, which would load the extended state of an I/O VP for a log
 * line (architecture.md D2). No floating point, therefore.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* picolibc's formatter without floating point; not declared by its headers. */
int __i_vfprintf(FILE *stream, const char *format, va_list args);

struct buffer_stream {
	FILE file; /* first: put_char gets its address */
	char *next;
	char *end; /* the terminator's place at the latest */
};

static int put_char(char c, FILE *file) {
	struct buffer_stream *b = (struct buffer_stream *)(void *)file;

	if (b->next < b->end)
		*b->next++ = c;
	return (unsigned char)c;
}

int vsnprintf(char *restrict buffer, size_t size, const char *restrict format, va_list args) {
	char none;
	struct buffer_stream b = {.next = size > 0 ? buffer : &none, .end = size > 0 ? buffer + size - 1 : &none};
	int length;

	b.file.flags = __SWR;
	b.file.put = put_char;
	length = __i_vfprintf(&b.file, format, args);
	if (size > 0)
		*b.next = '\0';
	return length;
}

int snprintf(char *restrict buffer, size_t size, const char *restrict format, ...) {
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(buffer, size, format, args);
	va_end(args);
	return length;
}
