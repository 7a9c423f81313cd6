/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Any bytes as loader.conf: what is accepted is complete and terminated. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "loader/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct config config;
	uint32_t line;

	if (config_parse((const char *)data, size, &config, &line) != NULL)
		return 0;
	if (config.parent[0] != '/' || config.log_level > 3 ||
	    (config.kernel_svm[0] != '/' && config.kernel_vmx[0] != '/') || config.module_count > HV_BOOT_MAX_MODULES)
		abort();
	for (uint32_t i = 0; i < config.module_count; i++)
		if (strnlen(config.module[i].name, HV_BOOT_NAME_SIZE) - 1 > HV_BOOT_NAME_SIZE - 2 ||
		    config.module[i].path[0] != '/' ||
		    strnlen(config.module[i].path, CONFIG_PATH_SIZE) == CONFIG_PATH_SIZE)
			abort();
	return 0;
}
