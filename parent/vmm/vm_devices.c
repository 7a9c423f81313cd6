/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Puts device models on the buses and carries their outputs on. */
#include "devices/acpi_pm.h"
#include "runtime/hypercall.h"
#include "runtime/invariant.h"
#include "runtime/log.h"
#include "runtime/time.h"
#include "vmm/vm.h"

/* Bytes that were typed move on as the UART has space; then the pin follows. */
static void uart_update(struct vm *vm) {
	struct vm_devices *d = &vm->devices;

	while (d->input_count > 0 && uart16550_receive(&d->uart, d->input[d->input_first])) {
		d->input_first = (d->input_first + 1) % VM_INPUT_SIZE;
		d->input_count--;
	}
	ioapic_set_pin(&d->ioapic, VM_UART_PIN, uart16550_interrupt(&d->uart));
}

static uint32_t uart_read(void *context, uint16_t port, unsigned size) {
	struct vm *vm = context;
	uint8_t value = uart16550_read(&vm->devices.uart, port - VM_UART_PORT);

	(void)size;
	uart_update(vm);
	return value;
}

static void uart_write(void *context, uint16_t port, unsigned size, uint32_t value) {
	struct vm *vm = context;
	struct uart16550_output output;

	(void)size;
	uart16550_write(&vm->devices.uart, port - VM_UART_PORT, (uint8_t)value, &output);
	if (output.has_byte)
		console_write(&vm->console, &output.byte, 1);
	if (output.has_line_dropped)
		ioapic_set_pin(&vm->devices.ioapic, VM_UART_PIN, false);
	uart_update(vm);
}

static uint32_t cmos_port_read(void *context, uint16_t port, unsigned size) {
	struct vm *vm = context;

	(void)size;
	return cmos_read(&vm->devices.cmos, port - CMOS_PORT, time_unix());
}

static void cmos_port_write(void *context, uint16_t port, unsigned size, uint32_t value) {
	struct vm *vm = context;

	(void)size;
	cmos_write(&vm->devices.cmos, port - CMOS_PORT, (uint8_t)value);
}

static uint32_t acpi_pm_port_read(void *context, uint16_t port, unsigned size) {
	(void)context;
	(void)size;
	return acpi_pm_read(port - ACPI_PM_PORT);
}

static void acpi_pm_port_write(void *context, uint16_t port, unsigned size, uint32_t value) {
	struct vm *vm = context;

	(void)size;
	switch (acpi_pm_write(port - ACPI_PM_PORT, (uint8_t)value)) {
	case ACPI_PM_NONE:
		break;
	case ACPI_PM_POWER_OFF:
		vm_end(vm, VM_END_POWER_OFF, 0);
		break;
	case ACPI_PM_RESET_SYSTEM:
		vm_end(vm, VM_END_RESET, 0);
		break;
	}
}

static uint32_t debug_exit_port_read(void *context, uint16_t port, unsigned size) {
	struct vm *vm = context;

	(void)port;
	(void)size;
	return debug_exit_read(&vm->devices.debug_exit);
}

static void debug_exit_port_write(void *context, uint16_t port, unsigned size, uint32_t value) {
	struct vm *vm = context;

	(void)size;
	debug_exit_write(&vm->devices.debug_exit, port - DEBUG_EXIT_PORT, value);
	if (vm->devices.debug_exit.has_status)
		vm_end(vm, VM_END_DEBUG_EXIT, vm->devices.debug_exit.status);
}

static uint32_t fw_cfg_port_read(void *context, uint16_t port, unsigned size) {
	struct vm *vm = context;

	return fw_cfg_read(&vm->devices.fw_cfg, port - FW_CFG_PORT, size);
}

static void fw_cfg_port_write(void *context, uint16_t port, unsigned size, uint32_t value) {
	struct vm *vm = context;

	fw_cfg_write(&vm->devices.fw_cfg, port - FW_CFG_PORT, size, value);
}

static uint64_t ioapic_mmio_read(void *context, uint64_t offset, unsigned size) {
	struct vm *vm = context;
	uint32_t value = ioapic_read(&vm->devices.ioapic, offset);

	return size < 4 ? value & ((1u << 8 * size) - 1) : value;
}

