/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which volume is which LUN, and the VM's lock around completions. */
#include "vmm/vm_disks.h"

#include <string.h>
#include "storage/disks.h"
#include "vmm/vm.h"
#include "vmm/vm_manager.h"

#define TRANSFER_MAX 0x40000u /* bytes; no less than what a controller passes on */

static void enter(void *context) {
	struct vm *vm = context;

	spinlock_acquire(&vm->lock);
}

/* The manager waits for the disks of a VM that has ended. */
static void leave(void *context) {
	struct vm *vm = context;
	bool is_last = vm->state == VM_STOPPING && vm_disks_are_idle(vm);

	spinlock_release(&vm->lock);
	if (is_last)
		vm_manager_vm_ended();
}

static enum err open_disk(struct vm *vm, unsigned index, struct err_text *text) {
	const struct vm_disk_config *config = &vm->config.disk[index];
	const struct volume_owner owner = {enter, leave, vm};
	struct vm_disks *disks = &vm->disks;
	enum err error = volume_registry_open(disks_registry(), config->volume, config->access, config->copy_size,
	                                      vm->config.name, &owner, &disks->opening[index], text);

	if (error != ERR_NONE)
		return error;
	disks->disk[index] = (struct scsi_disk){
	    .volume = &disks->opening[index]->slice.volume,
	    .transfer_max = TRANSFER_MAX,
	    .is_removable = config->is_removable,
	    .is_cdrom = config->is_cdrom,
	};
	disks->target.lun[index] = &disks->disk[index];
	disks->count = index + 1;
	return ERR_NONE;
}

enum err vm_disks_open(struct vm *vm, struct err_text *text) {
	memset(&vm->disks, 0, sizeof(vm->disks));
	for (unsigned i = 0; i < vm->config.disk_count; i++) {
		enum err error = open_disk(vm, i, text);

		if (error != ERR_NONE) {
			vm_disks_close(vm);
			return error;
		}
	}
	return ERR_NONE;
}

void vm_disks_stop(struct vm *vm) {
	spinlock_acquire(&vm->lock);
	for (unsigned i = 0; i < vm->disks.count; i++)
		volume_slice_stop(&vm->disks.opening[i]->slice);
	spinlock_release(&vm->lock);
}

bool vm_disks_are_idle(const struct vm *vm) {
	for (unsigned i = 0; i < vm->disks.count; i++)
		if (!volume_slice_is_idle(&vm->disks.opening[i]->slice))
			return false;
	return true;
}

void vm_disks_close(struct vm *vm) {
	for (unsigned i = 0; i < vm->disks.count; i++)
		volume_registry_close(disks_registry(), vm->disks.opening[i]);
	memset(&vm->disks, 0, sizeof(vm->disks));
}

struct scsi_target *vm_disks_target(struct vm *vm) {
	return &vm->disks.target;
}
