/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The two loops that the parent's VPs spend their lives in, each around one call
 * (architecture.md D1): I/O VPs serve children and devices, the management VP
 * serves the operator and the life of VMs.
 */
#pragma once

#include <hv_abi/boot_info.h>

/* The device interrupt of COM2, served by I/O VP 0; HV_MAX_DEVICE_INTERRUPTS:
 * there is none. Before the loops start. */
void event_loop_init(const struct hv_boot_info *info, uint32_t com2_interrupt);

/* Waits until VP 0 has set up what all share. */
void event_loop_wait_for_start(uint32_t vp_index);

_Noreturn void event_loop_io(uint32_t vp_index);
_Noreturn void event_loop_management(uint32_t vp_index);
