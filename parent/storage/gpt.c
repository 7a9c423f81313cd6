/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One read after the other: a header, its entries, and where either is no good
 * the same again from the other end of the disk. The entries are judged as they
 * pass and count for nothing until their CRC is known.
 */
#include "storage/gpt.h"

#include <string.h>
#include "runtime/utf16.h"
#include "storage/crc32.h"

#define HEADER_SIZE    92u
#define ENTRY_SIZE_MIN 128u
#define ENTRY_SIZE_MAX 4096u
#define ARRAY_SIZE_MAX (GPT_PARTITIONS_MAX * ENTRY_SIZE_MAX)
#define LABEL_UNITS    36u

/* Who comes second, the submitter or the completion, goes on. */
enum { TURN_SUBMITTING, TURN_RETURNED, TURN_COMPLETED };

static uint32_t get32(const uint8_t *p) {
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }

static bool is_zero(const uint8_t *p, size_t size) {
	while (size > 0 && p[size - 1] == 0)
		size--;
	return size == 0;
}

static void completed(struct volume_request *request, enum volume_result result);

static void prepare_read(struct gpt_reader *r, uint64_t block, uint64_t count) {
	r->segment = (struct volume_segment){r->buffer, (uint32_t)(count * r->volume->block_size)};
	r->request = (struct volume_request){
	    .operation = VOLUME_READ,
	    .block = block,
	    .count = count,
	    .segment = &r->segment,
	    .segment_count = 1,
	    .done = completed,
	};
}

static void prepare_header(struct gpt_reader *r) {
	r->step = GPT_HEADER;
	r->header.at = r->is_backup ? r->volume->block_count - 1 : 1;
	prepare_read(r, r->header.at, 1);
}

/* How many blocks of the entries are read at a time. */
static uint64_t next_count(const struct gpt_reader *r) {
	uint64_t most = GPT_BUFFER_SIZE / r->volume->block_size, left = r->header.array_count - r->next;

	return left < most ? left : most;
}

static void prepare_entries(struct gpt_reader *r) {
	r->step = GPT_ENTRIES;
	prepare_read(r, r->header.array + r->next, next_count(r));
}

/* NULL, or what is wrong with the place of the usable blocks or of the entries. */
static const char *judge_places(const struct gpt_reader *r) {
	const struct gpt_header *h = &r->header;
	uint64_t end = h->array + h->array_count;

	if (h->first_usable > h->last_usable || h->last_usable >= r->volume->block_count)
		return "its usable blocks lie outside the disk";
	if (h->array < 2 || h->array >= r->volume->block_count || end > r->volume->block_count)
		return "its entries lie outside the disk";
	if (h->at >= h->first_usable && h->at <= h->last_usable)
		return "it lies in its own usable blocks";
	if ((h->array <= h->last_usable && end > h->first_usable) || (h->array <= h->at && end > h->at))
		return "its entries overlap something else";
	return NULL;
}

/* Judges the header in the buffer. NULL, or what is wrong with it. */
static const char *take_header(struct gpt_reader *r) {
	struct gpt_header *h = &r->header;
	uint8_t *p = r->buffer;
	uint32_t size = get32(p + 12), crc = get32(p + 16);
	uint64_t array_size;

	if (memcmp(p, "EFI PART", 8) != 0)
		return "it has no signature";
	r->has_signature = true;
	if (size < HEADER_SIZE || size > r->volume->block_size)
		return "its size is impossible";
	memset(p + 16, 0, 4);
	if (crc32(0, p, size) != crc)
		return "its checksum is wrong";
	if (get64(p + 24) != h->at)
		return "it belongs to another block";
	h->first_usable = get64(p + 40);
	h->last_usable = get64(p + 48);
	h->array = get64(p + 72);
	h->entry_count = get32(p + 80);
	h->entry_size = get32(p + 84);
	h->array_crc = get32(p + 88);
	array_size = (uint64_t)h->entry_count * h->entry_size;
	if (h->entry_size < ENTRY_SIZE_MIN || h->entry_size > ENTRY_SIZE_MAX || (h->entry_size & (h->entry_size - 1)))
		return "the size of its entries is impossible";
	if (array_size == 0 || array_size > ARRAY_SIZE_MAX)
		return "it has no entries, or too many";
	h->array_count = (array_size + r->volume->block_size - 1) / r->volume->block_size;
	return judge_places(r);
}

/* A label that cannot be shown, and so not typed, is none. */
static void take_label(const uint8_t *units, char label[GPT_LABEL_SIZE]) {
	uint32_t used = 0;

	while (used < 2 * LABEL_UNITS && !is_zero(units + used, 2)) {
		uint32_t unit = units[used] | (uint32_t)units[used + 1] << 8;

		if (unit < ' ' || (unit >= 0x7f && unit < 0xa0)) {
			used = 0;
			break;
		}
		used += 2;
	}
	if (utf16_decode(units, used, label, GPT_LABEL_SIZE) != ERR_NONE)
		label[0] = '\0';
}

static bool overlaps_another(const struct gpt *gpt, uint64_t first, uint64_t last) {
	for (unsigned i = 0; i < gpt->count; i++) {
		const struct gpt_partition *p = &gpt->partition[i];

		if (first <= p->first + p->count - 1 && p->first <= last)
			return true;
	}
	return false;
}

