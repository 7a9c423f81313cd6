/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The local APIC, by MSR or by MMIO as its mode is at the moment of the access. */
#include "guest/apic.h"

#include "guest/cpu.h"

#define BASE_X2APIC     0x400u
#define BASE_ENABLE     0x800u
#define BASE_ADDRESS    0xfffffffffffff000ull
#define SPURIOUS_ENABLE 0x100u
#define SPURIOUS_VECTOR 0xffu
#define ICR_BUSY        0x1000u
#define ICR_HIGH        0x31
#define DIVIDE_BY_1     0xbu
#define CPUID_X2APIC    (1u << 21)
#define MSR_X2APIC      0x800u
#define SPINS_MAX       1000000u

static bool is_x2apic(void) { return (guest_rdmsr(GUEST_MSR_APIC_BASE) & BASE_X2APIC) != 0; }

static volatile uint32_t *mmio(unsigned r) {
	uint64_t base = guest_rdmsr(GUEST_MSR_APIC_BASE) & BASE_ADDRESS;

	return (volatile uint32_t *)(base + (uint64_t)r * 16);
}

bool guest_apic_enable(bool in_x2apic_mode) {
	uint64_t base = guest_rdmsr(GUEST_MSR_APIC_BASE) | BASE_ENABLE;

	if (in_x2apic_mode && !(guest_cpuid(1, 0).ecx & CPUID_X2APIC))
		return false;
	guest_wrmsr(GUEST_MSR_APIC_BASE, base | (in_x2apic_mode ? BASE_X2APIC : 0));
	guest_apic_write(GUEST_APIC_SPURIOUS, SPURIOUS_ENABLE | SPURIOUS_VECTOR);
	return true;
}

uint32_t guest_apic_read(enum guest_apic_register r) {
	return is_x2apic() ? (uint32_t)guest_rdmsr(MSR_X2APIC + (uint32_t)r) : *mmio(r);
}

void guest_apic_write(enum guest_apic_register r, uint32_t value) {
	if (is_x2apic())
		guest_wrmsr(MSR_X2APIC + (uint32_t)r, value);
	else
		*mmio(r) = value;
}

uint32_t guest_apic_id(void) {
	uint32_t id = guest_apic_read(GUEST_APIC_ID);

	return is_x2apic() ? id : id >> 24;
}

void guest_apic_eoi(void) { guest_apic_write(GUEST_APIC_EOI, 0); }

void guest_apic_send(uint32_t command, uint32_t destination) {
	if (is_x2apic()) {
		guest_wrmsr(MSR_X2APIC + GUEST_APIC_ICR, (uint64_t)destination << 32 | command);
		return;
	}
	*mmio(ICR_HIGH) = destination << 24;
	*mmio(GUEST_APIC_ICR) = command;
	for (unsigned i = 0; i < SPINS_MAX && (*mmio(GUEST_APIC_ICR) & ICR_BUSY); i++)
		guest_pause();
}

void guest_apic_timer_start(uint8_t vector, uint32_t count) {
	guest_apic_write(GUEST_APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	guest_apic_write(GUEST_APIC_LVT_TIMER, vector);
	guest_apic_write(GUEST_APIC_TIMER_COUNT, count);
}
