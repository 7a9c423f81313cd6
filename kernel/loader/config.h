/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* loader.conf: which kernel, parent and modules to load. Pure; docs/loader.md has the format. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <hv_abi/boot_info.h>

#define CONFIG_MAX_SIZE  65536u
#define CONFIG_PATH_SIZE 160u

struct config_module {
	char name[HV_BOOT_NAME_SIZE];
	char path[CONFIG_PATH_SIZE];
};
/* Texts are zero-terminated; an empty one was not given. */
struct config {
	char kernel_svm[CONFIG_PATH_SIZE];
	char kernel_vmx[CONFIG_PATH_SIZE];
	char parent[CONFIG_PATH_SIZE];
	uint32_t log_level; /* enum hv_log_level, info if not given */
	uint32_t module_count;
	struct config_module module[HV_BOOT_MAX_MODULES];
};

/* Parses `size` bytes of text. Returns NULL, or what is wrong and what to do,
 * without a full stop; then `config` is unspecified and *line is the number of
 * the offending line, of the last one where the whole file lacks something. */
const char *config_parse(const char *text, size_t size, struct config *config, uint32_t *line)
    __attribute__((warn_unused_result));
