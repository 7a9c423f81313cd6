/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* MSI-X, else MSI, else the pin [PCI 3.0 6.8 "Message Signaled Interrupts"]. */
#include <stddef.h>
#include "drivers/pci.h"
#include "drivers/pci_registers.h"
#include "runtime/log.h"

struct connection {
	const struct hv_boot_info *info;
	pci_address_t function;
	uint32_t first_vp, vp_count;
	struct interrupt_handler *const *handlers;
	unsigned wanted;
};

static bool uses_pins;

void pci_use_pins(bool only) { uses_pins = only; }

static uint32_t vp_of(const struct connection *c, unsigned i) { return (c->first_vp + i) % c->vp_count; }

const char *pci_interrupt_text(enum pci_interrupt_kind kind) {
	static const char *const texts[] = {"no interrupt", "a pin", "MSI", "MSI-X"};

	return texts[kind];
}

static void no_pin(pci_address_t function) {
	uint32_t command = pci_config_read(function, PCI_COMMAND) & 0xffff;

	pci_config_write(function, PCI_COMMAND, command | PCI_COMMAND_NO_PIN);
}

/* All entries of the table are masked but those that are connected: what they hold is
 * the firmware's or noise. */
static unsigned fill_table(const struct connection *c, const struct pci_interrupts *msix, unsigned entries) {
	const struct mmio *m = &msix->table;
	uint32_t offset = msix->offset;
	unsigned count = 0;

	for (unsigned i = 0; i < entries; i++)
		mmio_write32(m, offset + i * MSIX_ENTRY_SIZE + 12, MSIX_ENTRY_MASK);
	while (count < entries && count < c->wanted) {
		struct interrupt_message message;
		uint32_t at = offset + count * MSIX_ENTRY_SIZE;

		if (interrupts_map_message(vp_of(c, count), c->handlers[count], &message) != ERR_NONE)
			break;
		mmio_write32(m, at, (uint32_t)message.address);
		mmio_write32(m, at + 4, (uint32_t)(message.address >> 32));
		mmio_write32(m, at + 8, message.data);
		mmio_write32(m, at + 12, 0);
		count++;
	}
	return count;
}

static unsigned connect_msix(const struct connection *c, struct pci_interrupts *msix) {
	uint8_t at = pci_find_capability(c->function, PCI_CAPABILITY_MSIX);
	uint32_t control = at != 0 ? pci_config_read(c->function, at) : 0;
	unsigned entries = (control >> 16 & 0x7ff) + 1, count;
	uint32_t table;
	struct err_text text;

	if (at == 0)
		return 0;
	table = pci_config_read(c->function, (uint16_t)(at + 4));
	if (pci_map_registers(c->info, c->function, table & 7, (table & ~7u) + (uint64_t)entries * MSIX_ENTRY_SIZE,
	                      &msix->table, &text) != ERR_NONE) {
		log_warning("pci: no MSI-X: %s", text.text);
		return 0;
	}
	/* Enabled before the table is written, as some devices want it, but masked. */
	control &= ~0xffffu;
	pci_config_write(c->function, at, control | MSIX_ENABLE | MSIX_MASK_ALL);
	msix->offset = table & ~7u;
	count = fill_table(c, msix, entries);
	pci_config_write(c->function, at, (control & ~MSIX_MASK_ALL & ~MSIX_ENABLE) | (count > 0 ? MSIX_ENABLE : 0));
	return count;
}

static unsigned connect_msi(const struct connection *c) {
	uint8_t at = pci_find_capability(c->function, PCI_CAPABILITY_MSI);
	uint32_t control = at != 0 ? pci_config_read(c->function, at) : 0;
	uint16_t data_at = (uint16_t)(at + (control & MSI_64 ? 12 : 8));
	struct interrupt_message message;

	if (at == 0 || interrupts_map_message(vp_of(c, 0), c->handlers[0], &message) != ERR_NONE)
		return 0;
	if (message.address >> 32 != 0 && !(control & MSI_64))
		return 0;
	pci_config_write(c->function, (uint16_t)(at + 4), (uint32_t)message.address);
	if (control & MSI_64)
		pci_config_write(c->function, (uint16_t)(at + 8), (uint32_t)(message.address >> 32));
	pci_config_write(c->function, data_at, message.data);
	if (control & MSI_MASKABLE)
		pci_config_write(c->function, (uint16_t)(data_at + 4), 0);
	pci_config_write(c->function, at, (control & ~0xffffu & ~MSI_MULTIPLE) | MSI_ENABLE);
	return 1;
}

/* What the firmware has left on would keep the pin quiet. */
static void no_messages(pci_address_t function) {
	uint8_t msix = pci_find_capability(function, PCI_CAPABILITY_MSIX);
	uint8_t msi = pci_find_capability(function, PCI_CAPABILITY_MSI);

	if (msix != 0)
		pci_config_write(function, msix, pci_config_read(function, msix) & ~MSIX_ENABLE);
	if (msi != 0)
		pci_config_write(function, msi, pci_config_read(function, msi) & ~MSI_ENABLE);
}

/* Interrupt Line is what the firmware routed the pin to, 255 or 0: nothing. */
static unsigned connect_pin(const struct connection *c) {
	uint32_t interrupt = pci_config_read(c->function, PCI_INTERRUPT);
	uint32_t line = interrupt & 0xff, command;

	if ((interrupt >> 8 & 0xff) == 0 || line == 0 || line == 0xff)
		return 0;
	if (interrupts_map_pin(line, vp_of(c, 0), c->handlers[0]) != ERR_NONE)
		return 0;
	command = pci_config_read(c->function, PCI_COMMAND) & 0xffff;
	pci_config_write(c->function, PCI_COMMAND, command & ~PCI_COMMAND_NO_PIN);
	return 1;
}

unsigned pci_connect_interrupts(const struct hv_boot_info *info, pci_address_t function, uint32_t first_vp,
                                uint32_t vp_count, struct interrupt_handler *const *handlers, unsigned wanted,
                                struct pci_interrupts *interrupts) {
	struct connection c = {info, function, first_vp, vp_count, handlers, wanted};
	unsigned count = uses_pins ? 0 : connect_msix(&c, interrupts);

	interrupts->kind = PCI_INTERRUPT_MSIX;
	if (uses_pins) {
		no_messages(function);
	} else if (count == 0) {
		count = connect_msi(&c);
		interrupts->kind = PCI_INTERRUPT_MSI;
	}
	if (count > 0)
		no_pin(function);
	if (count == 0) {
		count = connect_pin(&c);
		interrupts->kind = count > 0 ? PCI_INTERRUPT_PIN : PCI_INTERRUPT_NONE;
	}
	return count;
}

bool pci_mask_interrupt(const struct pci_interrupts *interrupts, unsigned i, bool is_masked) {
	if (interrupts->kind != PCI_INTERRUPT_MSIX)
		return false;
	mmio_write32(&interrupts->table, interrupts->offset + i * MSIX_ENTRY_SIZE + 12,
	             is_masked ? MSIX_ENTRY_MASK : 0);
	return true;
}
