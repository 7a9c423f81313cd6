/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Code at CPL 3 in a guest, and the descriptors and page-table bits that it needs. */
#pragma once

#include <stdint.h>
#include <guest/fault.h>

/* Runs the code at CPL 3, with these flags besides bit 1, until it raises an exception;
 * *fault says which. All of the guest's memory is the user's too from then on.
 * VP 0 only. */
void user_mode_run(const void *code, uint64_t rflags, struct guest_fault *fault);
