/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The kernel's memory at boot, out of the handoff's map. The reserve is one range,
 * so that the parent's identity map around it keeps its large leaves
 * (architecture.md D3). It is handed out upwards and nothing is given back; what is
 * left when core runs stays the kernel's. Pure.
 */
#include "arch/x86/bring_up.h"
#include "lib/string.h"

#define LOW_LIMIT    (1ull << 20)
#define PER_CPU_SIZE (4 * CPU_STACK_SIZE + 16 * PAGE_SIZE) /* pages of core and the vendor */
#define SLACK_SIZE   (12ull << 20)

static uint64_t next;
static uint64_t end;

struct handoff_memory boot_memory_init(void) {
	const struct handoff *h = boot.handoff;
	uint64_t size;

	boot.frame_count = h->memory_end >> PAGE_SHIFT;
	/* A page-table entry per frame, and more than enough for the levels above. */
	size = boot.frame_count * (sizeof(struct frame) + 8) + boot.frame_count / 32;
	size = align_up(size + h->cpu_count * PER_CPU_SIZE + SLACK_SIZE, PAGE_SIZE_2M);
	next = boot_take(size, HANDOFF_MEMORY_KERNEL).v;
	end = next + size;
	if (next == 0)
		panic("no %lu MiB of contiguous free memory for the kernel: give the machine "
		      "more memory",
		      size >> 20);
	log_info("memory: frames up to %lu MiB, kernel at 0x%lx, its reserve of %lu MiB at 0x%lx",
	         boot.frame_count >> 8, h->kernel_base, size >> 20, next);
	return (struct handoff_memory){.base = next, .size = size};
}

spa_t boot_allocate(uint64_t size, uint64_t alignment) {
	uint64_t at = align_up(next, alignment);

	next = at + align_up(size, PAGE_SIZE);
	if (next > end)
		panic("the boot reserve is used up: %lu KiB wanted", size >> 10);
	memset(frame_pointer(spa_to_sfn(spa(at))), 0, next - at);
	return spa(at);
}

static void append(struct handoff *h, uint64_t base, uint64_t limit, uint32_t type) {
	struct handoff_memory *m = &h->memory[h->memory_count];

	if (base >= limit)
		return;
	if (h->memory_count > 0 && m[-1].type == type && m[-1].base + m[-1].size == base) {
		m[-1].size += limit - base;
		return;
	}
	*m = (struct handoff_memory){base, limit - base, type, 0};
	h->memory_count++;
}

static uint64_t clamp(uint64_t v, uint64_t low, uint64_t high) { return v < low ? low : v > high ? high : v; }

void boot_memory_retype(uint64_t base, uint64_t limit, uint32_t from, uint32_t to) {
	static struct handoff_memory old[HANDOFF_MAX_MEMORY];
	struct handoff *h = boot.handoff;
	uint32_t count = h->memory_count;

	memcpy(old, h->memory, sizeof(old));
	h->memory_count = 0;
	for (const struct handoff_memory *m = old; m < old + count; m++) {
		uint64_t m_limit = m->base + m->size;
		uint64_t low = clamp(base, m->base, m_limit);
		uint64_t high = clamp(limit, m->base, m_limit);

		append(h, m->base, low, m->type);
		append(h, low, high, m->type == from ? to : m->type);
		append(h, high, m_limit, m->type);
	}
}

/* From the upper end, since devices may need the low memory. */
spa_t boot_take(uint64_t size, uint32_t type) {
	const struct handoff *h = boot.handoff;

	check(size != 0 && is_aligned(size, PAGE_SIZE));
	for (uint32_t i = h->memory_count; i-- > 0 && h->memory_count + 2 <= HANDOFF_MAX_MEMORY;) {
		const struct handoff_memory *m = &h->memory[i];
		uint64_t base = align_down(m->base + m->size - size, PAGE_SIZE_2M);

		if (m->type != HANDOFF_MEMORY_USABLE || m->size < size || base < m->base || base < LOW_LIMIT)
			continue;
		boot_memory_retype(base, base + size, HANDOFF_MEMORY_USABLE, type);
		return spa(base);
	}
	return spa(0);
}
