/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* From the firmware's calendar time to seconds. Pure. */
#pragma once

#include <stdint.h>

/* EFI_UNSPECIFIED_TIMEZONE: the clock's zone is not known, taken for UTC. */
#define UNIX_TIME_ZONE_UNKNOWN 0x7ff

/* Seconds since 1970-01-01 UTC; 0, which means unknown, if a field is out of
 * range. `zone` in minutes: local time = UTC - zone [UEFI 8.3 "GetTime()"]. */
int64_t unix_time(int year, int month, int day, int hour, int minute, int second, int zone);
