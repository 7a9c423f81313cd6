/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The kernel's log: lines with a level, written to COM1 by the kernel and to
 * standard error by host tests. A line is formatted whole and then written
 * under the log's lock, so lines of two processors do not mix.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hv_abi/call_args.h>

/* Formats: %d %u %x, with 0 and width and l, ll or z; %s %%.
 * A line longer than 255 bytes is cut. Any lock may be held. */
void log_write(enum hv_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Formats into a buffer of `size` bytes, not 0; what does not fit is cut. */
void text_format(char *buffer, size_t size, const char *format, va_list args);

/* Writes a line `[time] <prefix><text>` as fast as COM1 takes it, a portion a call:
 * serial ports are slow, and interrupts come in between. Called again and again with
 * the same arguments until it says true: the line is out. `ticket` is the caller's, at
 * first LOG_NO_TICKET: whose line it is. A line of log_write's waits for the end of this
 * one. Text past 255 bytes is cut. Any lock may be held. */
#define LOG_NO_TICKET 0u
bool log_write_slowly(uint64_t *ticket, const char *prefix, const char *text);

#define log_error(...)   log_write(HV_LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(HV_LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(HV_LOG_INFO, __VA_ARGS__)
