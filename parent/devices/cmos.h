/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The clock of an MC146818 behind ports 0x70 and 0x71, read only: BCD, 24
 * hours, UTC, no alarm, no periodic interrupt, no memory. Writes of the time
 * are ignored. Follows the Motorola MC146818A data sheet; register 0x32, the
 * century, is the PC's convention and named by the FADT.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CMOS_PORT         0x70u
#define CMOS_PORT_COUNT   2u
#define CMOS_REG_INDEX    0u
#define CMOS_REG_DATA     1u
#define CMOS_CENTURY      0x32u
#define CMOS_SECONDS_LAST 253402300799ll /* 9999-12-31 23:59:59 UTC */

struct cmos {
	uint8_t index; /* without the NMI bit */
	bool has_snapshot;
	uint64_t seen;    /* bit n: register n was read from this snapshot */
	int64_t snapshot; /* Unix time that a round of reads is answered from */
};

void cmos_reset(struct cmos *cmos);

/* reg 0 is port 0x70, which reads 0xff, reg 1 port 0x71. unix_seconds: the time
 * now, UTC, cut to 1970..9999. A round of reads, each register once, within a
 * second of its first is answered from one moment, since UIP never shows. */
uint8_t cmos_read(struct cmos *cmos, unsigned reg, int64_t unix_seconds);
void cmos_write(struct cmos *cmos, unsigned reg, uint8_t value);

#define CMOS_STATE_VERSION 1u
struct cmos_state {
	uint32_t version;
	uint8_t index;
	uint8_t has_snapshot;
	uint8_t reserved[2];
	uint64_t seen;
	int64_t snapshot;
};
_Static_assert(sizeof(struct cmos_state) == 24, "cmos_state");

void cmos_save(const struct cmos *cmos, struct cmos_state *state);

/* False, and *cmos is unchanged, if the state is of no version or range we know. */
bool cmos_load(struct cmos *cmos, const struct cmos_state *state);
