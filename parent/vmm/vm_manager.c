/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The table of VMs and the commands that change their states. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config/text_rules.h"
#include "runtime/events.h"
#include "runtime/log.h"
#include "vmm/vm_build.h"
#include "vmm/vm_manager.h"
#include "vmm/vm_services.h"
#include "vmm/vm_slots.h"

static const struct hv_boot_info *boot_info;
static const struct host_config *host_config;
static vm_manager_all_ended_t *on_all_ended;
/* Objects stay once they are made; config.name is empty while one is not used. */
static struct vm *vms[VMS_MAX];
static bool has_tried_any; /* a VM was started, or could not be */

void vm_manager_init(const struct hv_boot_info *info, const struct host_config *host,
                     vm_manager_all_ended_t *all_ended) {
	boot_info = info;
	host_config = host;
	on_all_ended = all_ended;
}

const struct hv_boot_module *vm_manager_module(const char *name) {
	for (uint32_t i = 0; i < boot_info->module_count && i < HV_BOOT_MAX_MODULES; i++)
		if (strncmp(boot_info->module[i].name, name, HV_BOOT_NAME_SIZE) == 0)
			return &boot_info->module[i];
	return NULL;
}

struct vm *vm_manager_at(unsigned index) {
	struct vm *vm = __atomic_load_n(&vms[index], __ATOMIC_ACQUIRE);

	return vm != NULL && vm->config.name[0] != '\0' ? vm : NULL;
}

struct vm *vm_manager_find(const char *name) {
	for (unsigned i = 0; i < VMS_MAX; i++) {
		struct vm *vm = vm_manager_at(i);

		if (vm != NULL && strcmp(vm->config.name, name) == 0)
			return vm;
	}
	return NULL;
}

static enum err define(const struct vm_config *config, struct err_text *text) {
	unsigned i = 0;
	struct vm *vm;

	if (vm_manager_find(config->name) != NULL)
		return err_set(text, ERR_STATE, "there is a VM named '%s' already", config->name);
	while (i < VMS_MAX && vm_manager_at(i) != NULL)
		i++;
	if (i == VMS_MAX)
		return err_set(text, ERR_MEMORY, "there are %u VMs already", VMS_MAX);
	vm = vms[i];
	if (vm == NULL) {
		vm = calloc(1, sizeof(*vm));
		if (vm == NULL)
			return err_set(text, ERR_MEMORY, "no memory for another VM");
	}
	spinlock_acquire(&vm->lock);
	vm->place = i;
	vm->state = VM_CREATED;
	vm->partition = HV_PARTITION_ID_INVALID;
	vm->vp_count = 0;
	vm->memory.count = 0;
	vm->config = *config;
	console_reset(&vm->console);
	spinlock_release(&vm->lock);
	__atomic_store_n(&vms[i], vm, __ATOMIC_RELEASE);
	return ERR_NONE;
}

static bool is_vm_file(const char *name) {
	size_t length = strnlen(name, HV_BOOT_NAME_SIZE);

	return length > 8 && length < HV_BOOT_NAME_SIZE && strncmp(name, "vm/", 3) == 0 &&
	       strcmp(name + length - 5, ".json") == 0;
}

enum err vm_manager_create(const char *name, const char *from, struct err_text *text) {
	char module_name[HV_BOOT_NAME_SIZE];
	const struct hv_boot_module *module;
	struct vm_config *config;
	enum err error;

	if (!is_vm_name(name))
		return err_set(text, ERR_FORMAT, "'%s' is no name for a VM: a-z, 0-9 and '-', up to 63", name);
	snprintf(module_name, sizeof(module_name), "vm/%s.json", from);
	module = vm_manager_module(module_name);
	if (module == NULL)
		return err_set(text, ERR_NOT_FOUND, "the host has no module '%s'", module_name);
	config = malloc(sizeof(*config));
	if (config == NULL)
		return err_set(text, ERR_MEMORY, "no memory to read '%s'", module_name);
	error = vm_config_parse((const char *)(uintptr_t)module->base, module->size, config, text);
	if (error == ERR_NONE) {
		snprintf(config->name, sizeof(config->name), "%s", name);
		error = define(config, text);
	}
	free(config);
	return error;
}

