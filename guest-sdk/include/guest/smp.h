/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Other VPs [SDM 3A 9.4 "Multiple-Processor (MP) Initialization"]. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Number of VPs by the fw_cfg registers at 0x510; 1 where there are none. */
unsigned guest_cpu_count(void);

/* Index of this VP: 0, then the order in which VPs were started. */
unsigned guest_cpu_index(void);

/* Starts the VP with this APIC id by INIT-SIPI-SIPI; it runs the function and then
 * halts. One at a time. False if it has not begun after two seconds, or if
 * GUEST_CPUS_MAX have been started. */
bool guest_cpu_start(uint32_t apic_id, void (*function)(void *argument), void *argument);
