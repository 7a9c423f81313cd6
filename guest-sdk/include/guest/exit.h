/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The guest's end and its verdict. */
#pragma once

#include <stdint.h>

#define GUEST_DEBUG_EXIT_PORT 0xf4

/* Writes the code to the debug-exit port: the status that the host sees is
 * code << 1 | 1. Where there is no such port the VP halts for ever. */
_Noreturn void guest_exit(uint32_t code);

/* This VP halts with interrupts off. */
_Noreturn void guest_halt(void);
