/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A host with one fake NVMe controller: what its event loops do. */
#pragma once

#include "drivers/disks.h"
#include "fake/nvme.h"
#include "fake/parent_kernel.h"

extern struct fake_nvme nvme;

/* A fresh kernel, PCI space and controller; nothing is started. */
void nvme_host_reset(void);

/* disks_init on a host of `vp_count` I/O VPs; returns the first disk or NULL. */
struct disk *nvme_host_start(uint32_t vp_count);

/* Serves what has arrived at all VPs. */
void nvme_host_serve(void);

/* Lets time pass, with a disks_poll twice a second. */
void nvme_host_pass(unsigned seconds);

void nvme_host_end(void);
