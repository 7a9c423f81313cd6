/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Life of a VM's VMBus, and what its guest sends. */
#include <stdlib.h>
#include <string.h>
#include "runtime/events.h"
#include "runtime/log.h"
#include "runtime/time.h"
#include "vmm/deposit.h"
#include "vmm/vm_guid.h"
#include "vmm/vm_manager.h"
#include "vmm/vm_vmbus.h"

/* How long the management VP sleeps between looks at disks that drain. */
#define DRAIN_INTERVAL (HV_REFERENCE_TIME_HZ / 1000)

/* The first connection takes a page of the partition's deposit. */
static enum err connect_messages(struct vm *vm, uint32_t connection_id, struct err_text *text) {
	struct hv_connect_port_in in = {
	    .connection_partition = vm->partition,
	    .connection_id = connection_id,
	    .port_partition = HV_PARTITION_ID_SELF,
	    .port_id = connection_id,
	    .type = HV_PORT_MESSAGE,
	};

	for (;;) {
		enum hv_status status = hypercall_connect_port(&in);
		enum err error;

		if (status == HV_STATUS_SUCCESS)
			return ERR_NONE;
		if (status != HV_STATUS_INSUFFICIENT_MEMORY)
			return err_set(text, ERR_HYPERCALL, "connecting VMBus failed: %s",
			               hypercall_status_text(status));
		error = deposit_more(vm->partition, DEPOSIT_STEP, text);
		if (error != ERR_NONE)
			return error;
	}
}

static enum err offer(struct vm *vm, struct err_text *text) {
	struct vm_vmbus *v = vm->vmbus;

	vmbus_init(&v->server, &vm->memory, vm->vp_count, vm);
	if (vm_services_offer(&v->services, &v->server, vm->config.name) != ERR_NONE)
		return err_set(text, ERR_MEMORY, "VMBus has no channel left");
	return ERR_NONE;
}

enum err vm_vmbus_start(struct vm *vm, struct err_text *text) {
	enum err error;

	if (!vm->config.has_vmbus)
		return ERR_NONE;
	vm->vmbus = calloc(1, sizeof(*vm->vmbus));
	if (vm->vmbus == NULL)
		return err_set(text, ERR_MEMORY, "no memory for VMBus");
	error = connect_messages(vm, VMBUS_MESSAGE_CONNECTION, text);
	if (error == ERR_NONE)
		error = connect_messages(vm, VMBUS_MESSAGE_CONNECTION_4, text);
	if (error == ERR_NONE)
		error = offer(vm, text);
	if (error != ERR_NONE)
		vm_vmbus_end(vm);
	return error;
}

static bool has_disk(const struct scsi_target *target) {
	for (unsigned i = 0; i < SCSI_LUN_COUNT; i++)
		if (target->lun[i] != NULL)
			return true;
	return false;
}

/* One channel per processor, as far as there are enough. */
enum err vm_vmbus_offer_disks(struct vm *vm, const struct scsi_target *target, struct err_text *text) {
	struct hv_guid instance = vm_guid(vm->config.name, "disks");
	unsigned subchannels = vm->vp_count - 1;
	enum err error;

	if (!has_disk(target))
		return ERR_NONE;
	if (vm->vmbus == NULL)
		return err_set(text, ERR_STATE, "the VM has disks and no VMBus to reach them by");
	if (subchannels > STORVSP_SUBCHANNEL_MAX)
		subchannels = STORVSP_SUBCHANNEL_MAX;
	vm->vmbus->disks.target = *target;
	error = storvsp_offer(&vm->vmbus->disks, &vm->vmbus->server, &instance, (uint16_t)subchannels);
	if (error == ERR_STATE)
		return err_set(text, error,
		               "the guest has not given back the controller that was taken away; try again");
	if (error != ERR_NONE)
		return err_set(text, error, "VMBus has no channel left for the disks");
	return ERR_NONE;
}

void vm_vmbus_set_disk(struct vm *vm, uint8_t lun, struct scsi_disk *disk) {
	storvsp_set_disk(&vm->vmbus->disks, lun, disk, time_now());
	parent_signal(0, EVENT_SERVICES);
}