static const char *take_entry(struct gpt_reader *r, const uint8_t *entry, uint32_t number) {
	uint64_t first = get64(entry + 32), last = get64(entry + 40);
	struct gpt *gpt = &r->gpt;
	struct gpt_partition *p;

	if (is_zero(entry, 16))
		return NULL; /* unused */
	if (first > last || first < r->header.first_usable || last > r->header.last_usable)
		return "a partition lies outside the usable blocks";
	if (overlaps_another(gpt, first, last))
		return "two partitions overlap";
	if (gpt->count == GPT_PARTITIONS_MAX) {
		gpt->left_out++;
		return NULL;
	}
	p = &gpt->partition[gpt->count++];
	p->number = number;
	p->first = first;
	p->count = last - first + 1;
	memcpy(p->id, entry + 16, sizeof(p->id));
	take_label(entry + 56, p->label);
	return NULL;
}

/* The entries in the buffer, which holds whole ones: both sizes are powers of two. */
static const char *take_entries(struct gpt_reader *r) {
	const struct gpt_header *h = &r->header;
	uint64_t at = r->next * r->volume->block_size, total = (uint64_t)h->entry_count * h->entry_size;
	uint64_t here = r->request.count * r->volume->block_size, size = total - at < here ? total - at : here;
	const char *reason = NULL;

	r->crc = crc32(r->crc, r->buffer, size);
	for (uint64_t i = 0; i < size && reason == NULL; i += h->entry_size)
		reason = take_entry(r, r->buffer + i, (uint32_t)((at + i) / h->entry_size) + 1);
	r->next += r->request.count;
	if (r->next == h->array_count && r->crc != h->array_crc)
		return "the checksum of its entries is wrong";
	return reason;
}

static void begin_entries(struct gpt_reader *r) {
	r->next = 0;
	r->crc = 0;
	r->gpt.count = r->gpt.left_out = 0;
	prepare_entries(r);
}

/* Both tables are no good; r->warning says why the primary is not. */
static void fail(struct gpt_reader *r, const char *reason) {
	if (r->has_signature)
		r->error =
		    err_set(&r->text, ERR_FORMAT, "both partition tables are damaged: the primary: %s; the backup: %s",
		            r->warning.text, reason);
	else if (r->has_failed_read)
		r->error = err_set(&r->text, ERR_DEVICE, "the partition table cannot be read");
	else
		r->error = err_set(&r->text, ERR_NOT_FOUND, "there is no GUID partition table");
	r->gpt.count = 0;
	r->warning.text[0] = '\0';
}

/* True: the backup is read next. */
static bool fall_back(struct gpt_reader *r, const char *reason) {
	if (r->is_backup) {
		fail(r, reason);
		return false;
	}
	(void)err_set(&r->warning, ERR_FORMAT, "%s", reason);
	r->is_backup = true;
	prepare_header(r);
	return true;
}

static void succeed(struct gpt_reader *r) {
	struct err_text reason = r->warning;

	r->error = ERR_NONE;
	if (r->is_backup)
		(void)err_set(&r->warning, ERR_FORMAT,
		              "the primary partition table is damaged (%.80s); the backup in block %llu is used",
		              reason.text, (unsigned long long)r->header.at);
}

/* Looks at what was read. True: the next read is prepared; false: all is known. */
static bool advance(struct gpt_reader *r) {
	const char *reason = NULL;

	if (r->result != VOLUME_OK) {
		r->has_failed_read = true;
		return fall_back(r, "it cannot be read");
	}
	reason = r->step == GPT_HEADER ? take_header(r) : take_entries(r);
	if (reason != NULL)
		return fall_back(r, reason);
	if (r->step == GPT_HEADER) {
		begin_entries(r);
		return true;
	}
	if (r->next < r->header.array_count) {
		prepare_entries(r);
		return true;
	}
	succeed(r);
	return false;
}

static void run(struct gpt_reader *r) {
	do {
		__atomic_store_n(&r->turn, TURN_SUBMITTING, __ATOMIC_RELAXED);
		volume_submit(r->volume, &r->request);
		/* From here on `r` is ours only if the completion came first. */
		if (__atomic_exchange_n(&r->turn, TURN_RETURNED, __ATOMIC_ACQ_REL) != TURN_COMPLETED)
			return;
	} while (advance(r));
	r->done(r);
}

static void completed(struct volume_request *request, enum volume_result result) {
	struct gpt_reader *r =
	    (struct gpt_reader *)((uint8_t *)request - __builtin_offsetof(struct gpt_reader, request));

	r->result = result;
	if (__atomic_exchange_n(&r->turn, TURN_COMPLETED, __ATOMIC_ACQ_REL) != TURN_RETURNED)
		return; /* run goes on */
	if (advance(r))
		run(r);
	else
		r->done(r);
}

void gpt_read(struct gpt_reader *r) {
	const struct volume *v = r->volume;

	r->is_backup = r->has_signature = r->has_failed_read = false;
	r->gpt.count = r->gpt.left_out = 0;
	r->warning.text[0] = r->text.text[0] = '\0';
	if (v->block_size != 512 && v->block_size != 4096) {
		r->error = err_set(&r->text, ERR_UNSUPPORTED, "blocks of %u bytes are not known", v->block_size);
		r->done(r);
	} else if (v->block_count < 4) {
		r->error = err_set(&r->text, ERR_NOT_FOUND, "there is no GUID partition table");
		r->done(r);
	} else {
		prepare_header(r);
		run(r);
	}
}
