/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What reaches the volume below, and under whose lock completions arrive. */
#include "storage/volume_slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "fake/volume.h"

static struct fake_volume disk;
static struct volume_slice slice;
static uint8_t memory[8192];
static struct volume_segment segment = {memory, sizeof(memory)};
static unsigned done_count, enter_count, leave_count;
static bool is_locked;
static enum volume_result last;

static void enter(void *context) {
	assert_ptr_equal(context, &slice);
	assert_false(is_locked);
	is_locked = true;
	enter_count++;
}

static void leave(void *context) {
	assert_ptr_equal(context, &slice);
	assert_true(is_locked);
	is_locked = false;
	leave_count++;
}

static const struct volume_owner owner = {enter, leave, &slice};

static void done(struct volume_request *r, enum volume_result result) {
	(void)r;
	done_count++;
	last = result;
}

static int set_up(void **state) {
	(void)state;
	fake_volume_init(&disk);
	disk.is_slow = true;
	volume_slice_init(&slice, &disk.volume, 100, 50, false, &owner);
	done_count = enter_count = leave_count = 0;
	is_locked = false;
	return 0;
}

static struct volume_request request(enum volume_operation operation, uint64_t block, uint64_t count) {
	return (struct volume_request){
	    .operation = operation,
	    .block = block,
	    .count = count,
	    .segment = &segment,
	    .segment_count = 1,
	    .done = done,
	};
}

static void blocks_are_moved_by_where_the_slice_begins(void **state) {
	struct volume_request r = request(VOLUME_READ, 7, 2);

	(void)state;
	volume_submit(&slice.volume, &r);
	assert_int_equal(disk.last_block, 107);
	assert_int_equal(disk.last_count, 2);
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(done_count, 1);
	assert_int_equal(last, VOLUME_OK);
	assert_int_equal(memory[0], 107);
	assert_int_equal(memory[512], 108);
	assert_int_equal(r.block, 7);
	assert_ptr_equal(r.done, done);
}

static void everything_but_blocks_is_passed_on(void **state) {
	struct volume_request r[5] = {
	    request(VOLUME_WRITE, 0, 1),   request(VOLUME_WRITE, 1, 1), request(VOLUME_FLUSH, 0, 0),
	    request(VOLUME_DISCARD, 2, 1), request(VOLUME_ZERO, 3, 1),
	};

	(void)state;
	r[1].is_durable = true;
	disk.is_slow = false;
	disk.volume.completes_inside = true;
	for (unsigned i = 0; i < 5; i++)
		volume_submit(&slice.volume, &r[i]);
	assert_int_equal(disk.writes, 2);
	assert_int_equal(disk.durable_writes, 1);
	assert_int_equal(disk.flushes, 1);
	assert_int_equal(disk.discards, 1);
	assert_int_equal(disk.zeros, 1);
	assert_int_equal(disk.data[103][0], 0);
	assert_int_equal(slice.volume.physical_block_size, 4096);
	assert_true(slice.volume.has_write_cache && slice.volume.can_discard);
}

static void errors_of_the_disk_are_passed_on(void **state) {
	(void)state;
	for (unsigned result = VOLUME_OK; result <= VOLUME_GONE; result++) {
		struct volume_request r = request(VOLUME_READ, 0, 1);

		disk.result = (enum volume_result)result;
		volume_submit(&slice.volume, &r);
		assert_true(fake_volume_complete(&disk));
		assert_int_equal(last, result);
	}
}

static void what_lies_outside_or_makes_no_sense_never_reaches_the_disk(void **state) {
	struct volume_request rows[] = {
	    request(VOLUME_READ, 50, 1),
	    request(VOLUME_READ, 49, 2),
	    request(VOLUME_WRITE, UINT64_MAX, 1),
	    request(VOLUME_WRITE, 1, UINT64_MAX),
	    request(VOLUME_ZERO, UINT64_MAX - 99, 1),
	    request(VOLUME_DISCARD, 0, 51),
	    request(VOLUME_READ, 0, 0),
	    request(VOLUME_ZERO, 0, 0),
	    request(VOLUME_FLUSH, 0, 1),
	    request(VOLUME_READ, 0, 17), /* more than its memory */
	    request((enum volume_operation)9, 0, 1),
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		done_count = 0;
		volume_submit(&slice.volume, &rows[i]);
		assert_int_equal(done_count, 1);
		assert_int_equal(last, VOLUME_FAILED);
	}
	assert_int_equal(disk.queued, 0);
	assert_int_equal(enter_count, 0);
	assert_true(volume_slice_is_idle(&slice));
}

