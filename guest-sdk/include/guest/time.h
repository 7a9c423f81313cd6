/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Time by the TSC. */
#pragma once

#include <stdint.h>

/* Hz: from the hypervisor's frequency MSR; 1 GHz where it has none, which is what
 * QEMU's TCG has. */
uint64_t guest_tsc_frequency(void);

/* Spins for at least that long. */
void guest_delay_us(uint64_t microseconds);
