/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The devices of one VM, on its two buses: 16550 at 0x3f8 on pin 4 of the I/O
 * APIC, CMOS clock, sleep and reset registers, and, where the configuration
 * asks, debug exit and fw_cfg (architecture.md, "The child's virtual hardware
 * profile"). The caller holds the VM's lock in every call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "devices/cmos.h"
#include "devices/debug_exit.h"
#include "devices/fw_cfg.h"
#include "devices/ioapic.h"
#include "devices/mmio_bus.h"
#include "devices/port_bus.h"
#include "devices/uart16550.h"
#include "vmm/vm_state.h"

#define VM_UART_PORT  0x3f8u
#define VM_UART_PIN   4u
#define VM_INPUT_SIZE 1024u /* typed at the console, not taken by the UART yet */

struct vm;

struct vm_devices {
	struct uart16550 uart;
	struct ioapic ioapic;
	struct cmos cmos;
	struct debug_exit debug_exit;
	struct fw_cfg fw_cfg;
	struct port_bus ports;
	struct mmio_bus mmio;
	uint32_t input_first; /* ring of typed bytes */
	uint32_t input_count;
	uint8_t input[VM_INPUT_SIZE];
};

/* Everything as after power-on, for the VM's configuration. */
void vm_devices_reset(struct vm *vm);

/* Types bytes at the VM's console; returns how many found space. Interrupts
 * that follow are owed until vm_devices_deliver. */
size_t vm_devices_type(struct vm *vm, const uint8_t *bytes, size_t count);

/* Sends the interrupts that the I/O APIC owes to the partition. After every
 * access to a bus, vm_devices_type and vm_devices_eoi. */
void vm_devices_deliver(struct vm *vm);

/* A local APIC ended a level-triggered interrupt. */
void vm_devices_eoi(struct vm *vm, uint8_t vector);
