/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The two registers of QEMU's firmware configuration that bare test kernels
 * read: a 16-bit selector, then bytes. Items: 0 signature "QEMU", 5 number of
 * processors (16 bits, little endian); every other item reads as zeros.
 * Follows QEMU's docs/specs/fw_cfg.rst, traditional interface; no DMA.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FW_CFG_PORT            0x510u
#define FW_CFG_PORT_COUNT      2u
#define FW_CFG_WIDTH           2u /* port_device.width: the selector takes 16 bits */

#define FW_CFG_SIGNATURE       0x0000u
#define FW_CFG_PROCESSOR_COUNT 0x0005u

struct fw_cfg {
	uint16_t selector;
	uint16_t processor_count;
	uint32_t offset; /* next byte of the selected item */
};

void fw_cfg_reset(struct fw_cfg *fw_cfg, uint16_t processor_count);

/* offset: port - FW_CFG_PORT; size 1 or 2. Only a byte at offset 1 reads data;
 * the selector and wider reads give all ones of their size. */
uint32_t fw_cfg_read(struct fw_cfg *fw_cfg, unsigned offset, unsigned size);

/* Only a 16-bit write at offset 0 selects; the data port takes no writes. */
void fw_cfg_write(struct fw_cfg *fw_cfg, unsigned offset, unsigned size, uint32_t value);

#define FW_CFG_STATE_VERSION 1u
struct fw_cfg_state {
	uint32_t version;
	uint16_t selector;
	uint16_t processor_count;
	uint32_t offset;
};
_Static_assert(sizeof(struct fw_cfg_state) == 12, "fw_cfg_state");

void fw_cfg_save(const struct fw_cfg *fw_cfg, struct fw_cfg_state *state);

/* False, and nothing changes, if the state's version is unknown. */
bool fw_cfg_load(struct fw_cfg *fw_cfg, const struct fw_cfg_state *state);
