/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* [SATA 3.2 10.5.5 "Register Host to Device FIS", 13.6.4 "Native Command Queuing"],
 * [ACS-3 7 "Command descriptions"] */
#include "drivers/ahci_command.h"
#include <string.h>
#include "drivers/disk_text.h"

#define FIS_TYPE   0x27u
#define FIS_WORDS  5u
#define IS_COMMAND 0x80u
#define LBA_MODE   0x40u
#define LOG_ERRORS 0x10u /* of queued commands */

_Static_assert(AHCI_REGIONS == DISK_RUNS_MAX, "a region per run");

static void make(uint8_t command, uint64_t block, uint64_t count, struct ahci_header *header,
                 struct ahci_table *table) {
	uint8_t *fis = table->fis;

	memset(fis, 0, sizeof(table->fis));
	fis[0] = FIS_TYPE;
	fis[1] = IS_COMMAND;
	fis[2] = command;
	fis[7] = LBA_MODE;
	for (unsigned i = 0; i < 3; i++) {
		fis[4 + i] = (uint8_t)(block >> 8 * i);
		fis[8 + i] = (uint8_t)(block >> (24 + 8 * i));
	}
	fis[12] = (uint8_t)count;
	fis[13] = (uint8_t)(count >> 8);
	header->flags = FIS_WORDS;
	header->done = 0;
	header->table = (uint64_t)(uintptr_t)table;
}

static void add_region(struct ahci_header *header, struct ahci_table *table, uint64_t address, uint32_t size) {
	table->region[header->flags >> 16] = (struct ahci_region){.address = address, .size = size - 1};
	header->flags += 1u << 16;
}

/* The count goes where others have their features, the tag where they have a count. */
static void make_queued(const struct disk_command *from, struct ahci_header *header, struct ahci_table *table) {
	bool is_write = from->operation == VOLUME_WRITE;

	make(is_write ? ATA_WRITE_QUEUED : ATA_READ_QUEUED, from->block, from->slot << 3, header, table);
	table->fis[3] = (uint8_t)from->count;
	table->fis[11] = (uint8_t)(from->count >> 8);
}

void ahci_command_make(const struct disk_command *from, bool is_queued, struct ahci_header *header,
                       struct ahci_table *table) {
	bool is_write = from->operation == VOLUME_WRITE;

	if (from->operation == VOLUME_FLUSH) {
		make(ATA_FLUSH_EXT, 0, 0, header, table);
		return;
	}
	if (is_queued)
		make_queued(from, header, table);
	else
		make(is_write ? ATA_WRITE_DMA_EXT : ATA_READ_DMA_EXT, from->block, from->count, header, table);
	header->flags |= is_write ? AHCI_HEADER_WRITE : 0;
	for (unsigned i = 0; i < from->run_count; i++)
		add_region(header, table, from->run[i].address, from->run[i].size);
}

void ahci_command_identify(uint64_t to, struct ahci_header *header, struct ahci_table *table) {
	make(ATA_IDENTIFY, 0, 0, header, table);
	add_region(header, table, to, AHCI_IDENTIFY_SIZE);
}

void ahci_command_read_log(uint64_t to, struct ahci_header *header, struct ahci_table *table) {
	make(ATA_READ_LOG_EXT, LOG_ERRORS, 1, header, table);
	add_region(header, table, to, AHCI_LOG_SIZE);
}

unsigned ahci_log_slot(const uint8_t *log) {
	uint8_t sum = 0;

	for (unsigned i = 0; i < AHCI_LOG_SIZE; i++)
		sum = (uint8_t)(sum + log[i]);
	return sum != 0 || log[0] & 0x80 ? AHCI_NO_SLOT : log[0] & 0x1f;
}

static uint32_t word(const uint8_t *data, unsigned n) { return data[2 * n] | (uint32_t)data[2 * n + 1] << 8; }

/* Texts have the first letter in the upper half of a word. */
static void copy_text(char *to, size_t size, const uint8_t *data, unsigned first, unsigned words) {
	uint8_t text[40];

	for (unsigned i = 0; i < words; i++) {
		text[2 * i] = data[2 * (first + i) + 1];
		text[2 * i + 1] = data[2 * (first + i)];
	}
	disk_text_copy(to, size, text, 2 * (size_t)words);
}

static uint64_t block_count(const uint8_t *data) {
	return word(data, 100) | (uint64_t)word(data, 101) << 16 | (uint64_t)word(data, 102) << 32 |
	       (uint64_t)word(data, 103) << 48;
}

/* Word 106 counts only if its two upper bits are 01. */
static uint32_t block_size(const uint8_t *data) {
	if ((word(data, 106) & 0xd000) != 0x5000)
		return 512;
	return (word(data, 117) | word(data, 118) << 16) * 2;
}

static uint32_t blocks_per_physical(const uint8_t *data) {
	return (word(data, 106) & 0xe000) == 0x6000 ? 1u << (word(data, 106) & 7) : 1;
}

static void set_limits(struct disk_limits *limits) {
	*limits = (struct disk_limits){
	    .transfer_size = DISK_TRANSFER_MAX,
	    .alignment = 2,
	    .run_size_max = DISK_TRANSFER_MAX,
	    .address_end = 1ull << 47,
	};
}

enum err ahci_identify(const uint8_t *data, struct disk *disk, struct err_text *text) {
	struct volume *v = &disk->volume;
	char serial[21];

	copy_text(disk->model, sizeof(disk->model), data, 27, 20);
	copy_text(serial, sizeof(serial), data, 10, 10);
	if ((word(data, 83) & 0xc400) != 0x4400 || !(word(data, 49) & 0x100))
		return err_set(text, ERR_UNSUPPORTED, "it has no DMA with 48-bit addresses");
	v->block_count = block_count(data);
	v->block_size = block_size(data);
	if (v->block_size != 512 && v->block_size != 4096)
		return err_set(text, ERR_UNSUPPORTED, "its blocks have %u bytes, not 512 or 4096", v->block_size);
	if (v->block_count == 0 || v->block_count >> 48 != 0)
		return err_set(text, ERR_UNSUPPORTED, "it says that it has 0x%llx blocks",
		               (unsigned long long)v->block_count);
	v->physical_block_size = v->block_size * blocks_per_physical(data);
	v->has_write_cache = word(data, 85) & 0x20;
	disk_text_identity(v->id, disk->model, serial, 0);
	set_limits(&disk->limits);
	return ERR_NONE;
}

/* Words 76 and 84 count only if they say so: 76 is 0 or ones where there is no SATA, 84
 * has 01 at its top. */
unsigned ahci_identify_queue(const uint8_t *data, bool *has_log) {
	uint32_t sata = word(data, 76), sets = word(data, 84);

	*has_log = (sets & 0xc020) == 0x4020;
	return sata != 0xffff && sata & 0x100 ? (word(data, 75) & 0x1f) + 1 : 0;
}
