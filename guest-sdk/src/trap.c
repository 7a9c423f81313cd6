/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The IDT, exceptions that a guest_try awaits, and interrupt handlers. An awaited
 * exception returns not to its instruction but into guest_catch_throw, by IRET, so
 * that the interrupt flag and NMI blocking are as they were.
 */
#include "guest/fault.h"

#include "guest/cpu.h"
#include "guest.h"
#include "stack.h"

#define EXCEPTIONS     32u
#define GATE_INTERRUPT 0x8e00u
#define ENTRY_SIZE     16u /* of the code in trap_entry.S */
#define CODE64         0x08u
#define DATA           0x10u

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

static struct gate idt[256];
static void (*handlers[256])(struct guest_frame *frame);
static struct guest_vp vps[GUEST_CPUS_MAX];

unsigned guest_cpu_index(void) {
	char here;

	return (unsigned)((uintptr_t)&here - (uintptr_t)guest_stacks) / GUEST_STACK_SIZE;
}

struct guest_vp *guest_vp_self(void) {
	return &vps[guest_cpu_index()];
}

void guest_trap_build(void) {
	for (unsigned i = 0; i < 256; i++) {
		uint64_t entry = (uintptr_t)guest_trap_entries + (uint64_t)i * ENTRY_SIZE;

		idt[i] = (struct gate){.offset_low = (uint16_t)entry,
		                       .selector = CODE64,
		                       .type = GATE_INTERRUPT,
		                       .offset_middle = (uint16_t)(entry >> 16),
		                       .offset_high = (uint32_t)(entry >> 32)};
	}
}

void guest_trap_load(void) {
	const struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} pointer = {sizeof(idt) - 1, (uintptr_t)idt};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void guest_set_handler(uint8_t vector, void (*handler)(struct guest_frame *frame)) {
	__atomic_store_n(&handlers[vector], handler, __ATOMIC_SEQ_CST);
}

static void on_exception(struct guest_frame *frame) {
	struct guest_fault fault = {frame->vector, frame->error_code, frame->rip,
	                            frame->vector == GUEST_PF ? guest_read_cr2() : 0};
	struct guest_catch *point = guest_vp_self()->catch;

	if (point == NULL)
		guest_test_exception(&fault);
	point->fault = fault;
	frame->rip = (uintptr_t)guest_catch_throw;
	frame->rdi = (uintptr_t)point;
	frame->cs = CODE64;
	frame->ss = DATA;
}

void guest_trap(struct guest_frame *frame) {
	void (*handler)(struct guest_frame *) = __atomic_load_n(&handlers[frame->vector & 255], __ATOMIC_SEQ_CST);

	if (handler != NULL)
		handler(frame);
	else if (frame->vector < EXCEPTIONS)
		on_exception(frame);
	/* Another interrupt without a handler is dropped: spurious ones may come. */
}

bool guest_try(void (*function)(void *argument), void *argument, struct guest_fault *fault) {
	struct guest_vp *vp = guest_vp_self();
	struct guest_catch point = {.outer = vp->catch};
	bool is_good;

	vp->catch = &point;
	is_good = guest_catch(&point, function, argument);
	vp->catch = point.outer;
	if (!is_good && fault != NULL)
		*fault = point.fault;
	return is_good;
}

struct access {
	uint64_t value;
	volatile uint8_t *address;
	uint32_t msr;
};

static void read_msr(void *argument) {
	struct access *a = argument;

	a->value = guest_rdmsr(a->msr);
}

static void write_msr(void *argument) {
	struct access *a = argument;

	guest_wrmsr(a->msr, a->value);
}

static void read_byte(void *argument) {
	struct access *a = argument;

	a->value = *a->address;
}

static void write_byte(void *argument) {
	struct access *a = argument;

	*a->address = (uint8_t)a->value;
}

bool guest_try_rdmsr(uint32_t msr, uint64_t *value, struct guest_fault *fault) {
	struct access a = {.msr = msr};
	bool is_good = guest_try(read_msr, &a, fault);

	if (is_good)
		*value = a.value;
	return is_good;
}

bool guest_try_wrmsr(uint32_t msr, uint64_t value, struct guest_fault *fault) {
	struct access a = {.msr = msr, .value = value};

	return guest_try(write_msr, &a, fault);
}

bool guest_try_read8(const volatile void *address, uint8_t *value, struct guest_fault *fault) {
	struct access a = {.address = (volatile uint8_t *)(uintptr_t)address};
	bool is_good = guest_try(read_byte, &a, fault);

	if (is_good)
		*value = (uint8_t)a.value;
	return is_good;
}

bool guest_try_write8(volatile void *address, uint8_t value, struct guest_fault *fault) {
	struct access a = {.address = address, .value = value};

	return guest_try(write_byte, &a, fault);
}
