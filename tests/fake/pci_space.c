/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/pci_space.h"
#include <stdlib.h>
#include <string.h>
#include "drivers/pci_registers.h"
#include "hal/mmio.h"

struct fake_pci_function fake_pci[FAKE_PCI_FUNCTIONS];
unsigned fake_pci_count;
unsigned fake_mmio_maps;
unsigned fake_mmio_max;

void fake_pci_reset(void) {
	memset(fake_pci, 0, sizeof(fake_pci));
	fake_pci_count = 0;
	fake_mmio_maps = 0;
	fake_mmio_max = 0;
}

static struct fake_pci_function *add(pci_address_t address) {
	struct fake_pci_function *f;

	if (fake_pci_count == FAKE_PCI_FUNCTIONS)
		abort();
	f = &fake_pci[fake_pci_count++];
	f->address = address;
	f->config[PCI_ID / 4] = 0x10011af4;
	return f;
}

struct fake_pci_function *fake_pci_add(pci_address_t address, uint32_t class_code, uint64_t base, uint64_t size) {
	struct fake_pci_function *f = add(address);

	f->config[PCI_CLASS / 4] = class_code << 8 | 1;
	f->config[PCI_BAR / 4] = (uint32_t)base | PCI_BAR_64;
	f->config[PCI_BAR / 4 + 1] = (uint32_t)(base >> 32);
	f->bar_mask[0] = (uint32_t) ~(size - 1);
	f->bar_mask[1] = (uint32_t)(~(size - 1) >> 32);
	f->bar_size = size;
	return f;
}

struct fake_pci_function *fake_pci_add_bridge(pci_address_t address, uint8_t secondary, uint8_t subordinate) {
	struct fake_pci_function *f = add(address);

	f->config[PCI_CLASS / 4] = 0x06040000;
	f->config[PCI_HEADER / 4] = PCI_HEADER_BRIDGE << 16;
	f->config[PCI_BRIDGE_BUSES / 4] = (uint32_t)subordinate << 16 | (uint32_t)secondary << 8 | address >> 8;
	return f;
}

uint8_t fake_pci_add_capability(struct fake_pci_function *f, uint8_t id, const uint32_t *words, unsigned count) {
	uint8_t at = 0x40;

	while (f->config[at / 4] != 0)
		at = (uint8_t)(at + 0x20);
	memcpy(&f->config[at / 4], words, count * 4);
	f->config[at / 4] = (f->config[at / 4] & 0xffff0000) | f->config[PCI_CAPABILITIES / 4] << 8 | id;
	f->config[PCI_CAPABILITIES / 4] = at;
	f->config[PCI_COMMAND / 4] |= PCI_STATUS_CAPABILITIES << 16;
	return at;
}

bool fake_pci_is_master(const struct fake_pci_function *f) { return f->config[PCI_COMMAND / 4] & PCI_COMMAND_MASTER; }

static struct fake_pci_function *find(pci_address_t address) {
	for (unsigned i = 0; i < fake_pci_count; i++)
		if (fake_pci[i].address == address && !fake_pci[i].is_gone)
			return &fake_pci[i];
	return NULL;
}

void pci_config_init(const struct hv_boot_info *info) { (void)info; }

uint32_t pci_config_read(pci_address_t function, uint16_t offset) {
	const struct fake_pci_function *f = find(function);

	return f == NULL || offset >= 256 ? ~0u : f->config[offset / 4];
}

void pci_config_write(pci_address_t function, uint16_t offset, uint32_t value) {
	struct fake_pci_function *f = find(function);
	unsigned bar = (offset - PCI_BAR) / 4u;

	if (f == NULL || offset >= 256)
		return;
	if (offset == PCI_COMMAND) {
		f->config[1] = (f->config[1] & 0xffff0000) | (value & 0xffff);
	} else if (offset >= PCI_BAR && bar < 6) {
		uint32_t fixed = f->config[offset / 4] & 0xf;

		f->config[offset / 4] = (value & f->bar_mask[bar]) | (f->bar_mask[bar] & 0xf ? 0 : fixed);
	} else {
		f->config[offset / 4] = value;
	}
}

enum err mmio_map(uint64_t base, uint64_t size, struct mmio *m) {
	*m = (struct mmio){base, size};
	fake_mmio_maps++;
	return fake_mmio_max != 0 && fake_mmio_maps > fake_mmio_max ? ERR_MEMORY : ERR_NONE;
}

void mmio_forget_translations(void) {}

/* The function whose BAR is there now. */
static struct fake_pci_function *at(const struct mmio *m, uint64_t offset) {
	if (offset % 4 != 0 || offset >= m->size || m->size - offset < 4)
		abort();
	for (unsigned i = 0; i < fake_pci_count; i++) {
		struct fake_pci_function *f = &fake_pci[i];
		unsigned bar = PCI_BAR / 4 + f->bar;
		uint64_t base = f->config[bar] & ~0xfu;

		if ((f->config[bar] & PCI_BAR_TYPE) == PCI_BAR_64)
			base |= (uint64_t)f->config[bar + 1] << 32;
		if (base == m->base && f->read != NULL && f->config[1] & PCI_COMMAND_MEMORY && !f->is_gone)
			return f;
	}
	return NULL;
}

uint32_t mmio_read32(const struct mmio *m, uint64_t offset) {
	struct fake_pci_function *f = at(m, offset);

	return f == NULL ? ~0u : f->read(f->device, offset);
}

void mmio_write32(const struct mmio *m, uint64_t offset, uint32_t value) {
	struct fake_pci_function *f = at(m, offset);

	if (f != NULL)
		f->write(f->device, offset, value);
}
