/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The disks of a VM: the volumes that its configuration names, open from before
 * its partition is made until after it is gone, as one SCSI target. Completions of
 * the host's disks come under the VM's lock (storage/volume.h); the last one of a
 * VM that has ended tells the manager. A VM's memory must not be given back while
 * a disk may still write to it: first stop, then wait until idle, then close.
 */
#pragma once

#include <stdbool.h>
#include "config/vm_config.h"
#include "runtime/err.h"
#include "storage/scsi.h"

struct vm;
struct volume_opening;

struct vm_disks {
	unsigned count;
	struct volume_opening *opening[VM_DISKS_MAX];
	struct scsi_disk disk[VM_DISKS_MAX];
	struct scsi_target target;
};

/* Opens all. On error nothing is open and the sentence names the disk; errors as
 * volume_registry_open. Management VP. */
ERR_CHECKED enum err vm_disks_open(struct vm *vm, struct err_text *text);

/* From now on no request reaches a volume; those on their way go on. Management
 * VP, without the VM's lock. */
void vm_disks_stop(struct vm *vm);

/* No request is with a volume. Under the VM's lock, or where nobody submits. */
bool vm_disks_are_idle(const struct vm *vm);

/* Management VP; the disks are idle. */
void vm_disks_close(struct vm *vm);

/* What a storage controller serves; valid while the disks are open, LUN = place in
 * vm.json. */
struct scsi_target *vm_disks_target(struct vm *vm);
