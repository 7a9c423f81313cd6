/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "hal/mmio.h"
#include <stdbool.h>
#include "hal/uncached.h"
#include "runtime/insn.h"
#include "runtime/invariant.h"
#include "runtime/memory.h"

#define TABLE_ADDRESS 0x000ffffffffff000ull

enum err mmio_map(uint64_t base, uint64_t size, struct mmio *m) {
	enum err error = uncached_mark(memory_pointer(insn_read_cr3() & TABLE_ADDRESS), base, size);

	*m = (struct mmio){base, size};
	if (error == ERR_NONE)
		mmio_forget_translations();
	return error;
}

void mmio_forget_translations(void) { insn_write_cr3(insn_read_cr3()); }

static volatile uint32_t *at(const struct mmio *m, uint64_t offset) {
	invariant(offset % 4 == 0 && offset < m->size && m->size - offset >= 4);
	return memory_pointer(m->base + offset);
}

uint32_t mmio_read32(const struct mmio *m, uint64_t offset) {
	uint32_t value = *at(m, offset);

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return value;
}

void mmio_write32(const struct mmio *m, uint64_t offset, uint32_t value) {
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*at(m, offset) = value;
}