void vm_manager_define_all(void) {
	struct vm_config *config = malloc(sizeof(*config));

	for (uint32_t i = 0; config != NULL && i < boot_info->module_count; i++) {
		const struct hv_boot_module *module = &boot_info->module[i];
		struct err_text text;
		enum err error;

		if (!is_vm_file(module->name))
			continue;
		error = vm_config_parse((const char *)(uintptr_t)module->base, module->size, config, &text);
		if (error == ERR_NONE)
			error = define(config, &text);
		if (error != ERR_NONE) {
			log_error("%s: %s", module->name, text.text);
			has_tried_any = true;
		}
	}
	free(config);
}

static void check_all_ended(void) {
	if (!has_tried_any || host_config->on_all_stopped != HOST_POWEROFF)
		return;
	for (unsigned i = 0; i < VMS_MAX; i++) {
		const struct vm *vm = vm_manager_at(i);

		if (vm != NULL && vm_state_holds_resources(vm->state))
			return;
	}
	has_tried_any = false;
	on_all_ended();
}

void vm_manager_autostart(void) {
	for (unsigned i = 0; i < VMS_MAX; i++) {
		struct vm *vm = vm_manager_at(i);
		struct err_text text;

		if (vm == NULL || !vm->config.is_autostarted)
			continue;
		if (vm_manager_start(vm, &text) != ERR_NONE)
			log_error("vm %s did not start: %s", vm->config.name, text.text);
	}
	check_all_ended();
}

/* Processors are made suspended; all but the first then wait for their SIPI. */
static void release_processors(struct vm *vm) {
	for (unsigned i = vm->vp_count; i > 0; i--) {
		struct hv_register_assoc go = {.name = HV_REGISTER_EXPLICIT_SUSPEND};
		enum hv_status status = hypercall_set_registers(vm->partition, i - 1, &go, 1);

		if (status == HV_STATUS_SUCCESS)
			continue;
		spinlock_acquire(&vm->lock);
		vm_crash(vm, "the kernel refused to start processor %u: %s", i - 1, hypercall_status_text(status));
		spinlock_release(&vm->lock);
		vm_manager_reap();
		return;
	}
}

enum err vm_manager_start(struct vm *vm, struct err_text *text) {
	enum vm_state state = vm->state;
	enum err error = vm_state_change(&state, VM_START, text);

	if (error != ERR_NONE)
		return error;
	has_tried_any = true;
	error = vm_build(vm, vm_manager_module, text);
	if (error != ERR_NONE)
		return error;
	error = vm_slots_enter(vm, text);
	if (error != ERR_NONE) {
		vm_halt(vm);
		vm_unbuild(vm);
		return error;
	}
	spinlock_acquire(&vm->lock);
	memset(&vm->reason, 0, sizeof(vm->reason));
	vm->is_to_restart = false;
	vm->state = state;
	spinlock_release(&vm->lock);
	log_info("vm %s started", vm->config.name);
	parent_signal(0, EVENT_SERVICES);
	release_processors(vm);
	return ERR_NONE;
}

enum err vm_manager_stop(struct vm *vm, struct err_text *text) {
	enum err error;

	spinlock_acquire(&vm->lock);
	error = vm_state_change(&vm->state, VM_END, text);
	if (error == ERR_NONE)
		vm->reason.end = VM_END_STOPPED;
	spinlock_release(&vm->lock);
	if (error == ERR_NONE)
		vm_manager_reap();
	return error;
}

enum err vm_manager_reset(struct vm *vm, struct err_text *text) {
	if (!vm_state_holds_resources(vm->state))
		return vm_manager_start(vm, text);
	/* Also one that is stopping: it starts when its disks have let go. */
	vm->is_to_restart = true;
	if (vm->state == VM_STOPPING)
		return ERR_NONE;
	return vm_manager_stop(vm, text);
}

static enum err refused(enum hv_status status, struct err_text *text) {
	return err_set(text, ERR_HYPERCALL, "the kernel refused: %s", hypercall_status_text(status));
}

/* Its time stands still while its processors do, so that it finds no gap. */
enum err vm_manager_pause(struct vm *vm, struct err_text *text) {
	enum hv_status status;
	enum err error;

