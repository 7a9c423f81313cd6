/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "runtime/utf16.h"

#include <stdbool.h>

/* The next code point; *text moves behind it. Shortest form only. */
static bool next_utf8(const uint8_t **text, uint32_t *code) {
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *p = *text;
	unsigned more = *p < 0x80 ? 0 : *p < 0xc0 ? 4 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf8 ? 3 : 4;
	uint32_t value = more == 0 ? *p : *p & (0x3fu >> more);

	if (more > 3)
		return false;
	for (unsigned i = 0; i < more; i++) {
		if ((*++p & 0xc0) != 0x80)
			return false;
		value = value << 6 | (*p & 0x3f);
	}
	*text = p + 1;
	*code = value;
	return value >= least[more] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

static void put_unit(uint8_t *to, uint32_t unit) {
	to[0] = (uint8_t)unit;
	to[1] = (uint8_t)(unit >> 8);
}

enum err utf16_encode(const char *text, uint8_t *to, size_t size, uint32_t *used) {
	const uint8_t *p = (const uint8_t *)text;
	size_t at = 0;

	while (*p != 0) {
		uint32_t code;
		size_t need;

		if (!next_utf8(&p, &code))
			return ERR_FORMAT;
		need = code >= 0x10000 ? 4 : 2;
		if (at + need + 2 > size)
			return ERR_RANGE;
		if (need == 4) {
			put_unit(to + at, 0xd800 + ((code - 0x10000) >> 10));
			put_unit(to + at + 2, 0xdc00 + ((code - 0x10000) & 0x3ff));
		} else {
			put_unit(to + at, code);
		}
		at += need;
	}
	if (at + 2 > size)
		return ERR_RANGE;
	put_unit(to + at, 0);
	*used = (uint32_t)at + 2;
	return ERR_NONE;
}

static size_t put_utf8(uint32_t code, uint8_t out[4]) {
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = count; i-- > 1; code >>= 6)
		out[i] = (uint8_t)(0x80 | (code & 0x3f));
	out[0] = (uint8_t)(lead[count] | code);
	return count;
}

enum err utf16_decode(const uint8_t *from, uint32_t used, char *text, size_t size) {
	size_t length = 0;

	if (used % 2 != 0)
		return ERR_FORMAT;
	if (used >= 2 && from[used - 2] == 0 && from[used - 1] == 0)
		used -= 2;
	for (uint32_t at = 0; at < used; at += 2) {
		uint32_t code = from[at] | (uint32_t)from[at + 1] << 8, low;
		uint8_t bytes[4];
		size_t count;

		if (code == 0 || (code >= 0xdc00 && code < 0xe000))
			return ERR_FORMAT;
		if (code >= 0xd800 && code < 0xdc00) {
			at += 2;
			low = at < used ? from[at] | (uint32_t)from[at + 1] << 8 : 0;
			if (low < 0xdc00 || low >= 0xe000)
				return ERR_FORMAT;
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		}
		count = put_utf8(code, bytes);
		if (length + count + 1 > size)
			return ERR_RANGE;
		for (size_t i = 0; i < count; i++)
			text[length++] = (char)bytes[i];
	}
	if (length + 1 > size)
		return ERR_RANGE;
	text[length] = 0;
	return ERR_NONE;
}
