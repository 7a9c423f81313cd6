/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Words become a disk, as vm.json would name it. */
#include "vmm/operator_disks.h"

#include <stdio.h>
#include <string.h>
#include "storage/volume_registry.h"
#include "vmm/vm_disk_change.h"

static enum err read_lun(const char *word, unsigned *lun, struct err_text *text) {
	if (word[0] < '0' || word[0] >= '0' + (int)VM_DISKS_MAX || word[1] != '\0')
		return err_set(text, ERR_FORMAT, "'%.40s' is no LUN; 0 to %u are", word, VM_DISKS_MAX - 1);
	*lun = (unsigned)(word[0] - '0');
	return ERR_NONE;
}

static enum err read_access(const char *word, enum volume_access *access, struct err_text *text) {
	static const enum volume_access all[] = {VOLUME_READ_ONLY, VOLUME_READ_WRITE, VOLUME_COPY_ON_WRITE};

	*access = VOLUME_READ_ONLY;
	if (word[0] == '\0')
		return ERR_NONE;
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*access = all[i];
		if (strcmp(word, volume_access_name(all[i])) == 0)
			return ERR_NONE;
	}
	return err_set(text, ERR_FORMAT, "'%.40s' is no access; ro, rw and cow are", word);
}

void operator_attach(struct vm *vm, const struct operator_command *command, operator_print_t *print) {
	struct vm_disk_config disk = {.copy_size = VM_COPY_SIZE_DEFAULT};
	struct err_text text;
	unsigned lun = 0;
	enum err error = read_lun(command->second, &lun, &text);

	if (error == ERR_NONE)
		error = read_access(command->fourth, &disk.access, &text);
	if (error == ERR_NONE) {
		(void)snprintf(disk.volume, sizeof(disk.volume), "%s", command->third);
		error = vm_disk_attach(vm, lun, &disk, &text);
	}
	if (error == ERR_NONE)
		print("LUN %u of %s is %s, %s\n", lun, vm->config.name, disk.volume, volume_access_name(disk.access));
	else
		print("%s\n", text.text);
}

void operator_detach(struct vm *vm, const struct operator_command *command, operator_print_t *print) {
	bool is_controller = strcmp(command->second, "controller") == 0;
	char in_flight[VM_DISKS_TEXT_SIZE];
	struct err_text text;
	unsigned lun = 0;
	enum err error = is_controller ? ERR_NONE : read_lun(command->second, &lun, &text);

	if (error == ERR_NONE)
		error = is_controller ? vm_disk_detach_controller(vm, &text) : vm_disk_detach(vm, lun, &text);
	if (error != ERR_NONE) {
		print("%s\n", text.text);
		return;
	}
	if (is_controller) {
		print("the guest of %s is told that its controller goes\n", vm->config.name);
		return;
	}
	vm_disks_in_flight(vm, lun, in_flight);
	if (in_flight[0] != '\0')
		print("LUN %u of %s is being detached: %s\n", lun, vm->config.name, in_flight);
	else
		print("LUN %u of %s is detached\n", lun, vm->config.name);
}

void operator_show_stopping(struct vm *vm, operator_print_t *print) {
	char in_flight[VM_DISKS_TEXT_SIZE];

	vm_disks_in_flight(vm, VM_DISKS_MAX, in_flight);
	if (vm->state == VM_STOPPING)
		print("%s is stopping: %s\n", vm->config.name, in_flight);
}
