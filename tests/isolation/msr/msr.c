/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: an MSR is on the list, or it faults, for reads and for every value
 * written (docs/cpu-levels.md "MSRs"); a synthetic MSR opens by its privilege
 * and in its direction only [TLFS "Synthetic MSRs"]. Whatever is written, the
 * guest lives. The lists here are written down independently of the kernel's.
 */
#include <hv_abi/cpuid.h>
#include <hv_abi/msr.h>
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/test.h>
#include "vendor.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct range {
	uint32_t first, last;
};

/* Of both vendors, less what docs/cpu-levels.md denies. */
static const struct range common[] = {
    {0x10, 0x10},   /* TSC */
    {0x1b, 0x1b},   /* APIC_BASE */
    {0x8b, 0x8b},   /* patch level */
    {0xfe, 0xfe},   /* MTRRcap */
    {0x174, 0x176}, /* SYSENTER */
    {0x1d9, 0x1d9}, /* DEBUGCTL */
    {0x200, 0x20f}, /* variable MTRRs */
    {0x250, 0x250}, /* fixed MTRRs */
    {0x258, 0x259},
    {0x268, 0x26f},
    {0x277, 0x277},           /* PAT */
    {0x2ff, 0x2ff},           /* MTRRdefType */
    {0xc0000080, 0xc0000084}, /* EFER to SFMASK */
    {0xc0000100, 0xc0000103}, /* FS, GS, KernelGS, TSC_AUX */
};

/* [SDM 4 2.1 "Architectural MSRs"] */
static const struct range of_intel[] = {
    {0x17, 0x17},   /* platform id */
    {0x2a, 0x2a},   /* power-on configuration */
    {0x3a, 0x3a},   /* FEATURE_CONTROL */
    {0x198, 0x199}, /* performance status and control */
    {0x1a0, 0x1a0}, /* MISC_ENABLE */
};

/* [APM2 appendix A "MSR Cross-Reference"] */
static const struct range of_amd[] = {
    {0xc0010000, 0xc0010007}, /* counters of the K7, which never count */
    {0xc0010010, 0xc0010010}, /* SYSCFG */
    {0xc0010015, 0xc0010015}, /* HWCR */
    {0xc001001a, 0xc001001a}, {0xc001001d, 0xc001001d}, {0xc001001f, 0xc001001f}, /* NB_CFG */
    {0xc0010055, 0xc0010055}, {0xc0010058, 0xc0010058}, {0xc0010061, 0xc001006b}, /* P-states */
    {0xc0010112, 0xc0010114},                                                     /* TSEG, VM_CR */
    {0xc0010140, 0xc0010141}, {0xc0011021, 0xc0011023}, {0xc0011029, 0xc001102a}, {0xc001102c, 0xc001102c},
};

/* Bit of CPUID 0x40000003 EAX that opens the MSR; 31: nothing does. */
static const struct {
	uint32_t first, last;
	uint8_t bit;
	bool is_readable, is_writable;
} synthetic[] = {
    {0x40000000, 0x40000001, 5, true, true},   {0x40000002, 0x40000002, 6, true, false},
    {0x40000003, 0x40000003, 7, true, true},   {0x40000010, 0x40000010, 0, true, false},
    {0x40000020, 0x40000020, 1, true, false},  {0x40000021, 0x40000021, 9, true, true},
    {0x40000022, 0x40000023, 11, true, false}, {0x40000070, 0x40000070, 4, false, true},
    {0x40000071, 0x40000072, 4, true, true},   {0x40000073, 0x40000073, 5, true, true},
    {0x40000080, 0x40000080, 2, true, true},   {0x40000081, 0x40000081, 2, true, false},
    {0x40000082, 0x40000084, 2, true, true},   {0x40000090, 0x4000009f, 2, true, true},
    {0x400000b0, 0x400000b7, 3, true, true},   {0x400000e0, 0x400000e7, 8, true, true},
    {0x400000f0, 0x400000f0, 10, true, false}, {0x40000106, 0x40000108, 13, true, true},
    {0x40000118, 0x40000118, 15, true, true},
};

static const uint64_t bad_values[] = {0, ~0ull, 0x0000800000000000ull};

static bool is_in(const struct range *ranges, size_t count, uint32_t msr) {
	for (size_t i = 0; i < count; i++)
		if (msr >= ranges[i].first && msr <= ranges[i].last)
			return true;
	return false;
}

static bool is_listed(uint32_t msr) {
	return is_in(common, COUNT(common), msr) ||
	       (is_intel() ? is_in(of_intel, COUNT(of_intel), msr) : is_in(of_amd, COUNT(of_amd), msr));
}

