/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The local APIC in either mode [SDM 3A 11 "Advanced Programmable Interrupt Controller"]. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GUEST_MSR_APIC_BASE 0x1bu

/* Registers by their x2APIC number: MSR 0x800 + r, or MMIO at r * 16. */
enum guest_apic_register {
	GUEST_APIC_ID = 0x02,
	GUEST_APIC_VERSION = 0x03,
	GUEST_APIC_TPR = 0x08,
	GUEST_APIC_EOI = 0x0b,
	GUEST_APIC_SPURIOUS = 0x0f,
	GUEST_APIC_ISR = 0x10,
	GUEST_APIC_IRR = 0x20,
	GUEST_APIC_ERROR = 0x28,
	GUEST_APIC_ICR = 0x30,
	GUEST_APIC_LVT_TIMER = 0x32,
	GUEST_APIC_TIMER_COUNT = 0x38,
	GUEST_APIC_TIMER_NOW = 0x39,
	GUEST_APIC_TIMER_DIVIDE = 0x3e,
};

/* Turns this VP's APIC on, in x2APIC mode if asked and offered; false if that
 * mode was asked for and is not offered. */
bool guest_apic_enable(bool in_x2apic_mode);

/* In the mode that the APIC is in. */
uint32_t guest_apic_read(enum guest_apic_register r);
void guest_apic_write(enum guest_apic_register r, uint32_t value);
uint32_t guest_apic_id(void);
void guest_apic_eoi(void);

/* The interrupt command: bits 7:0 vector, 10:8 delivery mode, 14 assert, 19:18
 * shorthand; waits until an xAPIC has sent it. */
void guest_apic_send(uint32_t command, uint32_t destination);

/* One interrupt after `count` ticks of the timer, divided by 1. */
void guest_apic_timer_start(uint8_t vector, uint32_t count);
