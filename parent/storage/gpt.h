/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A GUID partition table, read from a volume and judged [UEFI 2.10 5.3 "GUID
 * Partition Table (GPT) Disk Layout"]. The disk is not trusted: both CRCs,
 * every bound and every overlap are checked, and where the primary table is
 * damaged the backup in the last block is taken. The protective MBR is not looked
 * at. Pure, and it never waits: a chain of reads that ends in `done`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "runtime/err.h"
#include "storage/volume.h"

#define GPT_PARTITIONS_MAX 128u
#define GPT_LABEL_SIZE     109u /* 36 units of UTF-16 and the terminating zero */
#define GPT_BUFFER_SIZE    16384u

struct gpt_partition {
	uint32_t number; /* of the entry, from 1, as Linux counts */
	uint64_t first;  /* block */
	uint64_t count;  /* blocks, not 0 */
	uint8_t id[16];
	char label[GPT_LABEL_SIZE]; /* UTF-8 without control characters; empty: none, or no such text */
};

struct gpt {
	unsigned count;
	unsigned left_out; /* partitions behind the first GPT_PARTITIONS_MAX */
	struct gpt_partition partition[GPT_PARTITIONS_MAX];
};

struct gpt_header {
	uint64_t at; /* its own block */
	uint64_t first_usable, last_usable;
	uint64_t array;       /* first block of the entries */
	uint64_t array_count; /* blocks of them */
	uint32_t entry_count, entry_size, array_crc;
};

struct gpt_reader {
	/* The caller's, set before gpt_read: */
	struct volume *volume;
	uint8_t *buffer; /* GPT_BUFFER_SIZE bytes as volume.h wants memory, page-aligned */
	void (*done)(struct gpt_reader *r);
	/* The result. ERR_NOT_FOUND: the disk has no table. ERR_FORMAT: both are damaged.
	 * ERR_DEVICE: it could not be read. ERR_UNSUPPORTED: block size. */
	enum err error;
	struct err_text text;    /* why, unless ERR_NONE */
	struct err_text warning; /* with ERR_NONE: why the backup was used; else empty */
	struct gpt gpt;          /* with ERR_NONE */
	/* Private: */
	struct volume_request request;
	struct volume_segment segment;
	struct gpt_header header;
	enum gpt_step { GPT_HEADER, GPT_ENTRIES } step;
	bool is_backup;
	bool has_signature; /* one of the headers says that it is one */
	bool has_failed_read;
	uint64_t next; /* block of the entries */
	uint32_t crc;  /* of the entries so far */
	enum volume_result result;
	unsigned char turn;
};

/* Begins; `done` follows once, on whatever VP the volume completes on, perhaps
 * before this returns. */
void gpt_read(struct gpt_reader *r);
