/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * vm.json: what a VM is made of (docs/vm.schema.json). The file is untrusted;
 * what comes out of the parser satisfies every limit named here. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hv_abi/call_args.h>
#include "runtime/err.h"
#include "storage/volume.h"

#define VM_NAME_SIZE         64u /* [a-z0-9-]{1,63} and the terminating zero */
#define VM_PATH_SIZE         96u /* a file beside the host's, '/' between directories */
#define VM_CMDLINE_SIZE      2048u
#define VM_MODULES_MAX       8u
#define VM_DISKS_MAX         8u
#define VM_VOLUME_SIZE       128u /* "disk:", "label:" or "image:" and a name */
#define VM_CPUS_MAX          HV_MAX_VPS

#define VM_COPY_SIZE_DEFAULT (64ull << 20) /* bytes that a copy on write may take */

/* A named CPU level: which processor features a VM is shown (docs/cpu-levels.md). */
enum cpu_level {
	CPU_LEVEL_X86_64_V2 = 2,
	CPU_LEVEL_X86_64_V3 = 3,
	CPU_LEVEL_HOST = 0xff, /* all that this machine has and the table knows */
};

/* What of the hypervisor's interface a VM is recommended to use (docs/cpu-levels.md). */
enum vm_enlightenments {
	VM_ENLIGHTENMENTS_BASIC, /* time, timers, ends of interrupts */
	VM_ENLIGHTENMENTS_FULL,  /* and calls instead of many IPIs, flushes and spinning */
};

/* A disk; its place in the list is its LUN. */
struct vm_disk_config {
	char volume[VM_VOLUME_SIZE]; /* empty: the operator took the disk away */
	enum volume_access access;   /* read-only unless named */
	uint64_t copy_size;          /* bytes that a copy on write may take; 64 MiB unless named */
	bool is_removable;
	bool is_cdrom; /* then it is read-only */
};

struct vm_config {
	char name[VM_NAME_SIZE];
	unsigned cpus;                         /* 1..VM_CPUS_MAX; 1 unless named */
	uint64_t memory_size;                  /* bytes, as LAYOUT_MEMORY_* allow */
	enum cpu_level cpu_level;              /* "host" unless named */
	enum vm_enlightenments enlightenments; /* "full" unless named */
	char kernel[VM_PATH_SIZE];
	char initrd[VM_PATH_SIZE]; /* empty: none */
	char module[VM_MODULES_MAX][VM_PATH_SIZE];
	unsigned module_count;
	char cmdline[VM_CMDLINE_SIZE]; /* empty unless named */
	struct vm_disk_config disk[VM_DISKS_MAX];
	unsigned disk_count;
	bool has_vmbus;      /* true unless named */
	bool has_debug_exit; /* false unless named, as the two below */
	bool has_fw_cfg;
	bool is_autostarted;
	bool restarts_on_reset; /* "on_reset": "restart", as unless named, or "stop" */
};

/* Reads the JSON text (`size` bytes, no terminator needed). "name", "memory" and
 * "boot"."kernel" are required. ERR_FORMAT for text that is not JSON, an unknown
 * or repeated key, a wrong type; ERR_RANGE for a value that is not allowed;
 * ERR_NOT_FOUND for a required key that is absent. The sentence names the key,
 * the value seen and what is allowed; on error *config is unchanged. */
ERR_CHECKED enum err vm_config_parse(const char *json, size_t size, struct vm_config *config, struct err_text *text);
