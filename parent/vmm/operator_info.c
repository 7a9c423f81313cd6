/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Words for the states of a VM's VMBus. */
#include <stdio.h>
#include "storage/volume_registry.h"
#include "vmm/operator_info.h"
#include "vmm/vm_vmbus.h"

/* Too large for a stack, and the management VP is one. */
static struct vm_vmbus_report report;

static const char *health_text(enum ic_heartbeat_health health) {
	switch (health) {
	case IC_HEARTBEAT_UNKNOWN:
		break;
	case IC_HEARTBEAT_ALIVE:
		return "heartbeat";
	case IC_HEARTBEAT_LOST:
		return "heartbeat lost";
	}
	return "no heartbeat yet";
}

static const char *channel_text(enum vmbus_channel_state state) {
	switch (state) {
	case VMBUS_CHANNEL_FREE:
	case VMBUS_CHANNEL_WAITING:
		break;
	case VMBUS_CHANNEL_OFFERED:
		return "offered";
	case VMBUS_CHANNEL_OPENING:
		return "opening";
	case VMBUS_CHANNEL_OPEN:
		return "open";
	case VMBUS_CHANNEL_CLOSING:
		return "closing";
	case VMBUS_CHANNEL_RELEASED:
		return "not wanted";
	}
	return "not offered yet";
}

static void vmbus_text(char *text, size_t size) {
	if (report.is_connected)
		snprintf(text, size, "VMBus %u.%u, %s", report.version >> 16, report.version & 0xffff,
		         health_text(report.health));
	else
		snprintf(text, size, "VMBus not connected");
}

static void show_channels(operator_print_t *print) {
	for (unsigned i = 0; i < report.channel_count; i++) {
		const struct vm_vmbus_channel *c = &report.channel[i];

		print("  channel %-3u %-10s %s", c->relid, c->name, channel_text(c->state));
		if (c->subchannel_index > 0)
			print(", subchannel %u", c->subchannel_index);
		if (c->state == VMBUS_CHANNEL_OPEN)
			print(", processor %u", c->target_vp);
		print("\n");
	}
}

static void show_disks(const struct vm *vm, operator_print_t *print) {
	char in_flight[VM_DISKS_TEXT_SIZE];

	for (unsigned lun = 0; lun < VM_DISKS_MAX; lun++) {
		const struct vm_disk_config *d = &vm->config.disk[lun];

		if (lun < vm->config.disk_count && d->volume[0] != '\0')
			print("  LUN %u       %s, %s\n", lun, d->volume, volume_access_name(d->access));
		vm_disks_in_flight(vm, lun, in_flight);
		if (vm->disks.is_leaving[lun])
			print("  LUN %u       is being detached: %s\n", lun, in_flight);
	}
}

void operator_info(struct vm *vm, operator_print_t *print) {
	char text[64];

	print("%s: %s, %u cpus, %llu MiB\n", vm->config.name, vm_state_name(vm->state), vm->config.cpus,
	      (unsigned long long)(vm->config.memory_size >> 20));
	show_disks(vm, print);
	if (!vm_vmbus_report(vm, &report)) {
		if (vm_is_alive(vm))
			print("no VMBus\n");
		return;
	}
	vmbus_text(text, sizeof(text));
	print("%s\n", text);
	show_channels(print);
	for (unsigned i = 0; i < report.fact_count; i++)
		print("  %s: %s\n", report.fact[i].key, report.fact[i].value);
}

void operator_summary(struct vm *vm, char text[OPERATOR_SUMMARY_SIZE]) {
	_Static_assert(OPERATOR_SUMMARY_SIZE >= VM_DISKS_TEXT_SIZE, "what is in flight is a summary");
	text[0] = '\0';
	if (vm->state == VM_STOPPING)
		vm_disks_in_flight(vm, VM_DISKS_MAX, text);
	else if (vm->state == VM_STOPPED || vm->state == VM_CRASHED)
		vm_end_text(&vm->reason, text);
	else if (vm_vmbus_report(vm, &report) && report.is_connected)
		vmbus_text(text, OPERATOR_SUMMARY_SIZE);
}
