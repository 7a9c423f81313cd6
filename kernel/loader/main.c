/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The loader's order of work: processor, configuration, kernel, parent, modules,
 * machine, exit. It does all the parsing, so that the kernel does none; whatever
 * fails ends in one sentence on the console and a return to the firmware.
 * Follows [UEFI 2.10, 4.1 "UEFI Image Entry Point"].
 */
#include <efi.h>

#include "loader/config.h"
#include "loader/features.h"
#include "loader/files.h"
#include "loader/firmware.h"
#include "loader/insn.h"
#include "loader/report.h"
#include "loader/stages.h"
#include "lib/addr.h"
#include "lib/string.h"

#define CONFIG_PATH     "/bulkhead/loader.conf"
#define MODULE_FILE_MAX (64ull << 30)

static struct config config;

static void read_config(void) {
	struct file file = files_read("the configuration", CONFIG_PATH, CONFIG_MAX_SIZE, HANDOFF_MEMORY_USABLE);
	uint32_t line;
	const char *fault = config_parse(file.data, file.size, &config, &line);

	if (fault != NULL)
		fail(EFI_LOAD_ERROR, "%s, line %u: %s", CONFIG_PATH, line, fault);
}

/* The kernel for this processor. */
static const char *choose_kernel(void) {
	struct cpu_facts facts;
	const char *sentence, *path;
	enum features_kernel kernel;

	features_read(&facts);
	kernel = features_judge(&facts, &sentence);
	if (kernel == FEATURES_NONE)
		fail(EFI_UNSUPPORTED, "%s", sentence);
	path = kernel == FEATURES_SVM ? config.kernel_svm : config.kernel_vmx;
	if (path[0] == '\0')
		fail(EFI_UNSUPPORTED, "the processor has %s, but %s names no kernel for it; add kernel-%s=PATH",
		     sentence, CONFIG_PATH, kernel == FEATURES_SVM ? "svm" : "vmx");
	report("the processor has %s, the kernel is %s", sentence, path);
	return path;
}

static void load_modules(struct hv_boot_info *info) {
	for (; info->module_count < config.module_count; info->module_count++) {
		const struct config_module *wanted = &config.module[info->module_count];
		struct hv_boot_module *module = &info->module[info->module_count];
		struct file file = files_read("the module", wanted->path, MODULE_FILE_MAX, HANDOFF_MEMORY_MODULE);

		memcpy(module->name, wanted->name, sizeof(module->name));
		module->base = (uint64_t)file.data;
		module->size = file.size;
	}
}

/* crt0 calls efi_main up to GNU-EFI 3.0.15 and _entry from 3.0.16 on. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *system) __attribute__((alias("efi_main")));

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system) {
	uint64_t boot_tsc = read_tsc(), entry;
	struct handoff *handoff;

	firmware = (struct firmware){image, system, system->BootServices, false};
	/* Reading a large module may take longer than the firmware's watchdog waits. */
	firmware.boot->SetWatchdogTimer(0, 0, 0, NULL);
	report("version %s", BULKHEAD_VERSION);
	handoff =
	    firmware_allocate("the hand-over", sizeof(*handoff), PAGE_SIZE, FIRMWARE_BELOW_4G, HANDOFF_MEMORY_LOADER);
	files_open_volume();
	read_config();
	handoff->magic = HANDOFF_MAGIC;
	handoff->version = HANDOFF_VERSION;
	handoff->size = sizeof(*handoff);
	handoff->boot_tsc = boot_tsc;
	handoff->log_level = config.log_level;
	handoff->parent_info.log_level = config.log_level;
	entry = load_kernel(choose_kernel(), handoff);
	load_parent(config.parent, handoff);
	load_modules(&handoff->parent_info);
	files_close();
	machine_describe(handoff);
	parent_info_fill(handoff);
	report("starting the kernel; %u processors, %u modules", handoff->cpu_count, handoff->parent_info.module_count);
	exit_to_kernel(handoff, entry);
}
