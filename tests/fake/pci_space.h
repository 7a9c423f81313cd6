/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* PCI functions in memory: configuration space, and registers behind BARs that a fake
 * device answers for. Links instead of hal/pci_config.c and hal/mmio.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/boot_info.h>
#include "hal/pci_config.h"

#define FAKE_PCI_FUNCTIONS 8u

struct fake_pci_function {
	pci_address_t address;
	uint32_t config[64];
	uint32_t bar_mask[6]; /* bits that can be written */
	/* Registers of BAR `bar`; NULL: none. */
	uint32_t (*read)(void *device, uint64_t offset);
	void (*write)(void *device, uint64_t offset, uint32_t value);
	void *device;
	unsigned bar;
	uint64_t bar_size;
	bool is_gone; /* reads as ones */
};

extern struct fake_pci_function fake_pci[FAKE_PCI_FUNCTIONS];
extern unsigned fake_pci_count;
extern unsigned fake_mmio_maps; /* regions that were mapped */
extern unsigned fake_mmio_max;  /* fails beyond; 0: never */

void fake_pci_reset(void);

/* A function with a 64-bit memory BAR 0 of `size` bytes at `base`. */
struct fake_pci_function *fake_pci_add(pci_address_t address, uint32_t class_code, uint64_t base, uint64_t size);

/* Adds a capability of `words` doublewords, the first with its id; returns its offset. */
uint8_t fake_pci_add_capability(struct fake_pci_function *f, uint8_t id, const uint32_t *words, unsigned count);

/* A bridge from its bus to others. */
struct fake_pci_function *fake_pci_add_bridge(pci_address_t address, uint8_t secondary, uint8_t subordinate);

/* May the function access memory? */
bool fake_pci_is_master(const struct fake_pci_function *f);
