/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the tests of mm share: cmocka, the fake machine, and a world per test. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake/check.h"
#include "fake/mm_memory.h"
#include "fake/mm_world.h"
#include "fake/frame_facts.h"

#define RW                   (HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE)
#define RO                   HV_MAP_GPA_READABLE
#define RWX                  HV_MAP_GPA_RWX

#define FRAMES_SMALL         4096u      /* 16 MiB */
#define FRAMES_LARGE         (3u << 18) /* 3 GiB, for leaves of 1 GiB */
#define FRAMES_2M            512u
#define FRAMES_1G            (512u * 512u)

#define assert_success(call) assert_int_equal((call), HV_STATUS_SUCCESS)

/* A world with child 0 on 64 deposited frames, from frame 1024 on. */
static inline int setup_world(void **state) {
	struct world *world = world_create(FRAMES_SMALL, true);

	world_add_child(world, 0, 1024, 64);
	*state = world;
	return 0;
}

static inline int teardown_world(void **state) {
	world_destroy(*state);
	return 0;
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)
