/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * NVMe controllers: one queue pair per I/O VP where the controller has as many queues
 * and interrupts. What a controller says is judged; one that fails is reset, and what
 * it had is done again; one that stays dead or was pulled ends all requests with
 * VOLUME_GONE. Follows [NVMe 1.4].
 */
#pragma once

#include <hv_abi/boot_info.h>
#include <hv_abi/types.h>
#include "drivers/pci.h"

/* Starts a controller and adds its namespaces as disks. Lines in the log say what was
 * found, or why it is not used. For disks_init. */
void nvme_start(const struct hv_boot_info *info, const struct pci_function *function);

/* For disks_poll. */
void nvme_poll(hv_reference_time_t now);

/* Forgets all controllers and gives their memory back; for tests. */
void nvme_forget(void);
