/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Access to the local APIC in both modes [SDM 3A 11.4 "Local APIC", 11.12
 * "Extended XAPIC (x2APIC)"]. Devices are reached by 8-bit ids without interrupt
 * remapping, so ids above 254 are left out by smp.c and all fit either mode.
 */
#include "arch/x86/local_apic.h"

#include "arch/x86/host_pt.h"
#include "arch/x86/insn.h"
#include "core/cpu.h"
#include "core/machine.h"
#include "lib/bits.h"

#define CPUID_1_ECX_X2APIC (1u << 21)
#define MSR_X2APIC_FIRST   0x800u
#define LVT_CMCI           0x2fu
#define LVT_NMI            (LAPIC_IPI_NMI << 8)
#define ICR_PENDING        (1u << 12)
#define ICR_SPIN           1000000u

static volatile uint32_t *registers;
static bool is_x2apic;

uint32_t local_apic_read(unsigned reg) {
	return is_x2apic ? (uint32_t)rdmsr(MSR_X2APIC_FIRST + reg) : registers[reg * 4];
}

void local_apic_write(unsigned reg, uint32_t value) {
	if (is_x2apic)
		wrmsr(MSR_X2APIC_FIRST + reg, value);
	else
		registers[reg * 4] = value;
}

uint32_t local_apic_id(void) { return local_apic_read(LAPIC_ID) >> (is_x2apic ? 0 : 24); }

/* A step at a time: from disabled to x2APIC is not a legal transition
 * [SDM 3A 11.12.5 "x2APIC State Transitions"]. */
static void select_mode(void) {
	uint64_t base = rdmsr(MSR_APIC_BASE) | LAPIC_BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	is_x2apic = (cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC) != 0;
	if (is_x2apic)
		wrmsr(MSR_APIC_BASE, base | LAPIC_BASE_X2APIC);
	else if (registers == NULL)
		registers = host_pt_map_mmio(spa(align_down(base, PAGE_SIZE)));
}

void local_apic_enable(void) {
	/* In the order in which processors came to have them. */
	static const uint8_t lvt[] = {LAPIC_LVT_TIMER,       LAPIC_LVT_LINT0,   LAPIC_LVT_LINT1, LAPIC_LVT_ERROR,
	                              LAPIC_LVT_PERFORMANCE, LAPIC_LVT_THERMAL, LVT_CMCI};
	uint32_t last;

	select_mode();
	last = local_apic_read(LAPIC_VERSION) >> 16 & 0xff;
	for (unsigned i = 0; i < ARRAY_COUNT(lvt) && i <= last; i++)
		local_apic_write(lvt[i], LAPIC_LVT_MASKED);
	/* Before it is enabled no entry can be unmasked
	 * [SDM 3A 11.4.7.2 "Local APIC State After It Has Been Software Disabled"]. */
	local_apic_write(LAPIC_SVR, LAPIC_SVR_ENABLE | VECTOR_SPURIOUS);
	local_apic_write(LAPIC_LVT_LINT1, LVT_NMI);
	local_apic_write(LAPIC_LVT_ERROR, VECTOR_ERROR); /* counted like an unknown one */
	/* Class 1 is never let in: its vectors, 16 to 31, are those of exceptions, and a
	 * device can raise them. */
	local_apic_write(LAPIC_TPR, 0x10);
	/* Firmware may have left something in service, at most one per class. */
	for (unsigned i = 0; i < 16; i++)
		local_apic_eoi();
	local_apic_write(LAPIC_ESR, 0);
}

void local_apic_eoi(void) { local_apic_write(LAPIC_EOI, 0); }

bool local_apic_is_in_service(unsigned vector) {
	return (local_apic_read(LAPIC_ISR + vector / 32) >> (vector % 32) & 1) != 0;
}

/* Not interrupted between the two halves: interrupts are off, and an NMI or
 * machine check sends only when the machine stops for good. */
void local_apic_send(uint32_t apic_id, uint32_t command) {
	if (is_x2apic) {
		/* WRMSR to the x2APIC does not wait for earlier stores
		 * [SDM 3A 11.12.3 "MSR Access in x2APIC Mode"]. */
		mfence();
		lfence();
		wrmsr(MSR_X2APIC_FIRST + LAPIC_ICR, (uint64_t)apic_id << 32 | command);
		return;
	}
	for (unsigned i = 0; i < ICR_SPIN && (local_apic_read(LAPIC_ICR) & ICR_PENDING); i++)
		cpu_pause();
	local_apic_write(LAPIC_ICR_HIGH, apic_id << 24);
	local_apic_write(LAPIC_ICR, command);
}

void machine_kick(const struct cpu *cpu) { local_apic_send(cpu->apic_id, ICR_FIXED | VECTOR_KICK); }

/* Physical destination, fixed, edge [SDM 3A 11.11 "Message Signalled
 * Interrupts"]. */
void machine_msi_compose(unsigned vector, const struct cpu *target, uint64_t *address, uint32_t *data) {
	*address = 0xfee00000ull | (uint64_t)target->apic_id << 12;
	*data = vector;
}
