/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Machine-check banks [SDM 3B 16.3 "Machine-Check MSRs", 16.10 "Guidelines for
 * Writing Machine-Check Software"], [APM2 9 "Machine Check Architecture"]: each is
 * read, logged and cleared; then core decides whose frame it hit. What the
 * processor cannot continue from, or what lost its context, panics
 * (architecture.md D10).
 */
#include "arch/x86/bring_up.h"
#include "arch/x86/insn.h"
#include "arch/x86/trap.h"
#include "lib/bits.h"

#define MSR_MCG_CAP         0x179u
#define MSR_MCG_STATUS      0x17au
#define MSR_MCG_CTL         0x17bu
#define MSR_BANK(n)         (0x400u + 4 * (n)) /* its CTL, then these: */
#define STATUS              1u
#define ADDRESS             2u
#define MCG_CAP_COUNT       0xffu
#define MCG_CAP_CTL         BIT(8)
#define CPUID_1_EDX_MCE_MCA (BIT(7) | BIT(14))

/* Logs and clears one bank, tells core of what is contained, and says whether the machine
 * is lost, as it may have been before. */
static bool take_bank(uint32_t n, uint64_t global, bool is_fatal) {
	static const char *const names[] = {
	    [MCE_CORRECTED] = "corrected", [MCE_CONTAINED] = "data lost", [MCE_FATAL] = "fatal"};
	uint64_t status = rdmsr(MSR_BANK(n) + STATUS);
	enum mce_verdict verdict = mce_judge(global, status);
	uint64_t address = verdict != MCE_NOTHING && (status & MCE_ADDRESS) ? rdmsr(MSR_BANK(n) + ADDRESS) : 0;

	if (verdict != MCE_NOTHING)
		log_error("machine check: processor %u, bank %u, status 0x%lx, address 0x%lx: %s", this_cpu()->index, n,
		          status, address, names[verdict]);
	wrmsr(MSR_BANK(n) + STATUS, 0);
	is_fatal |= verdict == MCE_FATAL;
	if (verdict == MCE_CONTAINED && !is_fatal)
		core_on_machine_check(address, status & MCE_ADDRESS);
	return is_fatal;
}

void machine_check_enable(void) {
	uint64_t capabilities;

	if (~cpuid(1, 0).edx & CPUID_1_EDX_MCE_MCA)
		return;
	capabilities = rdmsr(MSR_MCG_CAP);
	if (capabilities & MCG_CAP_CTL)
		wrmsr(MSR_MCG_CTL, ~0ull);
	for (uint32_t n = 0; n < (capabilities & MCG_CAP_COUNT); n++) {
		wrmsr(MSR_BANK(n), ~0ull);
		take_bank(n, 0, false); /* from before this boot, hence never contained */
	}
	write_cr4(read_cr4() | CR4_MCE);
}

void machine_check_handle(uint64_t rip) {
	uint64_t global = rdmsr(MSR_MCG_STATUS);
	uint32_t count = rdmsr(MSR_MCG_CAP) & MCG_CAP_COUNT;
	bool is_fatal = (global & MCE_GLOBAL_MCIP) && !(global & MCE_GLOBAL_RIPV);

	for (uint32_t n = 0; n < count; n++)
		is_fatal = take_bank(n, global, is_fatal);
	if (is_fatal)
		panic("machine check that cannot be recovered from, at 0x%lx", rip);
	/* Allows the next one; another before this line shuts the processor down. */
	wrmsr(MSR_MCG_STATUS, global & ~MCE_GLOBAL_MCIP);
}

/* Like the real one: on the machine-check stack. */
void machine_check_now(void) { __asm__ volatile("int %0" : : "i"(VECTOR_MACHINE_CHECK) : "memory"); }
