/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Byte by byte, as they come from the serial line. */
#include <string.h>
#include "vmm/line_editor.h"

#define KEY_BACKSPACE 0x08
#define KEY_NEXT      0x0e /* Ctrl-N */
#define KEY_PREVIOUS  0x10 /* Ctrl-P */
#define KEY_KILL      0x15 /* Ctrl-U */
#define KEY_ESCAPE    0x1b
#define KEY_DELETE    0x7f

void line_editor_reset(struct line_editor *e) {
	e->length = 0;
	e->escape = 0;
	e->back = 0;
	e->text[0] = '\0';
}

static void show(struct line_echo *echo, char c) { echo->text[echo->size++] = c; }

static void erase_one(struct line_editor *e, struct line_echo *echo) {
	e->length--;
	show(echo, '\b');
	show(echo, ' ');
	show(echo, '\b');
}

static void erase_all(struct line_editor *e, struct line_echo *echo) {
	while (e->length > 0)
		erase_one(e, echo);
}

static const char *line_back(const struct line_editor *e, unsigned back) {
	return e->history[(e->remembered - back) % LINE_EDITOR_HISTORY];
}

static void remember(struct line_editor *e) {
	if (e->length == 0 || (e->remembered > 0 && strcmp(line_back(e, 1), e->text) == 0))
		return;
	memcpy(e->history[e->remembered++ % LINE_EDITOR_HISTORY], e->text, e->length + 1);
}

/* The line that is `back` lines old instead of what stands there; 0: an empty one. */
static void recall(struct line_editor *e, unsigned back, struct line_echo *echo) {
	unsigned kept = e->remembered < LINE_EDITOR_HISTORY ? e->remembered : LINE_EDITOR_HISTORY;

	if (back > kept)
		return;
	e->back = back;
	erase_all(e, echo);
	if (back == 0)
		return;
	e->length = strlen(line_back(e, back));
	memcpy(e->text, line_back(e, back), e->length);
	memcpy(echo->text + echo->size, e->text, e->length);
	echo->size += e->length;
}

static void go_back(struct line_editor *e, struct line_echo *echo) { recall(e, e->back + 1, echo); }

static void go_forward(struct line_editor *e, struct line_echo *echo) {
	if (e->back > 0)
		recall(e, e->back - 1, echo);
}

/* "ESC [ A" and "ESC [ B" are the arrows [ECMA-48 8.3.22 "CUU", 8.3.19 "CUD"]; any other
 * sequence is taken up to its final byte and means nothing. True: the byte belongs to one. */
static bool is_escaped(struct line_editor *e, uint8_t byte, struct line_echo *echo) {
	if (byte == KEY_ESCAPE) {
		e->escape = 1;
		return true;
	}
	if (e->escape == 0)
		return false;
	if (e->escape == 1 && (byte == '[' || byte == 'O')) {
		e->escape = 2;
		return true;
	}
	if (e->escape == 2 && byte >= '0' && byte <= '?')
		return true;
	if (e->escape == 2 && byte == 'A')
		go_back(e, echo);
	if (e->escape == 2 && byte == 'B')
		go_forward(e, echo);
	e->escape = 0;
	return byte >= ' ';
}

static bool enter(struct line_editor *e, struct line_echo *echo) {
	show(echo, '\n');
	e->text[e->length] = '\0';
	remember(e);
	return true;
}

bool line_editor_feed(struct line_editor *e, uint8_t byte, struct line_echo *echo) {
	bool follows_return = e->had_return;

	echo->size = 0;
	e->had_return = byte == '\r';
	if (is_escaped(e, byte, echo))
		return false;
	switch (byte) {
	case '\n':
		return follows_return ? false : enter(e, echo);
	case '\r':
		return enter(e, echo);
	case KEY_BACKSPACE:
	case KEY_DELETE:
		if (e->length > 0)
			erase_one(e, echo);
		return false;
	case KEY_KILL:
		erase_all(e, echo);
		return false;
	case KEY_PREVIOUS:
		go_back(e, echo);
		return false;
	case KEY_NEXT:
		go_forward(e, echo);
		return false;
	default:
		if (byte >= ' ' && byte < KEY_DELETE && e->length + 1 < LINE_EDITOR_SIZE) {
			e->text[e->length++] = (char)byte;
			show(echo, (char)byte);
		}
		return false;
	}
}
