/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Gregorian calendar arithmetic; leap seconds do not exist in Unix time. */
#include "loader/unix_time.h"

/* Days from 1970-01-01 to the first of a month; years begin in March here, so
 * that the leap day is the last of its year. Months then have 153 days in five. */
static int64_t days_before(int year, int month) {
	int64_t y = month > 2 ? year : year - 1;
	int m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 - 719468;
}

int64_t unix_time(int year, int month, int day, int hour, int minute, int second, int zone) {
	int64_t first = days_before(year, month);
	int64_t next = month < 12 ? days_before(year, month + 1) : days_before(year + 1, 1);

	if (zone == UNIX_TIME_ZONE_UNKNOWN)
		zone = 0;
	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > next - first || hour > 23 ||
	    minute > 59 || second > 59 || zone < -1440 || zone > 1440)
		return 0;
	return (((first + day - 1) * 24 + hour) * 60 + minute + zone) * 60 + second;
}