	spinlock_acquire(&vm->lock);
	error = vm_state_change(&vm->state, VM_PAUSE, text);
	spinlock_release(&vm->lock);
	if (error != ERR_NONE)
		return error;
	status = hypercall_set_property(vm->partition, HV_PROPERTY_SUSPEND, true);
	if (status == HV_STATUS_SUCCESS)
		status = hypercall_set_property(vm->partition, HV_PROPERTY_TIME_FREEZE, true);
	return status == HV_STATUS_SUCCESS ? ERR_NONE : refused(status, text);
}

enum err vm_manager_resume(struct vm *vm, struct err_text *text) {
	enum hv_status status;
	enum err error;

	spinlock_acquire(&vm->lock);
	error = vm_state_change(&vm->state, VM_RESUME, text);
	if (error == ERR_NONE)
		vm_services_time_jumped(vm);
	spinlock_release(&vm->lock);
	if (error != ERR_NONE)
		return error;
	status = hypercall_set_property(vm->partition, HV_PROPERTY_TIME_FREEZE, false);
	if (status == HV_STATUS_SUCCESS)
		status = hypercall_set_property(vm->partition, HV_PROPERTY_SUSPEND, false);
	parent_signal(0, EVENT_SERVICES);
	return status == HV_STATUS_SUCCESS ? ERR_NONE : refused(status, text);
}

enum err vm_manager_delete(struct vm *vm, struct err_text *text) {
	enum err error = ERR_NONE;

	spinlock_acquire(&vm->lock);
	if (vm_state_holds_resources(vm->state))
		error = err_set(text, ERR_STATE, "a VM that is %s cannot be deleted; stop it first",
		                vm_state_name(vm->state));
	else
		vm->config.name[0] = '\0';
	spinlock_release(&vm->lock);
	return error;
}

void vm_manager_type(struct vm *vm, const uint8_t *bytes, size_t count) {
	spinlock_acquire(&vm->lock);
	if (vm->state == VM_RUNNING || vm->state == VM_PAUSED) {
		(void)vm_devices_type(vm, bytes, count);
		vm_devices_deliver(vm);
	}
	spinlock_release(&vm->lock);
}

void vm_manager_vm_ended(void) { parent_signal(boot_info->io_vp_count, EVENT_VM_ENDED); }

/* Whoever ended it may still hold its lock: wait for that, but take no lock of a
 * VM that goes on. */
static bool has_ended(struct vm *vm) {
	if (__atomic_load_n(&vm->state, __ATOMIC_ACQUIRE) != VM_STOPPING)
		return false;
	spinlock_acquire(&vm->lock);
	spinlock_release(&vm->lock);
	return true;
}

/* A disk may still write to the VM's memory; its last completion brings us back. */
static bool has_let_go(struct vm *vm) {
	bool is_idle;

	vm_halt(vm);
	spinlock_acquire(&vm->lock);
	is_idle = vm_disks_are_idle(vm);
	spinlock_release(&vm->lock);
	return is_idle;
}

static void finish(struct vm *vm) {
	bool is_crash = vm->reason.end == VM_END_CRASH;
	char text[VM_END_TEXT_SIZE];

	/* From VM_STOPPING on no other VP touches what is taken apart here. */
	vm_slots_leave(vm);
	vm_unbuild(vm);
	spinlock_acquire(&vm->lock);
	vm->state = is_crash ? VM_CRASHED : VM_STOPPED;
	spinlock_release(&vm->lock);
	vm_end_text(&vm->reason, text);
	log_info("vm %s ended: %s", vm->config.name, text);
}

/* A guest that asked for a reset gets one, as on a real machine. */
static void restart(struct vm *vm) {
	bool is_reset = vm->reason.end == VM_END_RESET && vm->config.restarts_on_reset;
	struct err_text text;

	if (!is_reset && !vm->is_to_restart)
		return;
	if (vm_manager_start(vm, &text) != ERR_NONE)
		log_error("vm %s did not start again: %s", vm->config.name, text.text);
}

void vm_manager_reap(void) {
	bool has_finished = false;

	for (unsigned i = 0; i < VMS_MAX; i++) {
		struct vm *vm = vm_manager_at(i);

		if (vm != NULL)
			vm_disks_reap(vm);
		if (vm != NULL && has_ended(vm) && has_let_go(vm)) {
			finish(vm);
			restart(vm);
			has_finished = true;
		}
	}
	if (has_finished)
		check_all_ended();
}
