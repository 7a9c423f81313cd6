/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Threads and cores from APIC ids [SDM 3A 9.9 "Programming Considerations for
 * Multi-Threading Capable Processors"], [APM3 E.4.16 "Function 8000_001Eh"].
 */
#include "arch/x86/bring_up.h"

#define LEVEL_TYPE(ecx) ((ecx) >> 8 & 0xffu)
#define LEVEL_SMT       1u

unsigned topology_thread_bits(const uint32_t leaf_b[4], const uint32_t leaf_8000001e[4]) {
	uint32_t threads = (leaf_8000001e[1] >> 8 & 0xff) + 1;
	unsigned bits = 0;

	/* One thread per core needs no bits, whatever the shift: with hyper-threading
	 * off the ids keep a gap, and Bochs has a shift of 1 without one. */
	if (leaf_b[1] != 0 && LEVEL_TYPE(leaf_b[2]) == LEVEL_SMT)
		return (leaf_b[1] & 0xffff) == 1 ? 0 : leaf_b[0] & 0x1f;
	while (1u << bits < threads)
		bits++;
	return bits;
}

uint32_t topology_select(const struct handoff_cpu *list, uint32_t list_count, unsigned thread_bits, uint32_t limit,
                         uint32_t *apic_ids) {
	uint32_t count = 0;

	for (uint32_t i = 0; i < list_count && count < limit; i++) {
		uint32_t id = list[i].apic_id;
		uint32_t k = 0;

		while (k < count && apic_ids[k] >> thread_bits != id >> thread_bits)
			k++;
		if (k == count && (i == 0 || (list[i].is_enabled && id <= TOPOLOGY_MAX_APIC_ID)))
			apic_ids[count++] = id;
	}
	return count;
}
