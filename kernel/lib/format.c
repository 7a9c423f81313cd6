/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* text_format: the small subset of printf that log lines need. Pure. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/log.h"

struct output {
	char *buffer;
	size_t size;
	size_t length;
};

static void put(struct output *o, char c) {
	if (o->length + 1 < o->size)
		o->buffer[o->length++] = c;
}

static void put_number(struct output *o, uint64_t v, unsigned base, unsigned width, char fill, bool is_negative) {
	char digits[24];
	unsigned n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	if (is_negative && fill == '0')
		put(o, '-');
	for (unsigned pad = n + is_negative; pad < width; pad++)
		put(o, fill);
	if (is_negative && fill != '0')
		put(o, '-');
	while (n > 0)
		put(o, digits[--n]);
}

void text_format(char *buffer, size_t size, const char *format, va_list args) {
	struct output o = {buffer, size, 0};

	for (; *format != '\0'; format++) {
		unsigned width = 0;
		bool is_long = false;
		bool is_negative = false;
		char fill = ' ';
		uint64_t v;

		if (*format != '%') {
			put(&o, *format);
			continue;
		}
		if (*++format == '0')
			fill = '0';
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (unsigned)(*format - '0');
		for (; *format == 'l' || *format == 'z'; format++)
			is_long = true;
		switch (*format) {
		case 'd':
		case 'u':
		case 'x':
			v = is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned);
			if (*format == 'd') {
				int64_t d = is_long ? (int64_t)v : (int)v;

				is_negative = d < 0;
				v = is_negative ? 0 - (uint64_t)d : (uint64_t)d;
			}
			put_number(&o, v, *format == 'x' ? 16 : 10, width, fill, is_negative);
			break;
		case 's':
			for (const char *text = va_arg(args, const char *); *text != '\0'; text++)
				put(&o, *text);
			break;
		case '\0':
			format--;
			break;
		default:
			put(&o, *format);
			break;
		}
	}
	buffer[o.length] = '\0';
}
