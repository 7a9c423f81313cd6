/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "hal/pci_config.h"
#include <stdbool.h>
#include "hal/mcfg.h"
#include "hal/mmio.h"
#include "hal/port_io.h"
#include "runtime/log.h"
#include "runtime/spinlock.h"

#define PORT_ADDRESS 0xcf8u
#define PORT_DATA    0xcfcu
#define ENABLE       (1u << 31)
#define BUS_SHIFT    20u
#define PORT_LIMIT   256u /* bytes of configuration that the ports reach */

static struct mcfg mcfg;
static struct mmio ecam; /* size 0: there is none */
static bool has_ports;
static struct spinlock port_lock; /* the pair of ports */

static bool probe_ports(void) {
	port_out32(PORT_ADDRESS, ENABLE);
	return port_in32(PORT_ADDRESS) == ENABLE;
}

void pci_config_init(const struct hv_boot_info *info) {
	struct err_text text;
	enum err error = mcfg_find(info, &mcfg, &text);

	has_ports = probe_ports();
	if (error != ERR_NONE) {
		log_info("pci: configuration by ports: %s", text.text);
	} else if (mmio_map(mcfg.base, (mcfg.last_bus - mcfg.first_bus + 1ull) << BUS_SHIFT, &ecam) != ERR_NONE) {
		ecam.size = 0;
		log_warning("pci: configuration by ports: 0x%llx is not mapped", (unsigned long long)mcfg.base);
	}
	if (ecam.size == 0 && !has_ports)
		log_warning("pci: there is no way to the configuration of devices");
}

static bool is_in_ecam(pci_address_t function) {
	return ecam.size != 0 && function >> 8 >= mcfg.first_bus && function >> 8 <= mcfg.last_bus;
}

static uint64_t ecam_offset(pci_address_t function, uint16_t offset) {
	return ((uint64_t)(function - (mcfg.first_bus << 8)) << 12) | offset;
}

static void select(pci_address_t function, uint16_t offset) {
	port_out32(PORT_ADDRESS, ENABLE | (uint32_t)function << 8 | offset);
}

uint32_t pci_config_read(pci_address_t function, uint16_t offset) {
	uint32_t value;

	if (is_in_ecam(function))
		return mmio_read32(&ecam, ecam_offset(function, offset));
	if (!has_ports || offset >= PORT_LIMIT)
		return ~0u;
	spinlock_acquire(&port_lock);
	select(function, offset);
	value = port_in32(PORT_DATA);
	spinlock_release(&port_lock);
	return value;
}

void pci_config_write(pci_address_t function, uint16_t offset, uint32_t value) {
	if (is_in_ecam(function)) {
		mmio_write32(&ecam, ecam_offset(function, offset), value);
		return;
	}
	if (!has_ports || offset >= PORT_LIMIT)
		return;
	spinlock_acquire(&port_lock);
	select(function, offset);
	port_out32(PORT_DATA, value);
	spinlock_release(&port_lock);
}
