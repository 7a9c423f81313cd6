/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The prompt's line: printable bytes, Backspace, Ctrl-U, Enter, and the lines
 * before it by the arrows up and down or Ctrl-P and Ctrl-N. Pure; what the
 * terminal is to show comes back as text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_EDITOR_SIZE    160u
#define LINE_EDITOR_HISTORY 16u

struct line_editor {
	size_t length;
	bool had_return;             /* the last byte was '\r': an '\n' behind it is the same Enter */
	unsigned escape;             /* bytes of an escape sequence seen so far */
	unsigned back;               /* how many lines back the history is looked at; 0: not at all */
	unsigned remembered;         /* lines ever remembered; the last LINE_EDITOR_HISTORY are there */
	char text[LINE_EDITOR_SIZE]; /* terminated when line_editor_feed returns true */
	char history[LINE_EDITOR_HISTORY][LINE_EDITOR_SIZE];
};

/* What to show: at most the line's length of "\b \b", then a line. */
struct line_echo {
	size_t size;
	char text[4 * LINE_EDITOR_SIZE];
};

/* An empty line; the history stays. A zeroed editor is a new one. */
void line_editor_reset(struct line_editor *e);

/* True when the byte completed a line, which is remembered unless it is empty or
 * the same as the last: take it, then reset. */
bool line_editor_feed(struct line_editor *e, uint8_t byte, struct line_echo *echo);
