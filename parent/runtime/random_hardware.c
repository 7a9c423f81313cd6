/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What this processor gives for every request: RDRAND where it has it, and its time stamp counter.
 */
#include <stdbool.h>
#include "runtime/insn.h"
#include "runtime/random.h"

#define CPUID_FEATURES   1u
#define CPUID_ECX_RDRAND (1u << 30) /* [SDM 2A 3.3 "CPUID"] */
#define TRIES            10u        /* [SDM 1 7.3.17 "Random Number Generator Instructions"] */

static bool has_rdrand(void) {
	uint32_t out[4];

	insn_cpuid(CPUID_FEATURES, out);
	return out[2] & CPUID_ECX_RDRAND;
}

void random_hardware(uint64_t words[RANDOM_HARDWARE_WORDS]) {
	unsigned filled = 1;

	words[0] = insn_rdtsc();
	if (!has_rdrand())
		return;
	for (unsigned i = 0; i < TRIES * RANDOM_HARDWARE_WORDS && filled < RANDOM_HARDWARE_WORDS; i++)
		filled += insn_rdrand(&words[filled]);
}
