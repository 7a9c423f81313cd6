/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The clock against the C library's calendar, and its rounds of reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "devices/cmos.h"

static struct cmos cmos;

static int fresh(void **state) {
	(void)state;
	memset(&cmos, 0xa5, sizeof(cmos));
	cmos_reset(&cmos);
	return 0;
}

static uint8_t reg(uint8_t index, int64_t now) {
	cmos_write(&cmos, CMOS_REG_INDEX, index);
	return cmos_read(&cmos, CMOS_REG_DATA, now);
}

static int binary(uint8_t bcd) {
	assert_in_range(bcd >> 4, 0, 9);
	assert_in_range(bcd & 0xf, 0, 9);
	return (bcd >> 4) * 10 + (bcd & 0xf);
}

static void assert_shows(int64_t now) {
	time_t t = (time_t)now;
	struct tm tm;

	gmtime_r(&t, &tm);
	assert_int_equal(binary(reg(0x00, now)), tm.tm_sec);
	assert_int_equal(binary(reg(0x02, now)), tm.tm_min);
	assert_int_equal(binary(reg(0x04, now)), tm.tm_hour);
	assert_int_equal(binary(reg(0x06, now)), tm.tm_wday + 1);
	assert_int_equal(binary(reg(0x07, now)), tm.tm_mday);
	assert_int_equal(binary(reg(0x08, now)), tm.tm_mon + 1);
	assert_int_equal(binary(reg(0x09, now)), (tm.tm_year + 1900) % 100);
	assert_int_equal(binary(reg(0x32, now)), (tm.tm_year + 1900) / 100);
}

static void every_day_of_four_centuries_is_the_calendars(void **state) {
	(void)state;
	for (int64_t day = 0; day < 146097 + 1; day++)
		assert_shows(day * 86400 + day % 86400);
	assert_shows(CMOS_SECONDS_LAST);
}

static void the_seconds_of_a_day_count_up(void **state) {
	(void)state;
	for (int64_t second = 0; second < 86400; second += 7)
		assert_shows(1709164800 + second); /* 2024-02-29 */
}

static void times_out_of_range_are_cut(void **state) {
	(void)state;
	assert_int_equal(reg(0x09, -1), 0x70);
	assert_int_equal(reg(0x09, INT64_MIN), 0x70);
	assert_int_equal(reg(0x09, INT64_MAX), 0x99);
	assert_int_equal(reg(0x32, INT64_MAX), 0x99);
}

static void status_registers_say_24_hours_bcd_and_valid(void **state) {
	(void)state;
	assert_int_equal(reg(0x0a, 0), 0x26);
	assert_int_equal(reg(0x0b, 0), 0x02);
	assert_int_equal(reg(0x0c, 0), 0x00);
	assert_int_equal(reg(0x0d, 0), 0x80);
}

static void the_index_ignores_the_nmi_bit_and_does_not_read_back(void **state) {
	(void)state;
	cmos_write(&cmos, CMOS_REG_INDEX, 0x8d);
	assert_int_equal(cmos_read(&cmos, CMOS_REG_DATA, 0), 0x80);
	assert_int_equal(cmos_read(&cmos, CMOS_REG_INDEX, 0), 0xff);
}

static void nothing_can_be_written(void **state) {
	(void)state;
	for (unsigned index = 0; index < 0x80; index++) {
		uint8_t before = reg((uint8_t)index, 1700000000);

		cmos_write(&cmos, CMOS_REG_DATA, (uint8_t)~before);
		assert_int_equal(reg((uint8_t)index, 1700000000), before);
	}
}

/* 2023-12-31 23:59:59, and the year ends between the reads. */
static void a_round_of_reads_is_of_one_moment(void **state) {
	int64_t last = 1704067199;

	(void)state;
	assert_int_equal(reg(0x00, last), 0x59);
	assert_int_equal(reg(0x02, last + 1), 0x59);
	assert_int_equal(reg(0x04, last + 1), 0x23);
	assert_int_equal(reg(0x07, last + 1), 0x31);
	assert_int_equal(reg(0x08, last + 1), 0x12);
	assert_int_equal(reg(0x09, last + 1), 0x23);
	assert_int_equal(reg(0x32, last + 1), 0x20);
	/* The seconds again: a new round. */
	assert_int_equal(reg(0x00, last + 1), 0x00);
	assert_int_equal(reg(0x09, last + 1), 0x24);
}

