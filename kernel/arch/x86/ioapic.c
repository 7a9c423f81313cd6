/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The I/O APICs: all pins masked at boot, then routed and masked by GSI for
 * machine_pin_* (core/machine.h) [Intel 82093AA 3.2.4 "IOREDTBL"]. Registers are
 * reached by index and data, so each access to a pair is made under one lock.
 */
#include "arch/x86/bring_up.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/insn.h"
#include "core/locks.h"

#define IOREGSEL         0u /* offsets in the register page, bytes / 4 */
#define IOWIN            4u
#define REG_VERSION      0x01u
#define REG_ENTRY(pin)   (0x10u + 2 * (pin)) /* two words per pin */
#define PIN_COUNT(v)     (((v) >> 16 & 0xffu) + 1)
#define PIN_LIMIT        240u

#define ENTRY_ACTIVE_LOW (1u << 13)
#define ENTRY_LEVEL      (1u << 15)
#define ENTRY_MASKED     (1u << 16)

#define PIC1_DATA        0x21
#define PIC2_DATA        0xa1

static struct ioapic {
	volatile uint32_t *registers;
	uint32_t gsi_base;
	uint32_t pin_count;
} ioapics[HANDOFF_MAX_IOAPICS];
static struct spinlock access_lock = {.rank = RANK_IOAPIC};

static uint32_t read_register(const struct ioapic *a, uint32_t index) {
	a->registers[IOREGSEL] = index;
	return a->registers[IOWIN];
}

static void write_register(const struct ioapic *a, uint32_t index, uint32_t value) {
	a->registers[IOREGSEL] = index;
	a->registers[IOWIN] = value;
}

static const struct ioapic *find(uint32_t gsi) {
	for (uint32_t i = 0; i < boot.handoff->ioapic_count; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].pin_count)
			return &ioapics[i];
	return NULL;
}

void ioapic_init(void) {
	const struct handoff *h = boot.handoff;

	/* Nothing of an 8259 gets through: LINT0 and all pins are masked, too. */
	out8(PIC1_DATA, 0xff);
	out8(PIC2_DATA, 0xff);
	for (uint32_t i = 0; i < h->ioapic_count; i++) {
		struct ioapic *a = &ioapics[i];
		uint32_t count;

		a->registers = host_pt_map_mmio(spa(h->ioapic[i].base));
		a->gsi_base = h->ioapic[i].gsi_base;
		count = PIN_COUNT(read_register(a, REG_VERSION));
		if (count > PIN_LIMIT) {
			log_warning("I/O APIC at 0x%lx does not answer: ignored", h->ioapic[i].base);
			continue;
		}
		a->pin_count = count;
		for (uint32_t pin = 0; pin < count; pin++)
			write_register(a, REG_ENTRY(pin), ENTRY_MASKED);
		log_info("I/O APIC at 0x%lx: interrupts %u to %u, all masked", h->ioapic[i].base, a->gsi_base,
		         a->gsi_base + count - 1);
	}
}

enum hv_status machine_pin_route(uint32_t gsi, unsigned vector, const struct cpu *target, uint32_t flags) {
	const struct ioapic *a = find(gsi);
	uint32_t low = ENTRY_MASKED | (flags & HV_DEVICE_INTERRUPT_LEVEL ? ENTRY_LEVEL : 0) |
	               (flags & HV_DEVICE_INTERRUPT_ACTIVE_LOW ? ENTRY_ACTIVE_LOW : 0) | vector;

	if (a == NULL)
		return HV_STATUS_INVALID_PARAMETER;
	spinlock_acquire(&access_lock);
	write_register(a, REG_ENTRY(gsi - a->gsi_base), low);
	write_register(a, REG_ENTRY(gsi - a->gsi_base) + 1, target->apic_id << 24);
	spinlock_release(&access_lock);
	return HV_STATUS_SUCCESS;
}

void machine_pin_mask(uint32_t gsi, bool is_masked) {
	const struct ioapic *a = find(gsi);
	uint32_t index = REG_ENTRY(gsi - a->gsi_base);
	uint32_t low;

	spinlock_acquire(&access_lock);
	low = read_register(a, index) & ~ENTRY_MASKED;
	write_register(a, index, is_masked ? low | ENTRY_MASKED : low);
	spinlock_release(&access_lock);
}
