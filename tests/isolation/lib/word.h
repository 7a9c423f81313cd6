/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The last word of a guest's command line; its first one is the image's name. */
#pragma once

#include <guest/test.h>

static inline const char *command_word(void) {
	const char *word = guest_command_line();

	for (const char *p = word; *p != '\0'; p++)
		if (*p == ' ')
			word = p + 1;
	return word;
}