void vm_vmbus_end(struct vm *vm) {
	struct vm_vmbus *v = vm->vmbus;
	bool is_drained;

	if (v == NULL)
		return;
	spinlock_acquire(&vm->lock);
	vmbus_reset(&v->server);
	for (;;) {
		is_drained = v->server.state == VMBUS_DISCONNECTED;
		if (is_drained)
			vm->vmbus = NULL;
		spinlock_release(&vm->lock);
		if (is_drained)
			break;
		(void)hypercall_vp_wait(0, HV_SLOT_NONE, time_now() + DRAIN_INTERVAL);
		spinlock_acquire(&vm->lock);
	}
	free(v);
}

/* The guest may write the page meanwhile only by a processor of the kernel's: it is
 * suspended. Still it is copied once, as any message. */
void vm_vmbus_posted(struct vm *vm, unsigned vp_index) {
	struct vm_vp *vp = &vm->vp[vp_index];
	struct hv_post_message_in posted;
	enum err error;

	memcpy(&posted, vp->intercept->posted, sizeof(posted));
	if (vm->vmbus == NULL || posted.message_type != VMBUS_MESSAGE_TYPE ||
	    posted.payload_size > sizeof(posted.payload))
		return;
	error = vmbus_receive(&vm->vmbus->server, posted.payload, posted.payload_size);
	/* The guest waits a little and posts the same again. */
	if (error == ERR_MEMORY && !vmbus_can_receive(&vm->vmbus->server))
		vp->registers->gpr[HV_RAX] = HV_STATUS_INSUFFICIENT_BUFFERS;
	else if (error != ERR_NONE)
		log_debug("vm %s: a VMBus message was refused: error %u", vm->config.name, error);
}

void vm_vmbus_deliverable(struct vm *vm) {
	if (vm->vmbus != NULL)
		vmbus_flush(&vm->vmbus->server);
}

void vm_vmbus_port(uint32_t port) {
	struct vm *vm = vm_manager_at(port / VMBUS_CHANNEL_COUNT);
	uint32_t relid = port % VMBUS_CHANNEL_COUNT + 1;

	if (vm == NULL)
		return;
	spinlock_acquire(&vm->lock);
	if (vm_is_alive(vm) && vm->vmbus != NULL) {
		const struct storvsp_queue *disks = vm->vmbus->disks.queue;
		const void *device = vm->vmbus->server.channel[relid - 1].device;

		vmbus_signaled(&vm->vmbus->server, relid);
		/* A service that has just become ready is served at once. */
		if (vm->state == VM_RUNNING &&
		    !(device >= (const void *)disks && device <= (const void *)&disks[STORVSP_SUBCHANNEL_MAX]))
			(void)vm_services_poll(vm, time_now());
	}
	spinlock_release(&vm->lock);
}

static const char *device_name(const struct vm_vmbus *v, const void *device) {
	if (device == &v->services.shutdown)
		return "shutdown";
	if (device == &v->services.heartbeat)
		return "heartbeat";
	if (device == &v->services.timesync)
		return "timesync";
	return device == &v->services.kvp ? "kvp" : "disks";
}

static void report_channels(const struct vm_vmbus *v, struct vm_vmbus_report *report) {
	for (unsigned i = 0; i < VMBUS_CHANNEL_COUNT; i++) {
		const struct vmbus_channel *c = &v->server.channel[i];

		if (c->state != VMBUS_CHANNEL_FREE)
			report->channel[report->channel_count++] = (struct vm_vmbus_channel){
			    .name = device_name(v, c->device),
			    .subchannel_index = c->offer.subchannel_index,
			    .state = c->state,
			    .relid = c->relid,
			    .target_vp = c->target_vp,
			};
	}
}

bool vm_vmbus_report(struct vm *vm, struct vm_vmbus_report *report) {
	const struct vm_vmbus *v;

	spinlock_acquire(&vm->lock);
	v = vm_is_alive(vm) ? vm->vmbus : NULL;
	memset(report, 0, sizeof(*report));
	if (v != NULL) {
		report->is_connected = v->server.state == VMBUS_CONNECTED;
		report->version = v->server.version;
		report->health = ic_heartbeat_health(&v->services.heartbeat);
		report->fact_count = v->services.facts.count;
		memcpy(report->fact, v->services.facts.fact, sizeof(report->fact));
		report_channels(v, report);
	}
	spinlock_release(&vm->lock);
	return v != NULL;
}
