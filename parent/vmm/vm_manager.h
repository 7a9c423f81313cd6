/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * All VMs of the host, by name, and their life: from boot modules vm/NAME.json
 * to the line in the log that says how they ended. Everything here runs on the
 * management VP, so it needs no lock of its own; what other VPs may call says so.
 */
#pragma once

#include <stdbool.h>
#include <hv_abi/boot_info.h>
#include "config/host_config.h"
#include "runtime/err.h"
#include "vmm/vm.h"

#define VMS_MAX 128u

/* Called when the last VM that ran has ended, and the host is to go off. */
typedef void vm_manager_all_ended_t(void);

void vm_manager_init(const struct hv_boot_info *info, const struct host_config *host,
                     vm_manager_all_ended_t *all_ended);

/* Defines a VM for every module vm/NAME.json; what is wrong with one is a line
 * in the log. Then starts those that want it. */
void vm_manager_define_all(void);
void vm_manager_autostart(void);

/* Defines VM `name` by what module vm/FROM.json describes (its own name in there
 * does not count). ERR_NOT_FOUND if there is no such module, ERR_STATE if there is
 * a VM of that name, ERR_FORMAT for what is no name, or what vm_config_parse says. */
ERR_CHECKED enum err vm_manager_create(const char *name, const char *from, struct err_text *text);

/* A module of the host by name, or NULL. Any VP. */
const struct hv_boot_module *vm_manager_module(const char *name);

/* The VM in place `index`, or NULL; places run from 0 to VMS_MAX - 1. Any VP; the
 * object stays valid for ever, the VM may be deleted meanwhile. */
struct vm *vm_manager_at(unsigned index);
/* By name, or NULL. Any VP. */
struct vm *vm_manager_find(const char *name);

/* Each fails with ERR_STATE where the VM's state does not allow it; start also
 * with what vm_build says, and then nothing is held. A VM that was stopped stays in state
 * stopping while its disks carry requests out, and ends when they are done. */
ERR_CHECKED enum err vm_manager_start(struct vm *vm, struct err_text *text);
ERR_CHECKED enum err vm_manager_stop(struct vm *vm, struct err_text *text);
/* Stops and starts again; one that does not run is just started. */
ERR_CHECKED enum err vm_manager_reset(struct vm *vm, struct err_text *text);
ERR_CHECKED enum err vm_manager_pause(struct vm *vm, struct err_text *text);
ERR_CHECKED enum err vm_manager_resume(struct vm *vm, struct err_text *text);
ERR_CHECKED enum err vm_manager_delete(struct vm *vm, struct err_text *text);

/* Types bytes at a VM's console; what finds no space is lost, as on a line. Any
 * VP, no lock held. */
void vm_manager_type(struct vm *vm, const uint8_t *bytes, size_t count);

/* Tells the management VP that a VM has ended, or a disk has left. Any VP, no lock held. */
void vm_manager_vm_ended(void);

/* Tears down what has ended, and gives back disks that left, with the line in the log. */
void vm_manager_reap(void);
