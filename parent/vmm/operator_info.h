/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What an operator reads of a VM and its guest. Management VP only. */
#pragma once

#include "vmm/vm.h"

typedef void operator_print_t(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* All that is known: processors, memory, disks, VMBus, its channels, what the guest says of
 * itself. */
void operator_info(struct vm *vm, operator_print_t *print);

/* One short phrase for a list of VMs: why it ended, what it waits for while it is stopping, or
 * how its guest is. */
#define OPERATOR_SUMMARY_SIZE VM_END_TEXT_SIZE
void operator_summary(struct vm *vm, char text[OPERATOR_SUMMARY_SIZE]);
