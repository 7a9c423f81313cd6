/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Disks that come to a VM and leave it. What changes is the VM's configuration, until it is
 * deleted or the host starts again, and, while the VM lives, its controller: the guest is
 * told to look again (storage/storvsp.h). A volume that leaves is given back when nothing is
 * in flight. Management VP, without the VM's lock. Every error has a sentence, and then
 * nothing has changed.
 */
#pragma once

#include "config/vm_config.h"
#include "runtime/err.h"
#include "vmm/vm.h"

/* ERR_RANGE: no such LUN. ERR_STATE: the LUN has a disk, or one that has not left yet; the VM
 * is stopping, has no VMBus, or its guest still holds the controller that was taken away.
 * ERR_MEMORY: VMBus has no channel left. Else what volume_registry_open says: the volume is
 * opened, for a moment if the VM is off. The controller of a VM that had none is offered. */
ERR_CHECKED enum err vm_disk_attach(struct vm *vm, unsigned lun, const struct vm_disk_config *disk,
                                    struct err_text *text);

/* ERR_RANGE, and ERR_NOT_FOUND: there is no disk. ERR_STATE: it leaves already, or the VM is
 * stopping. */
ERR_CHECKED enum err vm_disk_detach(struct vm *vm, unsigned lun, struct err_text *text);

/* Takes the controller away, which must be without disks and without requests: a stock guest
 * waits for ever for what is in flight when its channel goes. ERR_STATE, ERR_NOT_FOUND: there
 * is none. */
ERR_CHECKED enum err vm_disk_detach_controller(struct vm *vm, struct err_text *text);
