/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Unix time to the clock's BCD registers, and which moment a read is answered
 * from. A guest trusts that registers read while UIP is 0 belong together; so a
 * round of reads keeps its first moment, and a register read again, or status
 * register A, begins a new round.
 */
#include "cmos.h"

enum {
	REG_SECONDS = 0x00,
	REG_MINUTES = 0x02,
	REG_HOURS = 0x04,
	REG_WEEKDAY = 0x06,
	REG_DAY = 0x07,
	REG_MONTH = 0x08,
	REG_YEAR = 0x09,
	REG_STATUS_A = 0x0a,
	REG_STATUS_B = 0x0b,
	REG_STATUS_D = 0x0d,

	STATUS_A = 0x26, /* 32.768 kHz time base, 1024 Hz rate, UIP 0 */
	STATUS_B = 0x02, /* 24 hours, BCD, no interrupt enabled */
	STATUS_D = 0x80, /* memory and time are valid */

	INDEX_MASK = 0x7f, /* bit 7 gates NMI, which we have none of */
};

#define SECONDS_PER_DAY 86400

struct calendar {
	unsigned year, month, day;
};

/* Days since 1970-01-01 to a date. Counts from 0000-03-01, so that the leap day
 * is the last of its year, in eras of 400 years. */
static struct calendar calendar_of(int64_t days) {
	unsigned since = (unsigned)days + 719468;
	unsigned era = since / 146097;
	unsigned day_of_era = since % 146097;
	unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned march_month = (5 * day_of_year + 2) / 153;
	unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;

	return (struct calendar){
	    .year = era * 400 + year_of_era + (month <= 2),
	    .month = month,
	    .day = day_of_year - (153 * march_month + 2) / 5 + 1,
	};
}

static uint8_t bcd(unsigned v) { return (uint8_t)(v / 10 % 10 << 4 | v % 10); }

static bool is_time_register(uint8_t index) {
	switch (index) {
	case REG_SECONDS:
	case REG_MINUTES:
	case REG_HOURS:
	case REG_WEEKDAY:
	case REG_DAY:
	case REG_MONTH:
	case REG_YEAR:
	case CMOS_CENTURY:
		return true;
	default:
		return false;
	}
}

static uint8_t time_register(uint8_t index, int64_t t) {
	struct calendar date = calendar_of(t / SECONDS_PER_DAY);

	switch (index) {
	case REG_SECONDS:
		return bcd((unsigned)(t % 60));
	case REG_MINUTES:
		return bcd((unsigned)(t / 60 % 60));
	case REG_HOURS:
		return bcd((unsigned)(t / 3600 % 24));
	case REG_WEEKDAY:
		/* 1970-01-01 was a Thursday; Sunday is 1. */
		return bcd((unsigned)((t / SECONDS_PER_DAY + 4) % 7) + 1);
	case REG_DAY:
		return bcd(date.day);
	case REG_MONTH:
		return bcd(date.month);
	case REG_YEAR:
		return bcd(date.year % 100);
	default:
		return bcd(date.year / 100);
	}
}

static int64_t clamp(int64_t t) {
	if (t < 0)
		return 0;
	return t > CMOS_SECONDS_LAST ? CMOS_SECONDS_LAST : t;
}

static uint8_t read_time(struct cmos *cmos, int64_t now) {
	uint64_t bit = 1ull << cmos->index;

	if (!cmos->has_snapshot || (cmos->seen & bit) || now < cmos->snapshot || now > cmos->snapshot + 1) {
		cmos->has_snapshot = true;
		cmos->snapshot = now;
		cmos->seen = 0;
	}
	cmos->seen |= bit;
	return time_register(cmos->index, cmos->snapshot);
}

void cmos_reset(struct cmos *cmos) { *cmos = (struct cmos){0}; }

uint8_t cmos_read(struct cmos *cmos, unsigned reg, int64_t unix_seconds) {
	if (reg != CMOS_REG_DATA)
		return 0xff;
	if (is_time_register(cmos->index))
		return read_time(cmos, clamp(unix_seconds));
	switch (cmos->index) {
	case REG_STATUS_A:
		cmos->has_snapshot = false;
		return STATUS_A;
	case REG_STATUS_B:
		return STATUS_B;
	case REG_STATUS_D:
		return STATUS_D;
	default:
		return 0;
	}
}

void cmos_write(struct cmos *cmos, unsigned reg, uint8_t value) {
	if (reg == CMOS_REG_INDEX)
		cmos->index = value & INDEX_MASK;
}

void cmos_save(const struct cmos *cmos, struct cmos_state *state) {
	*state = (struct cmos_state){
	    .version = CMOS_STATE_VERSION,
	    .index = cmos->index,
	    .has_snapshot = cmos->has_snapshot,
	    .seen = cmos->seen,
	    .snapshot = cmos->snapshot,
	};
}

bool cmos_load(struct cmos *cmos, const struct cmos_state *state) {
	if (state->version != CMOS_STATE_VERSION || state->index > INDEX_MASK || state->has_snapshot > 1 ||
	    state->reserved[0] || state->reserved[1])
		return false;
	if (state->snapshot != clamp(state->snapshot))
		return false;
	*cmos = (struct cmos){
	    .index = state->index,
	    .has_snapshot = state->has_snapshot,
	    .seen = state->seen,
	    .snapshot = state->snapshot,
	};
	return true;
}