static bool is_open(uint32_t msr, bool is_write) {
	uint32_t privileges = guest_cpuid(HV_CPUID_FEATURES, 0).eax;

	for (unsigned i = 0; i < COUNT(synthetic); i++)
		if (msr >= synthetic[i].first && msr <= synthetic[i].last)
			return (privileges >> synthetic[i].bit & 1) &&
			       (is_write ? synthetic[i].is_writable : synthetic[i].is_readable);
	return false;
}

static void expect_fault(const struct guest_fault *fault, uint32_t msr, const char *what) {
	if (fault->vector != GUEST_GP || fault->error_code != 0)
		guest_test_fail("%s of MSR 0x%x raised exception %u, error code %x", what, msr, (unsigned)fault->vector,
		                (unsigned)fault->error_code);
}

/* Every read, and every write where it must fault. */
static void walk(uint32_t first, uint32_t last) {
	for (uint32_t msr = first; msr <= last; msr++) {
		struct guest_fault fault;
		uint64_t value;
		bool was_read = guest_try_rdmsr(msr, &value, &fault);

		if (was_read != is_listed(msr))
			guest_test_fail("MSR 0x%x %s", msr, was_read ? "was read" : "faulted");
		if (was_read)
			continue;
		expect_fault(&fault, msr, "read");
		for (unsigned i = 0; i < COUNT(bad_values); i++) {
			if (guest_try_wrmsr(msr, bad_values[i], &fault))
				guest_test_fail("MSR 0x%x took a write", msr);
			expect_fault(&fault, msr, "write");
		}
	}
}

GUEST_TEST("MSRs 0 to 0x1fff are on the list or fault") { walk(0, 0x1fff); }

GUEST_TEST("MSRs 0xc0000000 to 0xc0001fff are on the list or fault") { walk(0xc0000000, 0xc0001fff); }

GUEST_TEST("MSRs 0xc0010000 to 0xc0011fff are on the list or fault") { walk(0xc0010000, 0xc0011fff); }

GUEST_TEST("MSRs of no range fault") {
	static const struct range odd[] = {
	    {0x2000, 0x203f},         {0xffff, 0x10040},        {0x20000000, 0x2000003f},
	    {0x4fffffc0, 0x5000003f}, {0x7fffffe0, 0x8000001f}, {0xbfffffe0, 0xbfffffff},
	    {0xc0002000, 0xc000203f}, {0xc0012000, 0xc001203f}, {0xffffffe0, 0xfffffffe}};

	for (unsigned i = 0; i < COUNT(odd); i++)
		walk(odd[i].first, odd[i].last);
}

GUEST_TEST("MSRs 0x40000000 to 0x400001ff open by their privilege, to reads") {
	for (uint32_t msr = 0x40000000; msr <= 0x400001ff; msr++) {
		struct guest_fault fault;
		uint64_t value;
		bool was_read = guest_try_rdmsr(msr, &value, &fault);

		if (was_read != is_open(msr, false))
			guest_test_fail("MSR 0x%x %s", msr, was_read ? "was read" : "faulted");
		if (!was_read)
			expect_fault(&fault, msr, "read");
	}
}

GUEST_TEST("MSRs 0x40000000 to 0x400001ff open by their privilege, to writes") {
	for (uint32_t msr = 0x40000000; msr <= 0x400001ff; msr++) {
		bool may_be_written = is_open(msr, true);
		struct guest_fault fault;
		bool was_written;

		/* Zero is legal for each of them and resets nothing that lives here; but a
		 * SINT that is not masked needs a vector. */
		was_written = guest_try_wrmsr(msr, msr >= HV_MSR_SINT0 && msr <= HV_MSR_SINT15 ? 1u << 16 : 0, &fault);
		if (was_written != may_be_written)
			guest_test_fail("MSR 0x%x %s", msr, was_written ? "was written" : "faulted");
		if (!was_written)
			expect_fault(&fault, msr, "write");
	}
}

/* Writes the hostile values to one that exists and puts the old one back. */
static void torment(uint32_t msr) {
	uint64_t old, now;

	if (!guest_try_rdmsr(msr, &old, NULL))
		return;
	for (unsigned i = 0; i < COUNT(bad_values); i++) {
		struct guest_fault fault;

		if (!guest_try_wrmsr(msr, bad_values[i], &fault))
			expect_fault(&fault, msr, "write");
		expect(guest_try_rdmsr(msr, &now, NULL));
		(void)guest_try_wrmsr(msr, old, NULL);
	}
	/* TSC, reference count and run time move on. */
	if (msr == 0x10 || msr == HV_MSR_TIME_REF_COUNT || msr == HV_MSR_VP_RUNTIME)
		return;
	expect(guest_try_rdmsr(msr, &now, NULL));
	if (now != old)
		guest_test_fail("MSR 0x%x is 0x%llx, was 0x%llx", msr, (unsigned long long)now,
		                (unsigned long long)old);
}

