/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * CPUID of made-up hosts: answers of a whole processor in one structure that
 * tests change before host_cpuid_read reads it.
 */
#pragma once

#include "core/guest_cpu.h"
#include "vmm/cpu_policy/cpuid_policy.h"

/* What fake_cpuid answers: leaves in the policy's numbering, plus extended
 * state; every bit of every other leaf is set. */
extern struct host_cpuid fake_host;

void fake_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* Processors with every feature bit set, except what the vendors do not have:
 * Intel has no aliases in leaf 0x80000001. Extended state: x87, SSE, AVX,
 * AVX-512, PKRU at their usual offsets. */
void fake_host_set_amd(void);
void fake_host_set_intel(void);

/* A policy of this host; fails the test if it cannot be made. */
struct cpuid_policy fake_host_policy(enum cpu_level level, uint32_t vp_count);

/* The same as the kernel has it, for a machine that has everything. */
struct guest_cpu fake_host_cpu(const struct cpuid_policy *p);