static void polling_one_register_sees_time_pass(void **state) {
	(void)state;
	for (int64_t now = 1700000000; now < 1700000100; now++)
		assert_int_equal(binary(reg(0x00, now)), now % 60);
}

static void status_a_begins_a_new_round(void **state) {
	(void)state;
	assert_int_equal(reg(0x00, 59), 0x59);
	assert_int_equal(reg(0x0a, 60), 0x26);
	assert_int_equal(reg(0x02, 60), 0x01); /* minute 0 was of the old round */
}

static void an_old_round_is_forgotten(void **state) {
	(void)state;
	assert_int_equal(reg(0x00, 59), 0x59);
	assert_int_equal(reg(0x02, 61), 0x01); /* two seconds later */
	assert_int_equal(reg(0x00, 30), 0x30); /* the host's clock went back */
	assert_int_equal(reg(0x02, 30), 0x00);
}

static void a_saved_clock_goes_on_where_it_was(void **state) {
	struct cmos_state saved, again;

	(void)state;
	reg(0x00, 59);
	cmos_write(&cmos, CMOS_REG_INDEX, 0x02);
	cmos_save(&cmos, &saved);
	memset(&cmos, 0x5a, sizeof(cmos));
	assert_true(cmos_load(&cmos, &saved));
	cmos_save(&cmos, &again);
	assert_memory_equal(&saved, &again, sizeof(saved));
	assert_int_equal(cmos_read(&cmos, CMOS_REG_DATA, 60), 0x00); /* minute 0 still */
	assert_int_equal(cmos_read(&cmos, CMOS_REG_DATA, 60), 0x01);
}

static void impossible_states_are_refused(void **state) {
	struct cmos_state good;
	struct cmos before;

	(void)state;
	before = cmos;
	cmos_save(&cmos, &good);
#define REFUSE(field, value)                                                                                           \
	do {                                                                                                           \
		struct cmos_state bad = good;                                                                          \
		bad.field = value;                                                                                     \
		assert_false(cmos_load(&cmos, &bad));                                                                  \
		assert_memory_equal(&cmos, &before, sizeof(cmos));                                                     \
	} while (0)
	REFUSE(version, 0);
	REFUSE(index, 0x80);
	REFUSE(has_snapshot, 2);
	REFUSE(reserved[0], 1);
	REFUSE(snapshot, -1);
	REFUSE(snapshot, CMOS_SECONDS_LAST + 1);
	good.index = 0x7f;
	good.snapshot = CMOS_SECONDS_LAST;
	assert_true(cmos_load(&cmos, &good));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(every_day_of_four_centuries_is_the_calendars, fresh),
	    cmocka_unit_test_setup(the_seconds_of_a_day_count_up, fresh),
	    cmocka_unit_test_setup(times_out_of_range_are_cut, fresh),
	    cmocka_unit_test_setup(status_registers_say_24_hours_bcd_and_valid, fresh),
	    cmocka_unit_test_setup(the_index_ignores_the_nmi_bit_and_does_not_read_back, fresh),
	    cmocka_unit_test_setup(nothing_can_be_written, fresh),
	    cmocka_unit_test_setup(a_round_of_reads_is_of_one_moment, fresh),
	    cmocka_unit_test_setup(polling_one_register_sees_time_pass, fresh),
	    cmocka_unit_test_setup(status_a_begins_a_new_round, fresh),
	    cmocka_unit_test_setup(an_old_round_is_forgotten, fresh),
	    cmocka_unit_test_setup(a_saved_clock_goes_on_where_it_was, fresh),
	    cmocka_unit_test_setup(impossible_states_are_refused, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
