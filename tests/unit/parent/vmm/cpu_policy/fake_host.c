/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Made-up hosts for tests of the CPUID policy. */
#include "fake_host.h"
#include "cpu_test.h"
#include "vmm/cpu_policy/cpuid_results.h"

struct host_cpuid fake_host;

void fake_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
	enum host_cpuid_leaf index = host_cpuid_find(leaf, subleaf);

	memset(out, 0xff, 4 * sizeof(*out));
	if (leaf == 0xd && subleaf >= 2 && subleaf < CPUID_XSTATE_COUNT)
		memcpy(out, fake_host.xstate[subleaf], 4 * sizeof(*out));
	else if (index < HOST_LEAF_COUNT)
		memcpy(out, fake_host.leaf[index], 4 * sizeof(*out));
}

static void set(uint32_t out[4], uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx) {
	out[0] = eax;
	out[1] = ebx;
	out[2] = ecx;
	out[3] = edx;
}

static void set_common(uint32_t ebx, uint32_t ecx, uint32_t edx) {
	memset(&fake_host, 0xff, sizeof(fake_host));
	set(fake_host.leaf[HOST_LEAF_0], 0x20, ebx, ecx, edx);
	set(fake_host.leaf[HOST_LEAF_80000000], 0x80000021, ebx, ecx, edx);
	fake_host.leaf[HOST_LEAF_7_0][CPUID_EAX] = 2;
	/* Everything up to AMX, of which a partition is shown less. */
	set(fake_host.leaf[HOST_LEAF_D_0], 0x602e7, 0x2b00, 0x2b00, 0);
	memset(fake_host.xstate, 0, sizeof(fake_host.xstate));
	set(fake_host.xstate[2], 256, 576, 0, 0);
	set(fake_host.xstate[5], 64, 1088, 0, 0);
	set(fake_host.xstate[6], 512, 1152, 0, 0);
	set(fake_host.xstate[7], 1024, 1664, 0, 0);
	set(fake_host.xstate[9], 8, 2688, 0, 0);
	fake_host.leaf[HOST_LEAF_80000008][CPUID_EAX] = 0x3930;
}

void fake_host_set_amd(void) { set_common(0x68747541, 0x444d4163, 0x69746e65); }

void fake_host_set_intel(void) {
	set_common(0x756e6547, 0x6c65746e, 0x49656e69);
	fake_host.leaf[HOST_LEAF_80000000][CPUID_EAX] = 0x80000008;
	fake_host.leaf[HOST_LEAF_80000001][CPUID_EDX] = 0x2c100800;
	/* L1 data, L1 code, L2, L3. */
	set(fake_host.leaf[HOST_LEAF_4_0], 0xfc004121, 0x01c0003f, 63, 0);
	set(fake_host.leaf[HOST_LEAF_4_1], 0xfc004122, 0x01c0003f, 63, 0);
	set(fake_host.leaf[HOST_LEAF_4_2], 0xfc004143, 0x03c0003f, 1023, 0);
	set(fake_host.leaf[HOST_LEAF_4_3], 0xfc03c163, 0x03c0003f, 8191, 6);
}

struct cpuid_policy fake_host_policy(enum cpu_level level, uint32_t vp_count) {
	struct cpuid_policy_input input = {.level = level, .vp_count = vp_count, .physical_bits = 40};
	struct host_cpuid host;
	struct cpuid_policy p;

	host_cpuid_read(&host, fake_cpuid);
	assert_int_equal(cpuid_policy_create(&p, &host, &input, NULL), ERR_NONE);
	return p;
}

struct guest_cpu fake_host_cpu(const struct cpuid_policy *p) {
	const struct cpu_limits machine = {~0ull, ~0ull, ~0ull, 52, true};
	struct guest_cpu cpu = {.vp_count = p->vp_count};
	struct hv_cpuid_result rows[HV_MAX_CPUID_RESULTS];
	unsigned count = cpuid_results_make(p, rows);

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(cpuid_rows_add(&cpu.rows, &rows[i]), HV_STATUS_SUCCESS);
	cpu.limits = cpu_limits_derive(&cpu.rows, &machine);
	return cpu;
}
