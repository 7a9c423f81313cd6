/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Time of the parent, from its reference TSC page (architecture.md D7). Host
 * tests link a fake. */
#pragma once

#include <stdint.h>
#include <hv_abi/boot_info.h>
#include <hv_abi/types.h>

/* Before the first time_now. */
void time_init(const struct hv_boot_info *info);

/* Reference time of the parent, 100 ns units; the scale of VpWait's deadline. */
hv_reference_time_t time_now(void);

/* 100 ns since 1970, as time_unix. */
uint64_t time_unix_precise(void);

/* Seconds since 1970; counts from 0 at boot where the host has no clock. */
int64_t time_unix(void);
