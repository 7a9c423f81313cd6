/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tests of copies to and from guest memory. */
#include "mm/frame_owner.h"
#include "mm/gpa_space.h"
#include "mm_test.h"

#define SOURCE 2048ull

/* Guest pages 4, 5, 6 on frames that are not neighbors; page 7 read-only. */
static int setup_pages(void **state) {
	struct world *world;
	int result = setup_world(state);

	world = *state;
	assert_success(world_map(world, 0, 4, SOURCE + 9, 1, RW));
	assert_success(world_map(world, 0, 5, SOURCE + 3, 1, RW));
	assert_success(world_map(world, 0, 6, SOURCE + 6, 1, RW));
	assert_success(world_map(world, 0, 7, SOURCE + 1, 1, RO));
	return result;
}

static void fill(uint8_t *bytes, size_t size) {
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251 + 1);
}

static void bytes_cross_pages_and_come_back(void **state) {
	struct world *world = *state;
	const struct gpa_space *space = &world->child[0].space;
	uint8_t out[2 * PAGE_SIZE + 20];
	uint8_t in[sizeof(out)];

	fill(out, sizeof(out));
	assert_success(copy_to_guest(space, gpa(0x4ff6), out, sizeof(out) - 0x1000));
	assert_memory_equal(fake_memory_bytes(sfn(SOURCE + 9)) + 0xff6, out, 10);
	assert_memory_equal(fake_memory_bytes(sfn(SOURCE + 3)), out + 10, PAGE_SIZE);
	assert_memory_equal(fake_memory_bytes(sfn(SOURCE + 6)), out + 10 + PAGE_SIZE, 10);
	assert_int_equal(fake_memory_bytes(sfn(SOURCE + 6))[10], 0);
	assert_success(copy_from_guest(space, gpa(0x4ff6), in, sizeof(in) - 0x1000));
	assert_memory_equal(in, out, sizeof(in) - 0x1000);
}

static void each_page_is_mapped_into_the_window_once(void **state) {
	struct world *world = *state;
	uint8_t bytes[PAGE_SIZE];
	unsigned before = fake_window_count;

	assert_success(copy_from_guest(&world->child[0].space, gpa(0x4800), bytes, PAGE_SIZE));
	assert_int_equal(fake_window_count - before, 2);
	assert_success(copy_from_guest(&world->child[0].space, gpa(0x4000), bytes, PAGE_SIZE));
	assert_int_equal(fake_window_count - before, 3);
}

static void a_range_that_is_not_all_memory_is_refused_untouched(void **state) {
	struct world *world = *state;
	const struct gpa_space *space = &world->child[0].space;
	uint8_t bytes[64];
	unsigned before = fake_window_count;

	memset(bytes, 0xee, sizeof(bytes));
	assert_int_equal(copy_to_guest(space, gpa(0x7ffc), bytes, 1), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(copy_to_guest(space, gpa(0x6ff0), bytes, 32), HV_STATUS_ACCESS_DENIED);
	assert_int_equal(copy_from_guest(space, gpa(0x7ff0), bytes, 32), HV_STATUS_NOT_FOUND);
	assert_int_equal(copy_from_guest(space, gpa(0x3fff), bytes, 2), HV_STATUS_NOT_FOUND);
	assert_int_equal(copy_from_guest(space, gpa(0), bytes, 1), HV_STATUS_NOT_FOUND);
	assert_int_equal(fake_window_count, before);
	assert_int_equal(fake_memory_bytes(sfn(SOURCE + 6))[0xff0], 0);
}

static void ranges_that_leave_the_space_are_refused(void **state) {
	struct world *world = *state;
	const struct gpa_space *space = &world->child[0].space;
	uint64_t end = 1ull << WORLD_ADDRESS_BITS;
	uint8_t bytes[64];

	assert_int_equal(copy_from_guest(space, gpa(end), bytes, 1), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(copy_from_guest(space, gpa(end - 1), bytes, 2), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(copy_from_guest(space, gpa(~0ull), bytes, 2), HV_STATUS_INVALID_PARAMETER);
	assert_int_equal(copy_from_guest(space, gpa(0x4000), bytes, SIZE_MAX), HV_STATUS_INVALID_PARAMETER);
	assert_success(copy_from_guest(space, gpa(0x4fff), bytes, 0));
}

static void an_overlay_is_what_the_guest_sees(void **state) {
	struct world *world = *state;
	struct gpa_space *space = &world->child[0].space;
	uint8_t byte = 0x42;
	sfn_t overlay;

	assert_success(frame_pool_allocate(&world->child[0].pool, FRAME_OVERLAY, &overlay));
	assert_success(gpa_overlay_set(space, gpa(0x5000), overlay, RW));
	assert_success(copy_to_guest(space, gpa(0x5010), &byte, 1));
	assert_int_equal(fake_memory_bytes(overlay)[0x10], 0x42);
	assert_int_equal(fake_memory_bytes(sfn(SOURCE + 3))[0x10], 0);
}

static void the_parent_reaches_its_memory_but_no_mmio_and_no_kernel(void **state) {
	struct world *world = *state;
	uint8_t byte;
	sfn_t object;

	assert_success(copy_from_guest(&world->parent, gpa(SOURCE << PAGE_SHIFT), &byte, 1));
	assert_int_equal(copy_from_guest(&world->parent, gpa(world_end_of_ram() << PAGE_SHIFT), &byte, 1),
	                 HV_STATUS_NOT_FOUND);
	assert_int_equal(copy_from_guest(&world->parent, gpa(0xfee00000), &byte, 1), HV_STATUS_NOT_FOUND);
	assert_int_equal(copy_from_guest(&world->parent, gpa(WORLD_KERNEL << PAGE_SHIFT), &byte, 1),
	                 HV_STATUS_NOT_FOUND);
	assert_int_equal(copy_from_guest(&world->parent, gpa(WORLD_FIRMWARE << PAGE_SHIFT), &byte, 1),
	                 HV_STATUS_NOT_FOUND);

	assert_success(frame_pool_allocate(&world->child[0].pool, FRAME_OBJECT, &object));
	assert_int_equal(copy_from_guest(&world->parent, gpa(sfn_to_spa(object).v), &byte, 1), HV_STATUS_NOT_FOUND);
	assert_success(frame_owner_share(&world->parent, object, false));
	assert_success(copy_from_guest(&world->parent, gpa(sfn_to_spa(object).v), &byte, 1));
	assert_int_equal(copy_to_guest(&world->parent, gpa(sfn_to_spa(object).v), &byte, 1), HV_STATUS_ACCESS_DENIED);
}

#define pages_test(name) cmocka_unit_test_setup_teardown(name, setup_pages, teardown_world)

int main(void) {
	const struct CMUnitTest tests[] = {
	    pages_test(bytes_cross_pages_and_come_back),
	    pages_test(each_page_is_mapped_into_the_window_once),
	    pages_test(a_range_that_is_not_all_memory_is_refused_untouched),
	    pages_test(ranges_that_leave_the_space_are_refused),
	    pages_test(an_overlay_is_what_the_guest_sees),
	    pages_test(the_parent_reaches_its_memory_but_no_mmio_and_no_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
