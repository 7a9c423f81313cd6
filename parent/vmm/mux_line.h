/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One VM's part of the combined console: cuts its output into whole lines and
 * names the VM before each; and finds whom a typed line "NAME| text" is for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "vmm/console.h"

#define MUX_LINE_SIZE 240u /* a longer line is shown in parts */

struct vm;

struct mux_line {
	uint64_t position; /* in the VM's console */
	size_t count;
	char text[MUX_LINE_SIZE];
};

/* The next whole line of the console as "NAME| text\r\n", without a terminator;
 * 0 if there is none yet. `is_final`: what is there is a line, even unfinished.
 * `to` has room for name, line and 4 bytes more; carriage returns are left out. */
size_t mux_line_take(struct mux_line *m, const struct console *console, const char *name, bool is_final, char *to,
                     size_t size);

/* The VM that a typed line names, and the text behind "| "; NULL if none. */
struct vm *mux_line_target(char *line, const char **text);
