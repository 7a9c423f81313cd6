/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* How a VM comes to its end, as seen by those who run it. */
#include <stdarg.h>
#include <stdio.h>
#include "vmm/vm.h"

static bool begin_end(struct vm *vm, enum vm_end end) {
	if (vm_state_change(&vm->state, VM_END, NULL) != ERR_NONE)
		return false; /* it has ended already */
	vm->reason.end = end;
	return true;
}

void vm_end(struct vm *vm, enum vm_end end, unsigned status) {
	if (begin_end(vm, end))
		vm->reason.status = status;
}

void vm_crash(struct vm *vm, const char *format, ...) {
	va_list args;

	if (!begin_end(vm, VM_END_CRASH))
		return;
	va_start(args, format);
	vsnprintf(vm->reason.crash.text, sizeof(vm->reason.crash.text), format, args);
	va_end(args);
}
