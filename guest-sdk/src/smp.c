/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Starting other VPs [SDM 3A 9.4.4 "MP Initialization Example"]. */
#include "guest/smp.h"

#include "guest/apic.h"
#include "guest/cpu.h"
#include "guest/time.h"
#include "guest.h"
#include "stack.h"

#define TRAMPOLINE      0x8000u
#define ICR_INIT        0x4500u
#define ICR_SIPI        0x4600u
#define START_TIMEOUT   2000u /* in steps of a millisecond */
#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA     0x511
#define FW_CFG_CPUS     0x0005

volatile uint32_t guest_cpu_next_index = 1;

struct start {
	void (*function)(void *argument);
	void *argument;
	bool has_begun;
};
static struct start starts[GUEST_CPUS_MAX];

unsigned guest_cpu_count(void) {
	unsigned count;

	guest_out16(FW_CFG_SELECTOR, FW_CFG_CPUS);
	count = guest_in8(FW_CFG_DATA);
	count |= (unsigned)guest_in8(FW_CFG_DATA) << 8;
	return count == 0 || count == 0xffff ? 1 : count;
}

void guest_cpu_run(unsigned index) {
	struct start *s = &starts[index];

	__atomic_store_n(&s->has_begun, true, __ATOMIC_RELEASE);
	s->function(s->argument);
}

bool guest_cpu_start(uint32_t apic_id, void (*function)(void *argument), void *argument) {
	uint32_t index = guest_cpu_next_index;
	uint8_t *trampoline = (uint8_t *)(uintptr_t)TRAMPOLINE;
	bool has_begun = false;

	if (index >= GUEST_CPUS_MAX)
		return false;
	starts[index] = (struct start){function, argument, false};
	__asm__("" : "+r"(trampoline)); /* an address, not an object of size 0 */
	memcpy(trampoline, guest_trampoline, (size_t)(guest_trampoline_end - guest_trampoline));
	guest_apic_send(ICR_INIT, apic_id);
	guest_delay_us(10000);
	for (unsigned n = 0; n < 2; n++) {
		guest_apic_send(ICR_SIPI | TRAMPOLINE >> 12, apic_id);
		guest_delay_us(200);
	}
	for (unsigned i = 0; i < START_TIMEOUT && !has_begun; i++) {
		has_begun = __atomic_load_n(&starts[index].has_begun, __ATOMIC_ACQUIRE);
		if (!has_begun)
			guest_delay_us(1000);
	}
	guest_cpu_next_index = index + 1;
	return has_begun;
}
