/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Lines are collected from the console byte by byte. */
#include <stdio.h>
#include <string.h>
#include "vmm/mux_line.h"
#include "vmm/vm_manager.h"

static bool collect(struct mux_line *m, const struct console *console) {
	char c;

	if (m->position <= console->first)
		m->count = 0; /* the beginning of a line of a VM that is gone */
	while (m->count < MUX_LINE_SIZE) {
		if (console_read(console, &m->position, &c, 1, NULL) == 0)
			return false;
		if (c == '\n')
			return true;
		if (c != '\r')
			m->text[m->count++] = c;
	}
	return true;
}

size_t mux_line_take(struct mux_line *m, const struct console *console, const char *name, bool is_final, char *to,
                     size_t size) {
	int length;

	if (!collect(m, console) && !(is_final && m->count > 0))
		return 0;
	length = snprintf(to, size, "%s| %.*s\r\n", name, (int)m->count, m->text);
	m->count = 0;
	if (length < 0)
		return 0;
	return (size_t)length < size ? (size_t)length : size - 1;
}

struct vm *mux_line_target(char *line, const char **text) {
	char *bar = strchr(line, '|');

	if (bar == NULL)
		return NULL;
	*bar = '\0';
	*text = bar[1] == ' ' ? bar + 2 : bar + 1;
	return vm_manager_find(line);
}
