/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The parent's log: one line per call, written by the kernel to COM1 with
 * "parent: " before it (architecture.md D6). Host tests link a fake.
 */
#pragma once

#include <hv_abi/call_args.h>

/* Lines of a higher level than this are dropped here. */
void log_set_level(enum hv_log_level level);

/* Any lock may be held. Longer lines than HV_LOG_TEXT_SIZE are cut. */
void log_write(enum hv_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(HV_LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(HV_LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(HV_LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(HV_LOG_DEBUG, __VA_ARGS__)
