/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * VMBus of a running VM: the server with what is offered on it, over the kernel's
 * ports and connections. A guest's message is an intercept; its signal is a bit in the
 * event page of the I/O VP of its processor, at port `place * VMBUS_CHANNEL_COUNT +
 * relid - 1`. Nothing here is told apart from a bit that an earlier VM in the same
 * place left behind: a signal that nobody sent does no harm.
 */
#pragma once

#include "storage/storvsp.h"
#include "vmbus/vmbus.h"
#include "vmm/vm.h"
#include "vmm/vm_services.h"

struct vm_vmbus {
	struct vmbus_server server; /* its context is the VM */
	struct vm_services services;
	struct storvsp disks; /* offered if the VM has disks */
};

/* Management VP, before the VM's first instruction: connects and offers, if the
 * configuration has VMBus. ERR_MEMORY, ERR_HYPERCALL with a sentence, and then nothing is
 * held but the partition's own. */
ERR_CHECKED enum err vm_vmbus_start(struct vm *vm, struct err_text *text);

/* The same, behind vm_vmbus_start: offers a controller with these disks. They outlive
 * vm_vmbus_end; completions of their volumes come under the VM's lock. A target without a
 * disk is not offered. ERR_STATE: the VM has no VMBus, or it has a controller already;
 * ERR_MEMORY. While the VM runs: under its lock. */
ERR_CHECKED enum err vm_vmbus_offer_disks(struct vm *vm, const struct scsi_target *target, struct err_text *text);

/* A LUN of the controller has another disk now, or none (NULL). The VM's lock is held; its
 * controller is offered. */
void vm_vmbus_set_disk(struct vm *vm, uint8_t lun, struct scsi_disk *disk);

/* Management VP, when the VM's processors stand still for good: closes all channels,
 * waits until the disks have let go of the guest's memory, frees all. Without VMBus:
 * nothing. */
void vm_vmbus_end(struct vm *vm);

/* Intercepts; the VM's lock is held. The guest posted a message: what it is to be told
 * is in its RAX. */
void vm_vmbus_posted(struct vm *vm, unsigned vp_index);
/* There may be room for the message that found none. */
void vm_vmbus_deliverable(struct vm *vm);

/* An event port of the parent is set. Any VP, no lock held. */
void vm_vmbus_port(uint32_t port);

/* What an operator wants to know. */
struct vm_vmbus_report {
	bool is_connected;
	uint32_t version;
	enum ic_heartbeat_health health;
	unsigned channel_count;
	struct vm_vmbus_channel {
		const char *name; /* of the device */
		uint16_t subchannel_index;
		enum vmbus_channel_state state;
		uint32_t relid;
		uint32_t target_vp; /* while open */
	} channel[VMBUS_CHANNEL_COUNT];
	unsigned fact_count;
	struct vm_fact fact[VM_FACTS_MAX];
};

/* False: the VM does not run, or has no VMBus. No lock held. */
bool vm_vmbus_report(struct vm *vm, struct vm_vmbus_report *report);
