/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The host's one registry of volumes, and how the disks of drivers come into it. */
#pragma once

#include "storage/volume_registry.h"

/* Before any driver; VP 0. */
void host_volumes_init(volume_find_module_t *find_module);

/* A driver's disk by a short name ("nvme0n1"); the volume never completes inside
 * volume_submit and stays for ever. A disk that finds no place is a line in the log. While
 * the host starts, before volume_registry_scan; one VP. */
void host_volumes_add(const char *name, struct volume *volume);

struct volume_registry *host_volumes(void);
