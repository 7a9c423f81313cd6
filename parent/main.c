/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The parent's start: VP 0 sets up what all share, the management VP defines
 * and starts the VMs, the other I/O VPs go to their event loops.
 */
#include <stddef.h>
#include <stdlib.h>
#include "config/host_config.h"
#include "drivers/com2.h"
#include "drivers/disks.h"
#include "drivers/pci.h"
#include "hal/polls.h"
#include "hal/power.h"
#include "runtime/events.h"
#include "runtime/exception.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "runtime/random.h"
#include "runtime/time.h"
#include "runtime/vp_local.h"
#include "storage/host_volumes.h"
#include "vmm/com2_view.h"
#include "vmm/event_loop.h"
#include "vmm/operator.h"
#include "vmm/vm_manager.h"

#define SEED_OF_JITTER 1u /* hv_boot_info.seed_quality */
#define SCAN_TIME      (5 * HV_REFERENCE_TIME_HZ)
#define SCAN_INTERVAL  (HV_REFERENCE_TIME_HZ / 100)

/* Called by start.S on every VP. */
_Noreturn void parent_start(const struct hv_boot_info *info, uint32_t vp_index);

static struct host_config host_config;

static void read_host_config(void) {
	const struct hv_boot_module *module = vm_manager_module("host.json");
	struct err_text text;

	host_config_default(&host_config);
	if (module != NULL &&
	    host_config_parse((const char *)(uintptr_t)module->base, module->size, &host_config, &text) != ERR_NONE)
		log_error("host.json: %s", text.text);
}

static void add_disk(struct disk *d, void *context) {
	(void)context;
	host_volumes_add(d->name, &d->volume);
}

static void find_disks(const struct hv_boot_info *info) {
	pci_use_pins(host_config.pci_interrupts == HOST_PCI_PINS);
	disks_init(info);
	disks_for_each(add_disk, NULL);
}

static void set_up(const struct hv_boot_info *info) {
	uint32_t com2_interrupt = HV_MAX_DEVICE_INTERRUPTS;
	struct memory_usage usage;

	log_set_level((enum hv_log_level)info->log_level);
	memory_init(info);
	time_init(info);
	power_init(info);
	if (random_init(info->random_seed, sizeof(info->random_seed)) != ERR_NONE)
		log_error("the loader gave no random seed: no VM can start");
	else if (info->seed_quality <= SEED_OF_JITTER)
		log_warning("the random seed is from timer jitter alone: neither firmware nor "
		            "processor has a generator");
	memory_usage(&usage);
	log_info("%u I/O processors, %llu MiB of memory, %u modules", info->io_vp_count,
	         (unsigned long long)(usage.total_size >> 20), info->module_count);
	vm_manager_init(info, &host_config, operator_power_off);
	host_volumes_init(vm_manager_module);
	read_host_config();
	polls_init(info->io_vp_count);
	find_disks(info);
	com2_view_init(info->io_vp_count);
	if (!com2_init(0, &com2_interrupt))
		com2_interrupt = HV_MAX_DEVICE_INTERRUPTS;
	event_loop_init(info, com2_interrupt);
	for (uint32_t i = 1; i <= info->io_vp_count; i++)
		parent_signal(i, EVENT_START);
}

/* While partition tables are read: waits for a moment, unless it has waited long enough. */
static bool wait_for_disks(void *context) {
	const hv_reference_time_t *end = context;

	(void)hypercall_vp_wait(0, HV_SLOT_NONE, time_now() + SCAN_INTERVAL);
	return time_now() < *end;
}

static void scan_disks(void) {
	hv_reference_time_t end = time_now() + SCAN_TIME;

	volume_registry_scan(host_volumes(), wait_for_disks, &end);
}

static _Noreturn void manage(uint32_t vp_index) {
	scan_disks();
	vm_manager_define_all();
	operator_init(&host_config);
	vm_manager_autostart();
	event_loop_management(vp_index);
}

_Noreturn void parent_start(const struct hv_boot_info *info, uint32_t vp_index) {
	vp_local_init(vp_index, info->event_page[vp_index]);
	if (info->magic != HV_BOOT_INFO_MAGIC || info->version != HV_BOOT_INFO_VERSION)
		parent_die(0x101, 0, "the boot information is of another version");
	if (vp_index == 0)
		set_up(info);
	else
		event_loop_wait_for_start(vp_index);
	if (vp_index == info->io_vp_count)
		manage(vp_index);
	event_loop_io(vp_index);
}