static void ioapic_mmio_write(void *context, uint64_t offset, unsigned size, uint64_t value) {
	struct vm *vm = context;

	(void)size;
	ioapic_write(&vm->devices.ioapic, offset, (uint32_t)value);
}

static void add_ports(struct vm *vm, uint16_t first, unsigned count, uint8_t width,
                      uint32_t (*read)(void *context, uint16_t port, unsigned size),
                      void (*write)(void *context, uint16_t port, unsigned size, uint32_t value)) {
	struct port_device device = {.first = first,
	                             .last = (uint16_t)(first + count - 1),
	                             .width = width,
	                             .read = read,
	                             .write = write,
	                             .context = vm};
	bool is_added = port_bus_add(&vm->devices.ports, &device);

	invariant(is_added);
}

void vm_devices_reset(struct vm *vm) {
	struct vm_devices *d = &vm->devices;
	struct mmio_device ioapic = {.first = IOAPIC_GPA,
	                             .last = IOAPIC_GPA + IOAPIC_SIZE - 1,
	                             .width = 4,
	                             .read = ioapic_mmio_read,
	                             .write = ioapic_mmio_write,
	                             .context = vm};
	bool is_added;

	uart16550_reset(&d->uart);
	ioapic_reset(&d->ioapic);
	cmos_reset(&d->cmos);
	debug_exit_reset(&d->debug_exit);
	fw_cfg_reset(&d->fw_cfg, (uint16_t)vm->config.cpus);
	d->input_first = 0;
	d->input_count = 0;

	port_bus_reset(&d->ports);
	add_ports(vm, VM_UART_PORT, UART16550_REGISTER_COUNT, 1, uart_read, uart_write);
	add_ports(vm, CMOS_PORT, CMOS_PORT_COUNT, 1, cmos_port_read, cmos_port_write);
	add_ports(vm, ACPI_PM_PORT, ACPI_PM_PORT_COUNT, 1, acpi_pm_port_read, acpi_pm_port_write);
	if (vm->config.has_debug_exit)
		add_ports(vm, DEBUG_EXIT_PORT, DEBUG_EXIT_PORT_COUNT, DEBUG_EXIT_WIDTH, debug_exit_port_read,
		          debug_exit_port_write);
	if (vm->config.has_fw_cfg)
		add_ports(vm, FW_CFG_PORT, FW_CFG_PORT_COUNT, FW_CFG_WIDTH, fw_cfg_port_read, fw_cfg_port_write);

	mmio_bus_reset(&d->mmio);
	is_added = mmio_bus_add(&d->mmio, &ioapic);
	invariant(is_added);
}

size_t vm_devices_type(struct vm *vm, const uint8_t *bytes, size_t count) {
	struct vm_devices *d = &vm->devices;
	size_t taken = 0;

	for (; taken < count && d->input_count < VM_INPUT_SIZE; taken++, d->input_count++)
		d->input[(d->input_first + d->input_count) % VM_INPUT_SIZE] = bytes[taken];
	uart_update(vm);
	return taken;
}

void vm_devices_deliver(struct vm *vm) {
	struct ioapic_message message;

	while (ioapic_take_message(&vm->devices.ioapic, &message)) {
		struct hv_assert_virtual_interrupt_in in = {
		    .partition_id = vm->partition,
		    .control = (uint64_t)message.delivery | (message.is_level ? HV_INTERRUPT_CONTROL_LEVEL : 0) |
		               (message.is_logical ? HV_INTERRUPT_CONTROL_LOGICAL : 0),
		    .destination = message.destination,
		    .vector = message.vector,
		};
		enum hv_status status = hypercall_assert_interrupt(&in);

		/* The guest chose vector and destination: nonsense is lost, as on a bus. */
		if (status != HV_STATUS_SUCCESS)
			log_debug("vm %s: interrupt vector %u to APIC %u: %s", vm->config.name, message.vector,
			          message.destination, hypercall_status_text(status));
	}
}

void vm_devices_eoi(struct vm *vm, uint8_t vector) { ioapic_eoi(&vm->devices.ioapic, vector); }
