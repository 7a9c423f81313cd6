/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any bytes as an instruction, in any mode, with any registers: what is decoded
 * lies inside the bytes and inside our tables, a shorter fetch asks for more, the
 * cache agrees, and carrying it out touches nothing it should not.
 */
#include <stdlib.h>
#include <string.h>
#include "vmm/mmio_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
	if (!holds)
		abort();
}

static bool is_size(unsigned size) { return size == 1 || size == 2 || size == 4 || size == 8; }

static void check_access(const struct mmio_access *a, size_t count) {
	require(a->length > 0 && a->length <= count && a->length <= MMIO_INSTRUCTION_MAX);
	require(is_size(a->size));
	require(a->register_size == 0 || is_size(a->register_size));
	require(a->register_index < HV_GPR_COUNT);
	require(a->source_segment < HV_PAGE_SEGMENT_COUNT);
	require(a->address_size == 2 || a->address_size == 4 || a->address_size == 8);
	require(!a->is_high_byte || (a->register_size == 1 && a->register_index < 4));
}

/* Only arithmetic flags change, and only the registers that may. */
static void carry_out(const struct mmio_access *a, enum mmio_mode mode, uint64_t old, uint64_t rflags) {
	struct hv_segment_register segment[HV_PAGE_SEGMENT_COUNT] = {{.base = old}};
	uint64_t gprs[HV_GPR_COUNT], before[HV_GPR_COUNT], flags = rflags;
	uint64_t mask = a->size == 8 ? ~0ull : (1ull << a->size * 8) - 1;
	unsigned advance;

	for (unsigned i = 0; i < HV_GPR_COUNT; i++)
		gprs[i] = old * (i + 3) ^ rflags << i;
	memcpy(before, gprs, sizeof(gprs));
	require((mmio_write_value(a, old, gprs, flags) & ~mask) == 0);
	mmio_movs_gva(a, mode, true, gprs, segment);
	mmio_movs_gva(a, mode, false, gprs, segment);
	advance = mmio_finish(a, old, gprs, &flags);
	require(advance == a->length || (advance == 0 && a->is_repeated));
	require(((flags ^ rflags) & ~0x8d5ull) == 0);
	for (unsigned i = 0; i < HV_GPR_COUNT; i++)
		require(gprs[i] == before[i] || i == a->register_index || i == HV_RAX || i == HV_RCX || i == HV_RSI ||
		        i == HV_RDI);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct mmio_decode_cache cache;
	struct mmio_access access, cached;
	enum mmio_decode_status status;
	enum mmio_mode mode;
	uint64_t old, rflags;
	uint8_t *bytes;

	if (size < 17)
		return 0;
	mode = (enum mmio_mode)(data[0] % 3);
	memcpy(&old, data + 1, 8);
	memcpy(&rflags, data + 9, 8);
	data += 17;
	size -= 17;
	bytes = malloc(size ? size : 1); /* of its own size, so that ASan sees its end */
	memcpy(bytes, data, size);

	status = mmio_decode(mode, bytes, size, &access);
	mmio_decode_cache_reset(&cache);
	for (unsigned i = 0; i < 2; i++)
		require(mmio_decode_cached(&cache, old, mode, bytes, size, &cached) == status);
	if (status == MMIO_DECODE_OK) {
		require(memcmp(&access, &cached, sizeof(access)) == 0);
		check_access(&access, size);
		carry_out(&access, mode, old, rflags);
		require(mmio_decode(mode, bytes, access.length - 1u, &cached) == MMIO_DECODE_SHORT);
	}
	require(status != MMIO_DECODE_SHORT || size < MMIO_INSTRUCTION_MAX);
	free(bytes);
	return 0;
}
