/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the tests of core on the fake machine include. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/check.h"
#include "fake/core_world.h"
#include "fake/frame_facts.h"
#include "lib/bits.h"

#define core_test(name)             cmocka_unit_test_setup_teardown(name, core_world_setup, core_world_teardown)

#define assert_status(call, status) assert_int_equal((call), HV_STATUS_##status)
