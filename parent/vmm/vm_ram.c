/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Chooses runs and page sizes; both sides of a large page must be aligned. */
#include <stdbool.h>
#include <string.h>
#include "runtime/memory.h"
#include "vmm/deposit.h"
#include "vmm/scrub_pool.h"
#include "vmm/vm_ram.h"

#define SIZE_2M (2ull << 20)
#define SIZE_1G (1ull << 30)

static uint64_t take_aligned(uint64_t size) {
	uint64_t base = size >= SIZE_1G ? memory_take(size, SIZE_1G) : 0;

	return base != 0 ? base : memory_take(size, SIZE_2M);
}

/* The longest run for what is left: first of what is free, then of what waits to
 * be scrubbed as well, then by ever smaller halves. */
static uint64_t take_run(uint64_t left, uint64_t *size) {
	for (uint64_t want = left; want >= SIZE_2M; want = (want / 2) & ~(SIZE_2M - 1)) {
		uint64_t base = take_aligned(want);

		while (base == 0 && scrub_pool_step())
			base = take_aligned(want);
		if (base != 0) {
			*size = want;
			return base;
		}
	}
	return 0;
}

static void give_all(struct guest_memory *memory) {
	while (memory->count > 0) {
		struct guest_extent *e = &memory->extent[--memory->count];

		memory_give((uint64_t)(uintptr_t)e->host, e->size);
	}
}

static enum err take_region(struct guest_memory *memory, uint64_t gpa, uint64_t size, struct err_text *text) {
	while (size > 0) {
		uint64_t run, base;

		if (memory->count == GUEST_MEMORY_EXTENTS)
			return err_set(text, ERR_MEMORY, "free memory lies in more than %u pieces",
			               GUEST_MEMORY_EXTENTS);
		base = take_run(size, &run);
		if (base == 0)
			return err_set(text, ERR_MEMORY, "%llu MiB more of memory are needed than are free",
			               (unsigned long long)(size >> 20));
		memset(memory_pointer(base), 0, run);
		memory->extent[memory->count++] = (struct guest_extent){gpa, run, memory_pointer(base)};
		gpa += run;
		size -= run;
	}
	return ERR_NONE;
}

enum err vm_ram_take(struct guest_memory *memory, const struct memory_layout *layout, struct err_text *text) {
	enum err error;

	memory->count = 0;
	error = take_region(memory, 0, layout->low_size, text);
	if (error == ERR_NONE)
		error = take_region(memory, LAYOUT_HIGH_BASE, layout->high_size, text);
	if (error != ERR_NONE)
		give_all(memory);
	return error;
}

/* Bytes of the largest page that may start here; 4 KiB without alignment. */
static uint64_t page_size(uint64_t gpa, uint64_t spa, uint64_t left, uint32_t *flags) {
	uint64_t both = gpa | spa;

	*flags = 0;
	if (both % SIZE_1G == 0 && left >= SIZE_1G) {
		*flags = HV_MAP_GPA_HUGE_PAGE;
		return SIZE_1G;
	}
	if (both % SIZE_2M == 0 && left >= SIZE_2M) {
		*flags = HV_MAP_GPA_LARGE_PAGE;
		return SIZE_2M;
	}
	return HV_PAGE_SIZE;
}

/* Pages of one size from here: to the end, or to where a larger page starts. */
static uint64_t page_run(uint64_t gpa, uint64_t spa, uint64_t left, uint64_t size) {
	uint64_t next = size == SIZE_2M ? SIZE_1G : size == HV_PAGE_SIZE ? SIZE_2M : 0;
	uint64_t bytes = left & ~(size - 1);

	if (next != 0 && (gpa - spa) % next == 0 && gpa % next != 0) {
		uint64_t gap = next - gpa % next;

		if (left - gap >= next && gap < bytes)
			bytes = gap;
	}
	return bytes / size;
}

static enum err map_extent(const struct guest_extent *e, hv_partition_id_t partition, struct err_text *text) {
	uint64_t spa = (uint64_t)(uintptr_t)e->host;
	uint64_t offset = 0;

	while (offset < e->size) {
		uint32_t flags;
		uint64_t size = page_size(e->gpa + offset, spa + offset, e->size - offset, &flags);
		uint64_t count = page_run(e->gpa + offset, spa + offset, e->size - offset, size);
		unsigned done;
		enum hv_status status =
		    hypercall_map_gpa(partition, (e->gpa + offset) >> HV_PAGE_SHIFT, (spa + offset) >> HV_PAGE_SHIFT,
		                      flags | HV_MAP_GPA_RWX, (unsigned)count, &done);

		offset += done * size;
		if (status == HV_STATUS_INSUFFICIENT_MEMORY) {
			enum err error = deposit_more(partition, DEPOSIT_STEP, text);

			if (error != ERR_NONE)
				return error;
		} else if (status != HV_STATUS_SUCCESS || done == 0) {
			return err_set(text, ERR_HYPERCALL, "mapping guest memory at 0x%llx failed: %s",
			               (unsigned long long)(e->gpa + offset), hypercall_status_text(status));
		}
	}
	return ERR_NONE;
}

enum err vm_ram_map(const struct guest_memory *memory, hv_partition_id_t partition, struct err_text *text) {
	for (unsigned i = 0; i < memory->count; i++) {
		enum err error = map_extent(&memory->extent[i], partition, text);

		if (error != ERR_NONE)
			return error;
	}
	return ERR_NONE;
}

void vm_ram_give(struct guest_memory *memory) {
	while (memory->count > 0) {
		struct guest_extent *e = &memory->extent[--memory->count];

		scrub_pool_put((uint64_t)(uintptr_t)e->host, e->size);
	}
}