static void torment_all(const struct range *ranges, size_t count) {
	for (size_t i = 0; i < count; i++)
		for (uint32_t msr = ranges[i].first; msr <= ranges[i].last; msr++)
			torment(msr);
}

GUEST_TEST("hostile values written to the MSRs that exist do no harm") {
	torment_all(common, COUNT(common));
	torment_all(of_intel, COUNT(of_intel));
	torment_all(of_amd, COUNT(of_amd));
	for (uint32_t msr = 0x40000000; msr <= 0x400001ff; msr++)
		if (msr != HV_MSR_RESET && msr != HV_MSR_ICR) /* see reset.c and apic.c */
			torment(msr);
}

static void expect_refused(uint32_t msr, uint64_t value) {
	struct guest_fault fault;

	if (guest_try_wrmsr(msr, value, &fault))
		guest_test_fail("MSR 0x%x took 0x%llx", msr, (unsigned long long)value);
	expect_fault(&fault, msr, "write");
}

GUEST_TEST("EFER takes no bit that the guest was not given") {
	uint64_t efer = guest_rdmsr(0xc0000080);

	expect_equal(efer & 1ull << 12, 0); /* SVME is not shown */
	for (unsigned bit = 1; bit < 64; bit++)
		if (bit != 8 && bit != 10 && bit != 11 && bit != 14)
			expect_refused(0xc0000080, efer | 1ull << bit);
	expect_refused(0xc0000080, efer & ~(1ull << 8)); /* long mode off while paging is on */
}

GUEST_TEST("reserved types and bits of PAT and MTRRs are refused") {
	expect_refused(0x277, 0x0007040600070402ull);
	expect_refused(0x277, 0x0807040600070406ull);
	expect_refused(0x2ff, 0x2);
	expect_refused(0x2ff, 0x1006);
	expect_refused(0x250, 0x0606060606060602ull);
	expect_refused(0x200, 0x106);
	expect_refused(0x201, 1ull << 63);
	expect_refused(0xfe, 0);
}

GUEST_TEST("read-only synthetic MSRs refuse every value") {
	static const uint32_t fixed[] = {HV_MSR_VP_INDEX, HV_MSR_VP_RUNTIME, HV_MSR_TIME_REF_COUNT,
	                                 HV_MSR_TSC_FREQUENCY, HV_MSR_APIC_FREQUENCY};

	for (unsigned i = 0; i < COUNT(fixed); i++) {
		expect_refused(fixed[i], 0);
		expect_refused(fixed[i], guest_rdmsr(fixed[i]));
	}
	expect_equal(guest_rdmsr(HV_MSR_VP_INDEX), 0);
	expect_equal(guest_rdmsr(HV_MSR_APIC_FREQUENCY), 1000000000);
}

GUEST_TEST("the same holds in x2APIC mode") {
	uint64_t value;

	expect(guest_apic_enable(true));
	for (uint32_t msr = 0x800; msr <= 0x8ff; msr++) {
		struct guest_fault fault;

		if (!guest_try_rdmsr(msr, &value, &fault))
			expect_fault(&fault, msr, "read");
		else if (msr > 0x83f)
			guest_test_fail("MSR 0x%x was read", msr);
	}
	expect_refused(0x802, 0);                      /* id */
	expect_refused(0x803, 0);                      /* version */
	expect_refused(0x80d, 0);                      /* logical destination */
	expect_refused(0x80e, 0);                      /* DFR does not exist here */
	expect_refused(0x831, 0);                      /* nor does the upper half of the command */
	expect(!guest_try_rdmsr(0x80b, &value, NULL)); /* EOI is write only */
	expect(!guest_try_rdmsr(0x83f, &value, NULL)); /* and SELF_IPI */
	expect_refused(0x80b, 1);
	expect_refused(0x828, 1);
	expect_refused(0x808, 0x100);
	expect_refused(0x80f, 0x1000);
	expect_refused(0x832, 0x40000); /* TSC-deadline mode is not offered */
	expect_refused(0x830, 1ull << 20);
	expect_refused(GUEST_MSR_APIC_BASE, 0xfee00900); /* back to xAPIC */
	expect_refused(GUEST_MSR_APIC_BASE, 0xfed00d00); /* moved */
	walk(0xc0000000, 0xc00000ff);
}
