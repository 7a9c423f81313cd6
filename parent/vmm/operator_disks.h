/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The prompt's commands about a VM's disks. Management VP only. */
#pragma once

#include "vmm/operator_command.h"
#include "vmm/operator_info.h"

/* attach NAME LUN VOLUME [ACCESS]; prints what it did, or why not. */
void operator_attach(struct vm *vm, const struct operator_command *command, operator_print_t *print);

/* detach NAME LUN, detach NAME controller; the same. */
void operator_detach(struct vm *vm, const struct operator_command *command, operator_print_t *print);

/* Why a VM that was stopped is still stopping; nothing if it has ended. */
void operator_show_stopping(struct vm *vm, operator_print_t *print);
