/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Reads a log of writes in the format of Linux's dm-log-writes, which QEMU's block driver blklogwrites makes too:
 * everything that a disk was told, in order [Linux Documentation/admin-guide/device-mapper/log-writes.rst].
 */
#ifndef POWERCUT_WRITE_LOG_H
#define POWERCUT_WRITE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A power cut leaves its last entry incomplete at worst. */
struct write_log {
	const uint8_t *bytes;
	size_t size;
	uint32_t sector_size; /* of numbers and lengths in entries */
	uint64_t promised;    /* entries that the log's head counts */
	uint64_t read;        /* entries that write_log_next has returned */
	size_t next;          /* where the next one begins */
};

struct write_log_entry {
	uint64_t offset;     /* in bytes */
	uint64_t size;       /* in bytes */
	const uint8_t *data; /* of size bytes; null for a discard, or without bytes */
	bool is_flush;       /* everything before it is durable, but not its own data */
	bool is_durable;     /* its own data is (FUA) */
	bool is_discard;
};

/* Begins at the log's head. False, with a reason in *error, if this is no such log. `bytes` stays the caller's. */
bool write_log_open(struct write_log *log, const uint8_t *bytes, size_t size, const char **error);

/* The next entry. False at the end, and with a reason in *error (else null) where entries that the head counts are
 * missing or broken. An incomplete entry behind these is the end. */
bool write_log_next(struct write_log *log, struct write_log_entry *entry, const char **error);

#endif
