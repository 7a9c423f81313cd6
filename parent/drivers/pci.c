/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/pci.h"
#include <stddef.h>
#include <string.h>
#include "drivers/pci_registers.h"
#include "runtime/hypercall.h"
#include "runtime/log.h"

#define ADDRESS_LIMIT (1ull << 47) /* the parent's identity map ends there at the latest */
#define FIRST_MIB     (1ull << 20)

struct scan {
	struct pci_function *list;
	unsigned count;
	unsigned max;
	bool is_done[256]; /* buses that were looked at, or must not be */
};

static pci_address_t address_of(unsigned bus, unsigned device, unsigned function) {
	return (pci_address_t)(bus << 8 | device << 3 | function);
}

/* "bus:device.function" in three arguments. */
#define PLACE(address) (unsigned)(address) >> 8, (unsigned)(address) >> 3 & 0x1f, (unsigned)(address)&7

static bool is_there(pci_address_t a) {
	uint16_t vendor = (uint16_t)pci_config_read(a, PCI_ID);

	return vendor != 0xffff && vendor != 0;
}

static void add(struct scan *s, pci_address_t a) {
	uint32_t id = pci_config_read(a, PCI_ID);

	if (s->count < s->max)
		s->list[s->count++] = (struct pci_function){.address = a,
		                                            .vendor = (uint16_t)id,
		                                            .device = (uint16_t)(id >> 16),
		                                            .class_code = pci_config_read(a, PCI_CLASS) >> 8};
}

static unsigned header_type(pci_address_t a) { return pci_config_read(a, PCI_HEADER) >> 16 & 0xff; }

/* Marks the buses of a bridge that cannot be: nobody looks at them. */
static void refuse(struct scan *s, pci_address_t a, unsigned first, unsigned last) {
	log_warning("pci: bridge %02x:%02x.%u names buses %u to %u, which cannot be; nothing behind it is used",
	            PLACE(a), first, last);
	for (unsigned bus = first; bus <= last; bus++)
		s->is_done[bus] = true;
}

static void scan_bus(struct scan *s, unsigned bus, unsigned last);

/* [PCI-to-PCI Bridge 3.2 "PCI-to-PCI Bridge Configuration Space Header Format"]: 0
 * means that the firmware found nothing behind it. */
static void scan_bridge(struct scan *s, pci_address_t a, unsigned last_of_parent) {
	uint32_t buses = pci_config_read(a, PCI_BRIDGE_BUSES);
	unsigned secondary = buses >> 8 & 0xff, subordinate = buses >> 16 & 0xff;

	if (secondary == 0)
		return;
	if (secondary <= (unsigned)a >> 8 || subordinate < secondary || subordinate > last_of_parent ||
	    s->is_done[secondary]) {
		refuse(s, a, secondary, subordinate);
		return;
	}
	scan_bus(s, secondary, subordinate);
}

static void scan_function(struct scan *s, pci_address_t a, unsigned last) {
	add(s, a);
	if ((header_type(a) & PCI_HEADER_TYPE) == PCI_HEADER_BRIDGE)
		scan_bridge(s, a, last);
}

/* Recursion ends: a bridge's buses are above its own. */
static void scan_bus(struct scan *s, unsigned bus, unsigned last) {
	s->is_done[bus] = true;
	for (unsigned device = 0; device < 32; device++) {
		pci_address_t first = address_of(bus, device, 0);
		unsigned functions;

		if (!is_there(first))
			continue;
		functions = header_type(first) & PCI_HEADER_MULTIPLE ? 8 : 1;
		for (unsigned f = 0; f < functions; f++)
			if (is_there(address_of(bus, device, f)))
				scan_function(s, address_of(bus, device, f), last);
	}
}

unsigned pci_enumerate(struct pci_function *list, unsigned max) {
	struct scan s = {.list = list, .max = max};

	for (unsigned bus = 0; bus < 256; bus++)
		if (!s.is_done[bus])
			scan_bus(&s, bus, 255);
	if (s.count == max)
		log_warning("pci: only %u functions are looked at", max);
	return s.count;
}

