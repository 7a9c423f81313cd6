/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Memory of a fake machine, see mm_memory.h. */
#include "fake/mm_memory.h"
#include "fake/frame_facts.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "lib/check.h"
#include "mm/frame.h"

static uint8_t *memory;
static bool is_window_mapped;

unsigned fake_window_count;

void fake_memory_create(void) {
	memory = mmap(NULL, frame_table.count * PAGE_SIZE, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		abort();
	is_window_mapped = false;
	fake_window_count = 0;
}

void fake_memory_destroy(void) {
	check(!is_window_mapped);
	munmap(memory, frame_table.count * PAGE_SIZE);
}

uint8_t *fake_memory_bytes(sfn_t frame) {
	check(frame.v < frame_table.count);
	return memory + frame.v * PAGE_SIZE;
}

void *frame_pointer(sfn_t frame) {
	enum frame_type type = frame_type(frame_at(frame));

	check(type == FRAME_KERNEL || (type >= FRAME_POOL && type <= FRAME_SHARED));
	return fake_memory_bytes(frame);
}

void *window_map(sfn_t frame) {
	enum frame_type type = frame_type(frame_at(frame));

	check(!is_window_mapped);
	check(type != FRAME_NONE && type != FRAME_KERNEL && type != FRAME_RETIRED);
	is_window_mapped = true;
	fake_window_count++;
	return fake_memory_bytes(frame);
}

void window_unmap(void) {
	check(is_window_mapped);
	is_window_mapped = false;
}
