/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The selector and the byte stream behind it. */
#include "fw_cfg.h"

enum {
	OFFSET_SELECTOR = 0,
	OFFSET_DATA = 1,
};

void fw_cfg_reset(struct fw_cfg *fw_cfg, uint16_t processor_count) {
	*fw_cfg = (struct fw_cfg){.processor_count = processor_count};
}

static uint8_t next_byte(struct fw_cfg *fw_cfg) {
	const uint8_t signature[4] = {'Q', 'E', 'M', 'U'};
	const uint8_t count[2] = {(uint8_t)fw_cfg->processor_count, (uint8_t)(fw_cfg->processor_count >> 8)};
	uint32_t at = fw_cfg->offset;

	/* Behind the end of every item, where all bytes are 0. */
	if (at < sizeof(signature))
		fw_cfg->offset++;
	if (fw_cfg->selector == FW_CFG_SIGNATURE && at < sizeof(signature))
		return signature[at];
	if (fw_cfg->selector == FW_CFG_PROCESSOR_COUNT && at < sizeof(count))
		return count[at];
	return 0;
}

uint32_t fw_cfg_read(struct fw_cfg *fw_cfg, unsigned offset, unsigned size) {
	if (offset == OFFSET_DATA && size == 1)
		return next_byte(fw_cfg);
	return size == 1 ? 0xff : 0xffff;
}

void fw_cfg_write(struct fw_cfg *fw_cfg, unsigned offset, unsigned size, uint32_t value) {
	if (offset != OFFSET_SELECTOR || size != 2)
		return;
	fw_cfg->selector = (uint16_t)value;
	fw_cfg->offset = 0;
}

void fw_cfg_save(const struct fw_cfg *fw_cfg, struct fw_cfg_state *state) {
	*state = (struct fw_cfg_state){
	    .version = FW_CFG_STATE_VERSION,
	    .selector = fw_cfg->selector,
	    .processor_count = fw_cfg->processor_count,
	    .offset = fw_cfg->offset,
	};
}

bool fw_cfg_load(struct fw_cfg *fw_cfg, const struct fw_cfg_state *state) {
	if (state->version != FW_CFG_STATE_VERSION)
		return false;
	*fw_cfg = (struct fw_cfg){
	    .selector = state->selector,
	    .processor_count = state->processor_count,
	    .offset = state->offset,
	};
	return true;
}
