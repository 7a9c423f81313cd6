/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The one thing that the kernel does to a PCI function, by configuration
 * mechanism 1 [PCI 3.0 3.2.2.3.2 "Software Generation of Configuration Transactions"]. */
#include "arch/x86/insn.h"
#include "core/machine.h"

#define CONFIG_ADDRESS     0xcf8u
#define CONFIG_DATA        0xcfcu
#define CONFIG_ENABLE      0x80000000u
#define REGISTER_COMMAND   0x04u
#define COMMAND_BUS_MASTER 0x0004u

void machine_pci_stop(uint16_t function) {
	out32(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)function << 8 | REGISTER_COMMAND);
	/* 16 bits: the status register above would clear what is written as 1. */
	out16(CONFIG_DATA, (uint16_t)(in16(CONFIG_DATA) & ~COMMAND_BUS_MASTER));
}
