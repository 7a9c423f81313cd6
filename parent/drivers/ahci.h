/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * SATA disks behind AHCI controllers, with native command queuing where both have it, else
 * one command at a time. Follows [AHCI 1.3.1] and [ACS-3].
 */
#pragma once

#include <hv_abi/boot_info.h>
#include <hv_abi/types.h>
#include "drivers/pci.h"

/* As nvme_start, nvme_poll and nvme_forget (drivers/nvme.h). */
void ahci_start(const struct hv_boot_info *info, const struct pci_function *function);
void ahci_poll(hv_reference_time_t now);
void ahci_forget(void);
