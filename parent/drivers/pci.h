/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI functions as drivers see them: found by class, their registers mapped, their
 * interrupts connected. The firmware has assigned buses and addresses; they are judged
 * here, not changed. Follows [PCI 3.0 6 "Configuration Space"]. Host tests link fake
 * functions below it (hal/pci_config.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "hal/interrupts.h"
#include "hal/mmio.h"
#include "hal/pci_config.h"

#define PCI_FUNCTIONS_MAX 256u

/* Class, subclass and interface in one number. */
#define PCI_CLASS_AHCI    0x010601u
#define PCI_CLASS_NVME    0x010802u

struct pci_function {
	pci_address_t address;
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code; /* 24 bits */
};

/* Looks at all buses: from bus 0 through the bridges, then at buses that no bridge
 * claims, which have host bridges of their own. At most `max` are listed. A bridge
 * whose bus numbers make no sense is left out with what is behind it, with a line in
 * the log. */
unsigned pci_enumerate(struct pci_function *list, unsigned max);

/* Offset of a capability, or 0. */
uint8_t pci_find_capability(pci_address_t function, uint8_t id);

/* Maps the registers behind BAR `index`, of which the driver wants at least `size`
 * bytes. Errors, each with a sentence: ERR_FORMAT it is no memory or was not assigned,
 * ERR_RANGE too small, or where `info` says that memory is, ERR_MEMORY. */
ERR_CHECKED enum err pci_map_registers(const struct hv_boot_info *info, pci_address_t function, unsigned index,
                                       uint64_t size, struct mmio *m, struct err_text *text);

/* Claims the function, so that the kernel stops it if the parent dies, and lets it
 * access memory. ERR_HYPERCALL: the kernel keeps no more claims. */
ERR_CHECKED enum err pci_start(pci_address_t function, struct err_text *text);

/* From here on the function reads and writes no memory and sends no message. */
void pci_stop(pci_address_t function);

enum pci_interrupt_kind { PCI_INTERRUPT_NONE, PCI_INTERRUPT_PIN, PCI_INTERRUPT_MSI, PCI_INTERRUPT_MSIX };

/* How a function interrupts. */
struct pci_interrupts {
	enum pci_interrupt_kind kind;
	/* MSI-X: */
	struct mmio table;
	uint32_t offset; /* of its first entry */
};

/* "MSI-X" and so on. */
const char *pci_interrupt_text(enum pci_interrupt_kind kind);

/* From now on no function gets messages: for machines on which these do not arrive. */
void pci_use_pins(bool only);

/*
 * Connects interrupt i of the function to handlers[i] at I/O VP i (modulo `vp_count`):
 * by MSI-X as many as the function, the kernel and `wanted` (at least 1) allow, else
 * one by MSI, else one by the pin that Interrupt Line names. Returns how many, 0 with
 * kind PCI_INTERRUPT_NONE: the driver can only poll. `info` as for pci_map_registers.
 */
unsigned pci_connect_interrupts(const struct hv_boot_info *info, pci_address_t function, uint32_t first_vp,
                                uint32_t vp_count, struct interrupt_handler *const *handlers, unsigned wanted,
                                struct pci_interrupts *interrupts);

/* Masks one of several interrupts, or lets it come; one that was held back comes then. Only MSI-X can:
 * with any other kind nothing happens, and false is returned. */
bool pci_mask_interrupt(const struct pci_interrupts *interrupts, unsigned i, bool is_masked);
