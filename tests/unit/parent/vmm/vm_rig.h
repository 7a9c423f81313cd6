/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A host with modules and one small VM on the fake kernel: a Multiboot image
 * that does nothing, in a VM of 16 MiB named "box".
 */
#pragma once

#include <hv_abi/boot_info.h>
#include "config/host_config.h"
#include "vmm/vm_manager.h"

#define RIG_SLOT(partition_place, vp) ((partition_place)*64u + (vp))

struct vm_rig {
	struct hv_boot_info info;
	struct host_config host;
	unsigned all_ended; /* how often the host was told to go off */
};
extern struct vm_rig rig;

/* A new host without VMs; cmocka set-up. What an earlier test left is deleted. */
int rig_set_up(void **state);

/* Adds a module; the bytes must outlive the test. */
void rig_module(const char *name, const void *bytes, size_t size);

/* The image module "image" and vm/box.json of this text; NULL: the usual one. */
void rig_box(const char *json);

/* Defines and starts the box. */
struct vm *rig_start(void);

/* Puts an intercept into the page of the box's VP, as the kernel does. */
void rig_intercept(struct vm *vm, unsigned vp, uint32_t type, const void *payload, size_t size);

/* A header as the kernel fills it, for code at `rip`: 64-bit, CPL 0. */
struct hv_intercept_header rig_header(uint64_t rip, unsigned length, enum hv_intercept_access access);

/* Code and paging of the box: 64-bit mode, the first 1 GiB mapped to itself. */
void rig_long_mode(struct vm *vm, unsigned vp);
