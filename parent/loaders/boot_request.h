/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a loader is asked to load: files whose bytes the caller lends for the
 * time of the call, and the command line.
 */
#pragma once

#include <stdint.h>

#define BOOT_SEED_SIZE   32u
#define BOOT_MODULES_MAX 9u /* an initrd and eight modules */

struct boot_file {
	const uint8_t *data;
	uint64_t size;
	const char *name; /* as the configuration spells it; shown to Multiboot guests */
};

struct boot_request {
	struct boot_file kernel;
	struct boot_file module[BOOT_MODULES_MAX]; /* the initrd, if any, comes first */
	unsigned module_count;
	const char *cmdline; /* zero-terminated, never NULL */
	uint64_t rsdp;       /* GPA of the ACPI RSDP, 0: none */
	/* BOOT_SEED_SIZE random bytes for the kernel's generator, or NULL. Only Linux's
	 * own protocol has a place for them. */
	const uint8_t *seed;
};
