/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A host with one fake AHCI controller: what its event loops do. */
#pragma once

#include "drivers/disks.h"
#include "fake/ahci.h"
#include "fake/parent_kernel.h"

extern struct fake_ahci ahci;

/* A fresh kernel, PCI space and controller; nothing is started. */
void ahci_host_reset(void);

/* disks_init on a host of two I/O VPs; returns the first disk or NULL. */
struct disk *ahci_host_start(void);

/* Serves what has arrived. */
void ahci_host_serve(void);

/* Lets time pass, with a disks_poll twice a second. */
void ahci_host_pass(unsigned seconds);

void ahci_host_end(void);
