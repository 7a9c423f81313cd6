/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Whose processor a guest sees: its hypercall instruction and some MSRs depend on it. */
#pragma once

#include <stdbool.h>
#include <guest/cpu.h>

static inline bool is_intel(void) { return guest_cpuid(0, 0).ecx == 0x6c65746e; /* "ntel" of "GenuineIntel" */ }
