/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/nvme_identify.h"
#include <string.h>
#include "drivers/disk_text.h"

#define PAGE_SIZE 4096u

/* Offsets in the two structures. */
enum controller_field {
	SERIAL = 4,
	MODEL = 24,
	TRANSFER_SIZE = 77, /* as a power of two of pages, 0: no limit */
	CONTROLLER_TYPE = 111,
	SQ_ENTRY_SIZE = 512,
	CQ_ENTRY_SIZE = 513,
	NAMESPACES = 516,
	COMMANDS = 520,
	WRITE_CACHE = 525,
};
enum namespace_field {
	SIZE = 0,
	FEATURES = 24,
	FORMAT = 26,
	PROTECTION = 29,
	PREFERRED_WRITE = 64, /* blocks, less one */
	ATTRIBUTES = 99,
	NGUID = 104,
	EUI64 = 120,
	FORMATS = 128,
};

#define HAS_DISCARD          (1u << 2)
#define HAS_ZEROES           (1u << 3)
#define TYPE_IO              1u
#define HAS_PREFERRED_SIZES  (1u << 4)
#define IS_WRITE_PROTECTED   (1u << 0)
#define PHYSICAL_BLOCK_LIMIT 65536u

static uint32_t get16(const uint8_t *at) { return at[0] | (uint32_t)at[1] << 8; }

static uint32_t get32(const uint8_t *at) { return get16(at) | get16(at + 2) << 16; }

static uint64_t get64(const uint8_t *at) { return get32(at) | (uint64_t)get32(at + 4) << 32; }

static bool has_entry_size(uint8_t sizes, unsigned wanted) {
	return (sizes & 0xfu) <= wanted && (unsigned)(sizes >> 4) >= wanted;
}

enum err nvme_identify_controller(const uint8_t *data, struct nvme_identity *identity, struct err_text *text) {
	unsigned shift = data[TRANSFER_SIZE], type = data[CONTROLLER_TYPE];
	uint32_t commands = get16(data + COMMANDS);

	disk_text_copy(identity->model, sizeof(identity->model), data + MODEL, 40);
	disk_text_copy(identity->serial, sizeof(identity->serial), data + SERIAL, 20);
	if (type > TYPE_IO)
		return err_set(text, ERR_UNSUPPORTED, "it is a controller of type %u, not for I/O", type);
	if (!has_entry_size(data[SQ_ENTRY_SIZE], 6) || !has_entry_size(data[CQ_ENTRY_SIZE], 4))
		return err_set(text, ERR_UNSUPPORTED, "its queue entries have sizes 0x%x and 0x%x", data[SQ_ENTRY_SIZE],
		               data[CQ_ENTRY_SIZE]);
	identity->transfer_size = DISK_TRANSFER_MAX;
	if (shift != 0 && shift < 16 && (uint64_t)PAGE_SIZE << shift < DISK_TRANSFER_MAX)
		identity->transfer_size = PAGE_SIZE << shift;
	identity->namespaces = get32(data + NAMESPACES);
	identity->has_discard = commands & HAS_DISCARD;
	identity->has_zeroes = commands & HAS_ZEROES;
	identity->has_write_cache = data[WRITE_CACHE] & 1;
	return ERR_NONE;
}

static void set_id(const uint8_t *data, const struct nvme_identity *identity, struct disk *disk) {
	static const uint8_t none[16];

	if (memcmp(data + NGUID, none, 16) != 0) {
		memcpy(disk->volume.id, data + NGUID, 16);
	} else if (memcmp(data + EUI64, none, 8) != 0) {
		memset(disk->volume.id, 0, 16);
		memcpy(disk->volume.id, data + EUI64, 8);
	} else {
		disk_text_identity(disk->volume.id, identity->model, identity->serial, disk->unit);
	}
}

/* What a write should be a multiple of, if that is something that guests can be told. */
static uint32_t physical_block_size(const uint8_t *data, uint32_t block_size) {
	uint32_t size = (get16(data + PREFERRED_WRITE) + 1) * block_size;

	if (!(data[FEATURES] & HAS_PREFERRED_SIZES) || (size & (size - 1)) != 0 || size > PHYSICAL_BLOCK_LIMIT)
		return block_size;
	return size;
}

static void set_limits(const struct nvme_identity *identity, uint32_t block_size, struct disk_limits *limits) {
	*limits = (struct disk_limits){
	    .transfer_size = identity->transfer_size,
	    .zero_blocks = identity->has_zeroes ? identity->transfer_size / block_size : 0,
	    .discard_blocks = identity->has_discard ? 0xffffffffu : 0,
	    .alignment = 4,
	    .run_size_max = PAGE_SIZE,
	    .has_page_rule = true,
	    .has_fua = true,
	    .address_end = 1ull << 47,
	};
}

enum err nvme_identify_namespace(const uint8_t *data, const struct nvme_identity *identity, struct disk *disk,
                                 struct err_text *text) {
	/* Bits 6:5 are bits 5:4 of the index, in controllers of version 2. */
	unsigned format = (data[FORMAT] & 0xfu) | (data[FORMAT] >> 1 & 0x30u);
	const uint8_t *at = data + FORMATS + 4 * format;
	unsigned shift = at[2];
	uint64_t blocks = get64(data + SIZE);

	if (blocks == 0)
		return ERR_NOT_FOUND;
	if (shift != 9 && shift != 12)
		return err_set(text, ERR_UNSUPPORTED, "its blocks have 2^%u bytes, not 512 or 4096", shift);
	if (get16(at) != 0 || (data[PROTECTION] & 7) != 0)
		return err_set(text, ERR_UNSUPPORTED, "its blocks have metadata or protection");
	if (blocks > UINT64_MAX >> (shift + 1))
		return err_set(text, ERR_UNSUPPORTED, "it says that it has 0x%llx blocks", (unsigned long long)blocks);
	disk->volume.block_count = blocks;
	disk->volume.block_size = 1u << shift;
	disk->volume.physical_block_size = physical_block_size(data, 1u << shift);
	disk->volume.is_read_only = data[ATTRIBUTES] & IS_WRITE_PROTECTED;
	disk->volume.has_write_cache = identity->has_write_cache;
	disk->volume.can_discard = identity->has_discard;
	set_id(data, identity, disk);
	memcpy(disk->model, identity->model, sizeof(disk->model));
	set_limits(identity, 1u << shift, &disk->limits);
	return ERR_NONE;
}
