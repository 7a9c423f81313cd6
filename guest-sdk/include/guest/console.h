/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The guest's console: the UART at 0x3f8, polled. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Formats as the kernel's log does: %d %u %x %lu %lx %llu %llx %zu %s %c %p %%, with
 * 0 and width. At most 255 bytes come out. VPs' lines do not mix. */
void guest_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void guest_vprintf(const char *format, va_list args);

/* As guest_printf, into a buffer. */
void guest_format(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
