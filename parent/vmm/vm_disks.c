/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which volume is which LUN, and the VM's lock around completions. */
#include "vmm/vm_disks.h"

#include <stdio.h>
#include <string.h>
#include "runtime/log.h"
#include "storage/host_volumes.h"
#include "vmm/vm.h"
#include "vmm/vm_manager.h"

#define TRANSFER_MAX 0x40000u /* bytes; no less than what a controller passes on */

static void enter(void *context) {
	struct vm *vm = context;

	spinlock_acquire(&vm->lock);
}

static bool is_idle(const struct vm_disks *disks, unsigned lun) {
	return disks->opening[lun] == NULL || volume_slice_is_idle(&disks->opening[lun]->slice);
}

static bool has_left(const struct vm_disks *disks, unsigned lun) {
	return disks->is_leaving[lun] && is_idle(disks, lun);
}

/* The manager waits for the disks of a VM that has ended, and for those that leave. */
static void leave(void *context) {
	struct vm *vm = context;
	bool is_awaited = vm->state == VM_STOPPING && vm_disks_are_idle(vm);

	for (unsigned lun = 0; lun < VM_DISKS_MAX; lun++)
		is_awaited |= has_left(&vm->disks, lun);
	spinlock_release(&vm->lock);
	if (is_awaited)
		vm_manager_vm_ended();
}

enum err vm_disks_open_one(struct vm *vm, unsigned lun, const struct vm_disk_config *config, struct err_text *text) {
	const struct volume_owner owner = {enter, leave, vm};
	struct vm_disks *disks = &vm->disks;
	struct volume_opening *opening;
	enum err error = volume_registry_open(host_volumes(), config->volume, config->access, config->copy_size,
	                                      vm->config.name, &owner, &opening, text);

	if (error != ERR_NONE)
		return error;
	spinlock_acquire(&vm->lock);
	disks->opening[lun] = opening;
	disks->disk[lun] = (struct scsi_disk){
	    .volume = &opening->slice.volume,
	    .transfer_max = TRANSFER_MAX,
	    .is_removable = config->is_removable,
	    .is_cdrom = config->is_cdrom,
	};
	disks->target.lun[lun] = &disks->disk[lun];
	disks->count++;
	spinlock_release(&vm->lock);
	return ERR_NONE;
}

enum err vm_disks_open(struct vm *vm, struct err_text *text) {
	memset(&vm->disks, 0, sizeof(vm->disks));
	for (unsigned i = 0; i < vm->config.disk_count; i++) {
		enum err error = ERR_NONE;

		if (vm->config.disk[i].volume[0] != '\0')
			error = vm_disks_open_one(vm, i, &vm->config.disk[i], text);
		if (error != ERR_NONE) {
			vm_disks_close(vm);
			return error;
		}
	}
	return ERR_NONE;
}

/* Commands that found the disk hold on to it, so it stays until its volume is idle. */
void vm_disks_take_away(struct vm *vm, unsigned lun) {
	volume_slice_stop(&vm->disks.opening[lun]->slice);
	vm->disks.is_leaving[lun] = true;
	vm->disks.target.lun[lun] = NULL;
}

static void close_one(struct vm *vm, unsigned lun) {
	struct volume_opening *opening = vm->disks.opening[lun];

	spinlock_acquire(&vm->lock);
	vm->disks.opening[lun] = NULL;
	vm->disks.is_leaving[lun] = false;
	vm->disks.count--;
	spinlock_release(&vm->lock);
	log_info("vm %s has given back %s", vm->config.name, opening->name);
	volume_registry_close(host_volumes(), opening);
}

void vm_disks_reap(struct vm *vm) {
	for (unsigned lun = 0; lun < VM_DISKS_MAX; lun++) {
		bool is_over;

		/* No lock of a VM whose disks stay. */
		if (!vm->disks.is_leaving[lun])
			continue;
		spinlock_acquire(&vm->lock);
		is_over = has_left(&vm->disks, lun);
		spinlock_release(&vm->lock);
		if (is_over)
			close_one(vm, lun);
	}
}

void vm_disks_stop(struct vm *vm) {
	spinlock_acquire(&vm->lock);
	for (unsigned i = 0; i < VM_DISKS_MAX; i++)
		if (vm->disks.opening[i] != NULL)
			volume_slice_stop(&vm->disks.opening[i]->slice);
	spinlock_release(&vm->lock);
}

bool vm_disks_are_idle(const struct vm *vm) {
	for (unsigned i = 0; i < VM_DISKS_MAX; i++)
		if (!is_idle(&vm->disks, i))
			return false;
	return true;
}

void vm_disks_in_flight(const struct vm *vm, unsigned lun, char text[VM_DISKS_TEXT_SIZE]) {
	unsigned total = 0, disks = 0;
	const char *name = "";

	for (unsigned i = 0; i < VM_DISKS_MAX; i++) {
		const struct volume_opening *o = vm->disks.opening[i];
		unsigned count =
		    o == NULL || (lun != VM_DISKS_MAX && lun != i) ? 0 : volume_slice_outstanding(&o->slice);

		if (count == 0)
			continue;
		name = disks++ == 0 ? o->name : name;
		total += count;
	}
	text[0] = '\0';
	if (total > 0)
		(void)snprintf(text, VM_DISKS_TEXT_SIZE, "%u request%s of %s%s in flight", total, total == 1 ? "" : "s",
		               name, disks > 1 ? " and others" : "");
}

void vm_disks_close(struct vm *vm) {
	for (unsigned i = 0; i < VM_DISKS_MAX; i++)
		if (vm->disks.opening[i] != NULL)
			volume_registry_close(host_volumes(), vm->disks.opening[i]);
	memset(&vm->disks, 0, sizeof(vm->disks));
}

struct scsi_target *vm_disks_target(struct vm *vm) {
	return &vm->disks.target;
}
