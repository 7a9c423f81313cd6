/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Delays by the TSC. */
#include "guest/time.h"

#include <hv_abi/cpuid.h>
#include <hv_abi/msr.h>
#include "guest/cpu.h"

#define FEATURE_FREQUENCY (1u << 11) /* 0x40000003 EAX: AccessFrequencyMsrs */
#define FREQUENCY_DEFAULT 1000000000ull

uint64_t guest_tsc_frequency(void) {
	if (guest_has_hyperv() && (guest_cpuid(HV_CPUID_FEATURES, 0).eax & FEATURE_FREQUENCY) &&
	    (guest_cpuid(HV_CPUID_FEATURES, 0).edx & HV_FEATURE_FREQUENCY_MSRS))
		return guest_rdmsr(HV_MSR_TSC_FREQUENCY);
	return FREQUENCY_DEFAULT;
}

void guest_delay_us(uint64_t microseconds) {
	uint64_t start = guest_rdtsc();
	uint64_t ticks = guest_tsc_frequency() / 1000000 * microseconds;

	while (guest_rdtsc() - start < ticks)
		guest_pause();
}