static void a_read_only_slice_writes_nothing(void **state) {
	static const enum volume_operation rows[] = {VOLUME_WRITE, VOLUME_ZERO, VOLUME_DISCARD};

	(void)state;
	volume_slice_init(&slice, &disk.volume, 100, 50, true, &owner);
	assert_true(slice.volume.is_read_only);
	for (unsigned i = 0; i < 3; i++) {
		struct volume_request r = request(rows[i], 0, 1);

		volume_submit(&slice.volume, &r);
		assert_int_equal(last, VOLUME_FAILED);
	}
	assert_int_equal(disk.queued, 0);
	disk.volume.is_read_only = true;
	volume_slice_init(&slice, &disk.volume, 100, 50, false, &owner);
	assert_true(slice.volume.is_read_only);
}

static void a_disk_that_cannot_discard_is_not_asked_to(void **state) {
	struct volume_request r = request(VOLUME_DISCARD, 0, 1);

	(void)state;
	disk.volume.can_discard = false;
	volume_slice_init(&slice, &disk.volume, 100, 50, false, &owner);
	volume_submit(&slice.volume, &r);
	assert_int_equal(last, VOLUME_FAILED);
	assert_int_equal(disk.queued, 0);
}

/* `done` runs under the lock; while it does, the request still counts. */
static void check_locked(struct volume_request *r, enum volume_result result) {
	assert_true(is_locked);
	assert_false(volume_slice_is_idle(&slice));
	done(r, result);
}

static void later_completions_come_under_the_owners_lock(void **state) {
	struct volume_request r = request(VOLUME_READ, 0, 1);

	(void)state;
	r.done = check_locked;
	volume_submit(&slice.volume, &r);
	assert_int_equal(enter_count, 0);
	assert_false(volume_slice_is_idle(&slice));
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(done_count, 1);
	assert_int_equal(enter_count, 1);
	assert_int_equal(leave_count, 1);
	assert_true(volume_slice_is_idle(&slice));
}

static void completions_inside_submit_leave_the_lock_alone(void **state) {
	struct volume_request r = request(VOLUME_READ, 0, 1);

	(void)state;
	disk.is_slow = false;
	disk.volume.completes_inside = true;
	volume_submit(&slice.volume, &r);
	assert_int_equal(done_count, 1);
	assert_int_equal(enter_count + leave_count, 0);
	assert_true(volume_slice_is_idle(&slice));
}

static bool was_idle;

static void note_idle(void *context) {
	was_idle = volume_slice_is_idle(&slice);
	leave(context);
}

static void the_last_completion_is_counted_out_before_the_lock_is_left(void **state) {
	const struct volume_owner noting = {enter, note_idle, &slice};
	struct volume_request r = request(VOLUME_READ, 0, 1);

	(void)state;
	volume_slice_init(&slice, &disk.volume, 100, 50, false, &noting);
	volume_submit(&slice.volume, &r);
	assert_true(fake_volume_complete(&disk));
	assert_true(was_idle);
}

/* As a queue does that has more to do. */
static void submit_again(struct volume_request *r, enum volume_result result) {
	done(r, result);
	if (done_count == 3)
		return;
	*r = request(VOLUME_READ, done_count, 1);
	r->done = submit_again;
	volume_submit(&slice.volume, r);
}

static void done_may_submit_the_same_request_again(void **state) {
	struct volume_request r = request(VOLUME_READ, 0, 1);

	(void)state;
	r.done = submit_again;
	volume_submit(&slice.volume, &r);
	while (fake_volume_complete(&disk))
		;
	assert_int_equal(done_count, 3);
	assert_int_equal(enter_count, 3);
	assert_int_equal(disk.last_block, 102);
	assert_true(volume_slice_is_idle(&slice));
}

static void a_stopped_slice_lets_nothing_new_through(void **state) {
	struct volume_request before = request(VOLUME_READ, 0, 1), after = request(VOLUME_READ, 1, 1);

	(void)state;
	volume_submit(&slice.volume, &before);
	volume_slice_stop(&slice);
	volume_submit(&slice.volume, &after);
	assert_int_equal(done_count, 1);
	assert_int_equal(last, VOLUME_GONE);
	assert_false(volume_slice_is_idle(&slice));
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(done_count, 2);
	assert_int_equal(last, VOLUME_OK);
	assert_true(volume_slice_is_idle(&slice));
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(blocks_are_moved_by_where_the_slice_begins),
	    T(everything_but_blocks_is_passed_on),
	    T(errors_of_the_disk_are_passed_on),
	    T(what_lies_outside_or_makes_no_sense_never_reaches_the_disk),
	    T(a_read_only_slice_writes_nothing),
	    T(a_disk_that_cannot_discard_is_not_asked_to),
	    T(later_completions_come_under_the_owners_lock),
	    T(completions_inside_submit_leave_the_lock_alone),
	    T(the_last_completion_is_counted_out_before_the_lock_is_left),
	    T(done_may_submit_the_same_request_again),
	    T(a_stopped_slice_lets_nothing_new_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
