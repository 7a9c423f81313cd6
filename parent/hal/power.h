/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Switching the host off, or starting it again: asked for on any VP, done on VP 0 by the firmware's
 * ResetSystem [UEFI 2.10 8.5.1 "Reset System"].
 */
#pragma once

#include <stdbool.h>
#include <hv_abi/boot_info.h>

void power_init(const struct hv_boot_info *info);

/* Says so in the log and tells VP 0. */
void power_off(bool is_restart);

/* VP 0 only. Returns, with a line in the log, if the firmware cannot do it. */
void power_off_now(void);
