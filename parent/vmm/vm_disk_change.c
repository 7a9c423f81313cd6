/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* All that a change can be refused for, then the change. */
#include "vmm/vm_disk_change.h"

#include <stdio.h>
#include <string.h>
#include "storage/host_volumes.h"
#include "vmm/vm_vmbus.h"

static bool has_config(const struct vm *vm, unsigned lun) {
	return lun < vm->config.disk_count && vm->config.disk[lun].volume[0] != '\0';
}

static enum err judge(const struct vm *vm, unsigned lun, struct err_text *text) {
	if (lun >= VM_DISKS_MAX)
		return err_set(text, ERR_RANGE, "LUN %u is out of range: a VM has LUNs 0 to %u", lun, VM_DISKS_MAX - 1);
	if (vm->state == VM_STOPPING)
		return err_set(text, ERR_STATE, "VM '%s' is stopping, and its disks stay until it has: try again then",
		               vm->config.name);
	if (!vm->config.has_vmbus)
		return err_set(text, ERR_STATE, "VM '%s' has no VMBus to reach disks by; see \"vmbus\" in its vm.json",
		               vm->config.name);
	return ERR_NONE;
}

static enum err judge_leaving(const struct vm *vm, unsigned lun, struct err_text *text) {
	char in_flight[VM_DISKS_TEXT_SIZE];

	if (!vm->disks.is_leaving[lun])
		return ERR_NONE;
	vm_disks_in_flight(vm, lun, in_flight);
	return err_set(text, ERR_STATE, "LUN %u of '%s' is being detached: %s; try again when that has ended", lun,
	               vm->config.name, in_flight[0] == '\0' ? "nothing is in flight any more" : in_flight);
}

static void remember(struct vm *vm, unsigned lun, const struct vm_disk_config *disk) {
	struct vm_config *config = &vm->config;

	while (config->disk_count <= lun)
		config->disk[config->disk_count++].volume[0] = '\0';
	config->disk[lun] = *disk;
}

static void forget(struct vm *vm, unsigned lun) {
	struct vm_config *config = &vm->config;

	config->disk[lun].volume[0] = '\0';
	while (config->disk_count > 0 && config->disk[config->disk_count - 1].volume[0] == '\0')
		config->disk_count--;
}

/* Nobody runs that could use it: only the name, the access and who else has it are tried. */
static enum err try_volume(const struct vm *vm, const struct vm_disk_config *disk, struct err_text *text) {
	struct volume_opening *opening;
	enum err error = volume_registry_open(host_volumes(), disk->volume, disk->access, disk->copy_size,
	                                      vm->config.name, NULL, &opening, text);

	if (error == ERR_NONE)
		volume_registry_close(host_volumes(), opening);
	return error;
}

/* The first disk brings its controller with it. */
static enum err plug(struct vm *vm, unsigned lun, struct err_text *text) {
	struct storvsp *controller = &vm->vmbus->disks;

	if (!storvsp_is_offered(controller) || controller->queue[0].channel == NULL ||
	    controller->queue[0].channel->is_rescinded)
		return vm_vmbus_offer_disks(vm, vm_disks_target(vm), text);
	vm_vmbus_set_disk(vm, (uint8_t)lun, &vm->disks.disk[lun]);
	return ERR_NONE;
}

static enum err attach_alive(struct vm *vm, unsigned lun, const struct vm_disk_config *disk, struct err_text *text) {
	enum err error = vm_disks_open_one(vm, lun, disk, text);

	if (error != ERR_NONE)
		return error;
	spinlock_acquire(&vm->lock);
	if (vm_is_alive(vm))
		error = plug(vm, lun, text);
	if (error != ERR_NONE)
		vm_disks_take_away(vm, lun);
	spinlock_release(&vm->lock);
	if (error != ERR_NONE)
		vm_disks_reap(vm);
	return error;
}

enum err vm_disk_attach(struct vm *vm, unsigned lun, const struct vm_disk_config *disk, struct err_text *text) {
	enum err error = judge(vm, lun, text);

	if (error == ERR_NONE)
		error = judge_leaving(vm, lun, text);
	if (error == ERR_NONE && has_config(vm, lun))
		error = err_set(text, ERR_STATE, "LUN %u of '%s' is %s; detach that first, or take another LUN", lun,
		                vm->config.name, vm->config.disk[lun].volume);
	if (error == ERR_NONE)
		error = vm_is_alive(vm) ? attach_alive(vm, lun, disk, text) : try_volume(vm, disk, text);
	if (error == ERR_NONE)
		remember(vm, lun, disk);
	return error;
}

enum err vm_disk_detach(struct vm *vm, unsigned lun, struct err_text *text) {
	enum err error = judge(vm, lun, text);

	if (error == ERR_NONE)
		error = judge_leaving(vm, lun, text);
	if (error == ERR_NONE && !has_config(vm, lun))
		error = err_set(text, ERR_NOT_FOUND, "LUN %u of '%s' has no disk; 'info %s' shows which have", lun,
		                vm->config.name, vm->config.name);
	if (error != ERR_NONE)
		return error;
	forget(vm, lun);
	spinlock_acquire(&vm->lock);
	/* One that ended just now keeps its disks until it is torn down, as `forget` meant it. */
	if (vm_is_alive(vm)) {
		vm_disks_take_away(vm, lun);
		vm_vmbus_set_disk(vm, (uint8_t)lun, NULL);
	}
	spinlock_release(&vm->lock);
	vm_disks_reap(vm);
	return ERR_NONE;
}

static enum err judge_controller(const struct vm *vm, struct err_text *text) {
	const struct storvsp *controller = vm_is_alive(vm) && vm->vmbus != NULL ? &vm->vmbus->disks : NULL;
	const struct vmbus_channel *primary = controller == NULL ? NULL : controller->queue[0].channel;
	char in_flight[VM_DISKS_TEXT_SIZE];

	if (controller == NULL || !storvsp_is_offered(controller))
		return err_set(text, ERR_NOT_FOUND, "VM '%s' has no controller; it gets one with its first disk",
		               vm->config.name);
	if (primary == NULL || primary->is_rescinded)
		return err_set(text, ERR_STATE, "the guest of '%s' is told already and has not given it back yet",
		               vm->config.name);
	for (unsigned lun = 0; lun < VM_DISKS_MAX; lun++)
		if (has_config(vm, lun))
			return err_set(text, ERR_STATE, "LUN %u of '%s' is %s; detach the disks first", lun,
			               vm->config.name, vm->config.disk[lun].volume);
	vm_disks_in_flight(vm, VM_DISKS_MAX, in_flight);
	if (in_flight[0] != '\0')
		return err_set(text, ERR_STATE, "the guest of '%s' waits: %s; try again when that has ended",
		               vm->config.name, in_flight);
	if (storvsp_busy(controller) > 0)
		return err_set(text, ERR_STATE, "the guest of '%s' waits for an answer; try again", vm->config.name);
	return ERR_NONE;
}

enum err vm_disk_detach_controller(struct vm *vm, struct err_text *text) {
	enum err error;

	spinlock_acquire(&vm->lock);
	error = judge_controller(vm, text);
	if (error == ERR_NONE)
		storvsp_rescind(&vm->vmbus->disks);
	spinlock_release(&vm->lock);
	return error;
}
