/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A few runs, scrubbed from their start; the last one put is the first done. */
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "vmm/scrub_pool.h"

#define PIECE    (2ull << 20)
#define RUNS_MAX 512u

static struct run {
	uint64_t base;
	uint64_t size;
	uint64_t scrubbed; /* bytes from the base on */
} runs[RUNS_MAX];
static unsigned run_count;

void scrub_pool_put(uint64_t base, uint64_t size) {
	while (run_count == RUNS_MAX)
		(void)scrub_pool_step();
	runs[run_count++] = (struct run){base, size, 0};
}

bool scrub_pool_step(void) {
	struct run *r;
	uint64_t at, left;
	uint32_t flags;
	unsigned count, done;
	enum hv_status status;

	if (run_count == 0)
		return false;
	r = &runs[run_count - 1];
	at = r->base + r->scrubbed;
	left = r->size - r->scrubbed;
	flags = at % PIECE == 0 && left >= PIECE ? HV_MAP_GPA_LARGE_PAGE : 0;
	count = flags ? 1 : (unsigned)((left < PIECE ? left : PIECE) / HV_PAGE_SIZE);
	status = hypercall_scrub(at >> HV_PAGE_SHIFT, flags, count, &done);
	if (status != HV_STATUS_SUCCESS || done < count) {
		log_error("scrubbing memory at 0x%llx failed: %s; %llu KiB stay unused", (unsigned long long)at,
		          hypercall_status_text(status), (unsigned long long)(r->size >> 10));
		run_count--;
		return true;
	}
	r->scrubbed += flags ? PIECE : (uint64_t)count * HV_PAGE_SIZE;
	if (r->scrubbed == r->size) {
		run_count--;
		memory_give(r->base, r->size);
	}
	return true;
}

uint64_t scrub_pool_size(void) {
	uint64_t size = 0;

	for (unsigned i = 0; i < run_count; i++)
		size += runs[i].size;
	return size;
}
