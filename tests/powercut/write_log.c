/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * One sector of head, then per entry one sector that describes it and the sectors of its data. All little-endian.
 */
#include "powercut/write_log.h"

#include <string.h>

#define MAGIC   0x6a736677736872ull
#define VERSION 1u

enum entry_flag { ENTRY_FLUSH = 1, ENTRY_FUA = 2, ENTRY_DISCARD = 4, ENTRY_MARK = 8, ENTRY_ALL = 31 };

static uint64_t number(const uint8_t *bytes) {
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

bool write_log_open(struct write_log *log, const uint8_t *bytes, size_t size, const char **error) {
	uint32_t sector_size;

	*error = "it is shorter than a head";
	if (size < 512)
		return false;
	*error = "its head is none of dm-log-writes, version 1";
	if (number(bytes) != MAGIC || number(bytes + 8) != VERSION)
		return false;
	memcpy(&sector_size, bytes + 24, sizeof(sector_size));
	*error = "its sectors have an impossible size";
	if (sector_size < 512 || sector_size > 65536 || (sector_size & (sector_size - 1)) || sector_size > size)
		return false;
	*log = (struct write_log){.bytes = bytes,
	                          .size = size,
	                          .sector_size = sector_size,
	                          .promised = number(bytes + 16),
	                          .next = sector_size};
	*error = NULL;
	return true;
}

/* False if the entry at log->next is not whole. */
static bool read_entry(const struct write_log *log, struct write_log_entry *entry, size_t *total) {
	const uint8_t *head = log->bytes + log->next;
	size_t left = log->size - log->next;
	uint64_t sectors, flags, extra, data_size;

	if (left < log->sector_size)
		return false;
	sectors = number(head + 8);
	flags = number(head + 16);
	extra = number(head + 24); /* the length of a mark's text */
	if ((sectors == 0 && flags == 0) || (flags & ~(uint64_t)ENTRY_ALL))
		return false;
	left -= log->sector_size;
	/* No disk that is tested is larger than an exbibyte: products below do not overflow. */
	if (number(head) >> 40 || sectors >> 40 || extra >= log->sector_size)
		return false;
	data_size = flags & ENTRY_DISCARD ? 0 : sectors * log->sector_size;
	if (data_size > left)
		return false;
	*entry = (struct write_log_entry){.offset = number(head) * log->sector_size,
	                                  .size = sectors * log->sector_size,
	                                  .data = data_size ? head + log->sector_size : NULL,
	                                  .is_flush = flags & ENTRY_FLUSH,
	                                  .is_durable = flags & ENTRY_FUA,
	                                  .is_discard = flags & ENTRY_DISCARD};
	*total = log->sector_size + (size_t)data_size;
	return true;
}

bool write_log_next(struct write_log *log, struct write_log_entry *entry, const char **error) {
	size_t total;

	*error = NULL;
	if (!read_entry(log, entry, &total)) {
		if (log->read < log->promised)
			*error = "an entry that its head counts is missing or broken";
		return false;
	}
	log->next += total;
	log->read++;
	return true;
}
