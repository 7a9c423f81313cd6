/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A VM's CPUID as rows for the kernel (RegisterCpuidResults): the policy's
 * leaves, and the topology of one package with one thread per core and APIC id =
 * VP index [SDM 2A "CPUID"], [APM3 E]. What differs from VP to VP, or changes
 * while one runs, the kernel fills in; so the hypervisor leaves 0x40000000 on.
 */
#pragma once

#include <hv_abi/call_args.h>
#include "vmm/cpu_policy/cpuid_policy.h"

/* Fills the rows, each leaf and subleaf once, and returns how many. A leaf that
 * has no row is zero. */
unsigned cpuid_results_make(const struct cpuid_policy *p, struct hv_cpuid_result rows[HV_MAX_CPUID_RESULTS]);
