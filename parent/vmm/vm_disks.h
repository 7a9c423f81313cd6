/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The disks of a VM: the volumes that its configuration names, open from before
 * its partition is made until after it is gone, as one SCSI target; a LUN is a place in
 * the configuration. Completions of the host's disks come under the VM's lock
 * (storage/volume.h); the last one that somebody waits for tells the manager. A VM's memory
 * must not be given back while a disk may still write to it: first stop, then wait until
 * idle, then close. The same for one disk: take it away, and its volume is given back by
 * vm_disks_reap when nothing is in flight. Changes while the VM runs: vm_disk_change.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "config/vm_config.h"
#include "runtime/err.h"
#include "storage/scsi.h"

struct vm;
struct volume_opening;

struct vm_disks {
	unsigned count;                               /* open, those that leave too */
	struct volume_opening *opening[VM_DISKS_MAX]; /* by LUN; NULL: none */
	bool is_leaving[VM_DISKS_MAX];                /* taken away, not closed yet */
	struct scsi_disk disk[VM_DISKS_MAX];
	struct scsi_target target;
};

/* Opens all. On error nothing is open and the sentence names the disk; errors as
 * volume_registry_open. Management VP. */
ERR_CHECKED enum err vm_disks_open(struct vm *vm, struct err_text *text);

/* The same for one LUN, which has none, of what `config` says. It is in the target at once.
 * Management VP, without the VM's lock. */
ERR_CHECKED enum err vm_disks_open_one(struct vm *vm, unsigned lun, const struct vm_disk_config *config,
                                       struct err_text *text);

/* The LUN has a disk, which does not leave. From now on no request reaches its volume, and
 * it is not in the target. Management VP; the VM's lock is held. */
void vm_disks_take_away(struct vm *vm, unsigned lun);

/* Closes what was taken away and is idle. Management VP, without the VM's lock. */
void vm_disks_reap(struct vm *vm);

/* From now on no request reaches a volume; those on their way go on. Management
 * VP, without the VM's lock. */
void vm_disks_stop(struct vm *vm);

/* No request is with a volume. Under the VM's lock, or where nobody submits. */
bool vm_disks_are_idle(const struct vm *vm);

/* What is in flight, of the LUN or (VM_DISKS_MAX) of all: "2 requests of label:root in
 * flight"; empty if nothing is. Management VP. */
#define VM_DISKS_TEXT_SIZE 180u
void vm_disks_in_flight(const struct vm *vm, unsigned lun, char text[VM_DISKS_TEXT_SIZE]);

/* Management VP; the disks are idle. */
void vm_disks_close(struct vm *vm);

/* What a storage controller serves; valid while the disks are open. */
struct scsi_target *vm_disks_target(struct vm *vm);
