/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Offsets of the page become register names of the kernel. */
#include "runtime/hypercall.h"
#include "vmm/apic_page.h"

#define REGISTER_EOI 0x0bu
#define REGISTER_ISR 0x10u
#define REGISTER_TMR 0x18u
#define VECTOR_WORDS 8u /* 256 bits in registers of 32 */

static bool register_name(uint64_t offset, uint32_t *name) {
	*name = HV_REGISTER_APIC_BASE_NAME + (uint32_t)(offset >> 4);
	return *name <= HV_REGISTER_APIC_LAST_NAME;
}

uint64_t apic_page_read(struct vm *vm, unsigned vp_index, uint64_t offset, unsigned size) {
	uint64_t mask = size >= 8 ? ~0ull : (1ull << 8 * size) - 1;
	unsigned within = (unsigned)(offset & 0xf);
	union hv_register_value value;
	uint32_t name;

	if (within >= 4 || !register_name(offset, &name))
		return 0;
	if (hypercall_get_registers(vm->partition, vp_index, &name, 1, &value) != HV_STATUS_SUCCESS)
		return mask;
	return (value.u64 & 0xffffffffull) >> 8 * within & mask;
}

/* The vector that an end of interrupt would end now, if it came by a level and the
 * I/O APIC is to hear of it [APM2 16.6.4 "Interrupt Masking", TMR]; else -1. */
static int level_in_service(const struct vm *vm, unsigned vp_index) {
	uint32_t names[2 * VECTOR_WORDS];
	union hv_register_value values[2 * VECTOR_WORDS];

	for (uint32_t i = 0; i < VECTOR_WORDS; i++) {
		names[i] = HV_REGISTER_APIC_BASE_NAME + REGISTER_ISR + i;
		names[VECTOR_WORDS + i] = HV_REGISTER_APIC_BASE_NAME + REGISTER_TMR + i;
	}
	if (hypercall_get_registers(vm->partition, vp_index, names, 2 * VECTOR_WORDS, values) != HV_STATUS_SUCCESS)
		return -1;
	for (unsigned word = VECTOR_WORDS; word-- > 0;) {
		uint32_t in_service = (uint32_t)values[word].u64;
		unsigned bit;

		if (in_service == 0)
			continue;
		bit = 31 - (unsigned)__builtin_clz(in_service);
		return values[VECTOR_WORDS + word].u64 >> bit & 1 ? (int)(word * 32 + bit) : -1;
	}
	return -1;
}

void apic_page_write(struct vm *vm, unsigned vp_index, uint64_t offset, unsigned size, uint64_t value) {
	struct hv_register_assoc assoc = {.value.u64 = value & 0xffffffffull};
	int ended = -1;

	if ((offset & 0xf) != 0 || size < 4 || !register_name(offset, &assoc.name))
		return;
	if (assoc.name == HV_REGISTER_APIC_BASE_NAME + REGISTER_EOI)
		ended = level_in_service(vm, vp_index);
	/* A refused value is the guest's own error; a real APIC says nothing either. */
	if (hypercall_set_registers(vm->partition, vp_index, &assoc, 1) == HV_STATUS_SUCCESS && ended >= 0)
		vm_devices_eoi(vm, (uint8_t)ended);
}
