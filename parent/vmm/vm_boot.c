/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* ACPI tables, kernel and modules into memory; registers into processor 0. */
#include <hv_abi/boot_info.h>
#include "devices/acpi_pm.h"
#include "devices/acpi_tables.h"
#include "loaders/guest_loader.h"
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/random.h"
#include "vmm/vm_boot.h"

static enum err find_file(const char *name, vm_find_module_t *find_module, struct boot_file *file,
                          struct err_text *text) {
	const struct hv_boot_module *module = find_module(name);

	if (module == NULL)
		return err_set(text, ERR_NOT_FOUND, "the host has no module '%s'", name);
	file->data = (const uint8_t *)(uintptr_t)module->base;
	file->size = module->size;
	file->name = name;
	return ERR_NONE;
}

static enum err find_files(const struct vm_config *config, vm_find_module_t *find_module, struct boot_request *request,
                           struct err_text *text) {
	enum err error = find_file(config->kernel, find_module, &request->kernel, text);

	request->module_count = 0;
	if (error == ERR_NONE && config->initrd[0] != '\0')
		error = find_file(config->initrd, find_module, &request->module[request->module_count++], text);
	for (unsigned i = 0; error == ERR_NONE && i < config->module_count; i++)
		error = find_file(config->module[i], find_module, &request->module[request->module_count++], text);
	return error;
}

static enum err write_acpi_tables(struct vm *vm, const uint8_t *entropy, size_t size, struct err_text *text) {
	struct acpi_config config = {.table_gpa = LAYOUT_ACPI,
	                             .vp_count = vm->config.cpus,
	                             .has_rtc = true,
	                             .has_vmbus = vm->config.has_vmbus,
	                             .entropy = entropy,
	                             .entropy_size = size,
	                             .ram_end = LAYOUT_HIGH_BASE + vm->layout.high_size};
	uint8_t *to = guest_memory_pointer(&vm->memory, LAYOUT_ACPI, LAYOUT_ACPI_SIZE);

	if (to == NULL || acpi_tables_build(&config, to, LAYOUT_ACPI_SIZE) == 0)
		return err_set(text, ERR_RANGE, "the ACPI tables of %u processors do not fit", vm->config.cpus);
	return ERR_NONE;
}

/* Where firmware would be: Linux restarts by a jump to it in real mode when it finds no
 * EFI, and with hardware-reduced ACPI does not try the reset register before. So the
 * register is written from here. */
static enum err write_reset_vector(struct vm *vm) {
	static const uint8_t code[] = {
	    0xb0,
	    ACPI_PM_RESET_VALUE, /* mov al, value */
	    0xba,
	    (ACPI_PM_PORT + ACPI_PM_RESET) & 0xff,
	    (ACPI_PM_PORT + ACPI_PM_RESET) >> 8,
	    0xee, /* mov dx, port; out */
	    0xf4,
	    0xeb,
	    0xfd, /* hlt, for ever */
	};

	return guest_memory_write(&vm->memory, LAYOUT_RESET_VECTOR, code, sizeof(code));
}

#define BOOT_REGISTERS 16u

static struct hv_register_assoc *add(struct hv_register_assoc *next, enum hv_register_name name,
                                     union hv_register_value value) {
	*next = (struct hv_register_assoc){.name = name, .value = value};
	return next + 1;
}

#define U64(v)     ((union hv_register_value){.u128 = {(v), 0}})
#define SEGMENT(v) ((union hv_register_value){.segment = (v)})
#define TABLE(v)   ((union hv_register_value){.table = (v)})

static enum err set_registers(struct vm *vm, const struct boot_state *s, struct err_text *text) {
	struct hv_register_assoc list[BOOT_REGISTERS];
	struct hv_register_assoc *next = list;
	enum hv_status status;

	next = add(next, HV_REGISTER_EFER, U64(s->efer));
	next = add(next, HV_REGISTER_CR4, U64(s->cr4));
	next = add(next, HV_REGISTER_CR3, U64(s->cr3));
	next = add(next, HV_REGISTER_CR0, U64(s->cr0));
	next = add(next, HV_REGISTER_RIP, U64(s->rip));
	next = add(next, HV_REGISTER_RFLAGS, U64(s->rflags));
	for (unsigned i = 0; i < HV_PAGE_SEGMENT_COUNT; i++)
		next = add(next, (enum hv_register_name)(HV_REGISTER_ES + i), SEGMENT(s->segment[i]));
	next = add(next, HV_REGISTER_LDTR, SEGMENT(s->ldtr));
	next = add(next, HV_REGISTER_TR, SEGMENT(s->tr));
	next = add(next, HV_REGISTER_IDTR, TABLE(s->idtr));
	next = add(next, HV_REGISTER_GDTR, TABLE(s->gdtr));
	status = hypercall_set_registers(vm->partition, 0, list, (unsigned)(next - list));
	if (status != HV_STATUS_SUCCESS)
		return err_set(text, ERR_HYPERCALL, "setting the boot registers failed: %s",
		               hypercall_status_text(status));
	for (unsigned i = 0; i < HV_GPR_COUNT; i++)
		vm->vp[0].registers->gpr[i] = s->gpr[i];
	return ERR_NONE;
}

enum err vm_boot(struct vm *vm, vm_find_module_t *find_module, struct err_text *text) {
	uint8_t seed[2 * BOOT_SEED_SIZE]; /* one for the zero page, one for the ACPI table */
	struct boot_request request = {.cmdline = vm->config.cmdline, .rsdp = LAYOUT_RSDP, .seed = seed};
	struct boot_state state;
	enum err error = find_files(&vm->config, find_module, &request, text);

	if (error != ERR_NONE)
		return error;
	if (random_bytes(seed, sizeof(seed)) != ERR_NONE)
		return err_set(text, ERR_STATE, "there is no random seed for the VM: the host has none");
	error = write_acpi_tables(vm, seed + BOOT_SEED_SIZE, BOOT_SEED_SIZE, text);
	if (error == ERR_NONE)
		error = write_reset_vector(vm);
	if (error == ERR_NONE)
		error = guest_loader_load(&request, &vm->layout, &vm->memory, &state, text);
	random_forget(seed, sizeof(seed));
	if (error != ERR_NONE)
		return error;
	return set_registers(vm, &state, text);
}