uint8_t pci_find_capability(pci_address_t function, uint8_t id) {
	uint8_t at;

	if (!(pci_config_read(function, PCI_COMMAND) >> 16 & PCI_STATUS_CAPABILITIES))
		return 0;
	at = pci_config_read(function, PCI_CAPABILITIES) & 0xfc;
	/* No more than fit: the list may be a ring. */
	for (unsigned i = 0; i < 48 && at >= 0x40; i++) {
		uint32_t head = pci_config_read(function, at);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

static void set_command(pci_address_t function, uint32_t set, uint32_t clear) {
	/* The status half is written as 0: its bits are cleared by ones. */
	uint32_t command = pci_config_read(function, PCI_COMMAND) & 0xffff;

	pci_config_write(function, PCI_COMMAND, (command | set) & ~clear);
}

/* Size of a memory BAR [PCI 3.0 6.2.5.1 "Address Maps"], with decoding off meanwhile. */
static uint64_t size_of_bar(pci_address_t function, uint16_t at, bool is_wide) {
	uint32_t command = pci_config_read(function, PCI_COMMAND) & 0xffff;
	uint32_t low = pci_config_read(function, at), high = is_wide ? pci_config_read(function, at + 4) : 0;
	uint64_t mask;

	set_command(function, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
	pci_config_write(function, at, ~0u);
	mask = pci_config_read(function, at) & ~0xfu;
	pci_config_write(function, at, low);
	if (is_wide) {
		pci_config_write(function, at + 4, ~0u);
		mask |= (uint64_t)pci_config_read(function, at + 4) << 32;
		pci_config_write(function, at + 4, high);
	} else if (mask != 0) {
		mask |= 0xffffffffull << 32;
	}
	pci_config_write(function, PCI_COMMAND, command);
	return mask & -mask;
}

static bool overlaps_memory(const struct hv_boot_info *info, uint64_t base, uint64_t size) {
	for (uint32_t i = 0; i < info->memory_count && i < HV_BOOT_MAX_MEMORY; i++)
		if (base < info->memory[i].base + info->memory[i].size && info->memory[i].base < base + size)
			return true;
	return false;
}

enum err pci_map_registers(const struct hv_boot_info *info, pci_address_t function, unsigned index, uint64_t size,
                           struct mmio *m, struct err_text *text) {
	uint16_t at = (uint16_t)(PCI_BAR + 4 * index);
	uint32_t low = index < PCI_BAR_COUNT ? pci_config_read(function, at) : ~0u;
	bool is_wide = (low & PCI_BAR_TYPE) == PCI_BAR_64;
	uint64_t base = low & ~0xfu, length;

	if (index >= PCI_BAR_COUNT || low & PCI_BAR_IO || (is_wide && index == PCI_BAR_COUNT - 1))
		return err_set(text, ERR_FORMAT, "BAR %u is no memory (0x%x)", index, low);
	if (is_wide)
		base |= (uint64_t)pci_config_read(function, at + 4) << 32;
	length = size_of_bar(function, at, is_wide);
	if (base == 0 || length == 0)
		return err_set(text, ERR_FORMAT, "the firmware assigned no address to BAR %u", index);
	if (length < size)
		return err_set(text, ERR_RANGE, "BAR %u has %llu bytes, not %llu", index, (unsigned long long)length,
		               (unsigned long long)size);
	if (base < FIRST_MIB || length > ADDRESS_LIMIT || base > ADDRESS_LIMIT - length ||
	    overlaps_memory(info, base, length))
		return err_set(text, ERR_RANGE, "BAR %u cannot be at 0x%llx", index, (unsigned long long)base);
	set_command(function, PCI_COMMAND_MEMORY, 0);
	return mmio_map(base, length, m) == ERR_NONE
	           ? ERR_NONE
	           : err_set(text, ERR_MEMORY, "BAR %u at 0x%llx cannot be mapped", index, (unsigned long long)base);
}

enum err pci_start(pci_address_t function, struct err_text *text) {
	enum hv_status status = hypercall_claim_device(function);

	if (status != HV_STATUS_SUCCESS)
		return err_set(text, ERR_HYPERCALL, "the kernel does not let it be claimed: %s",
		               hypercall_status_text(status));
	set_command(function, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0);
	return ERR_NONE;
}

void pci_stop(pci_address_t function) { set_command(function, PCI_COMMAND_NO_PIN, PCI_COMMAND_MASTER); }
