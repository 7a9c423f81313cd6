/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Any bytes as host.json: refused with a sentence and without a change, or taken. */
#include "config/host_config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct host_config config, before;
	struct err_text text = {""};

	memset(&config, 0x5a, sizeof(config));
	before = config;
	if (host_config_parse((const char *)data, size, &config, &text) == ERR_NONE)
		return 0;
	if (text.text[0] == '\0' || memcmp(&config, &before, sizeof(config)) != 0)
		abort();
	for (const char *p = text.text; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			abort(); /* it goes to a terminal */
	}
	return 0;
}
