/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the loader says, and its end: on the firmware's console, or on COM1 without one. */
#pragma once

#include <efi.h>

/* One line, prefixed; formats as in lib/log.h. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says the sentence that ends the loader (what was wrong, the value seen, what to
 * do) and does not return. */
#define fail(status, ...) (report(__VA_ARGS__), report_end(status))

/* Gives the reader 5 s, or until a key is pressed, gives all memory back and
 * returns to the firmware with this error; halts if boot services were left. */
_Noreturn void report_end(EFI_STATUS status);

/* The firmware's error in words. */
const char *report_status_text(EFI_STATUS status);
