/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI configuration space of segment 0: by memory where the firmware says where
 * (ECAM) [PCI Express 7.2.2 "PCI Express Enhanced Configuration Access Mechanism"],
 * by the ports 0xcf8 and 0xcfc for the other buses. Host tests link fake functions.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/boot_info.h>

/* bus << 8 | device << 3 | function, as ClaimDevice wants it. */
typedef uint16_t pci_address_t;

/* VP 0, once. What the firmware says is judged; a line in the log says what is used. */
void pci_config_init(const struct hv_boot_info *info);

/* The doubleword at `offset`, a multiple of 4; all ones where there is none. */
uint32_t pci_config_read(pci_address_t function, uint16_t offset);
void pci_config_write(pci_address_t function, uint16_t offset, uint32_t value);
