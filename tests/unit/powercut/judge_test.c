/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Disks that keep their promises, and disks that break them in each way that a host can.
 */
#include "powercut/judge.h"

#include "powercut/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SLOTS 16u
#define BEGIN 8192u

static struct judge judge;

static int setup(void **state) {
	(void)state;
	return judge_open(&judge, SLOTS * BLOCK_SIZE, BEGIN) ? 0 : -1;
}

static int teardown(void **state) {
	(void)state;
	judge_close(&judge);
	return 0;
}

/* The number of the lost block, or 0. */
static uint64_t write_at(uint64_t slot, uint64_t number, uint64_t synced, bool is_durable) {
	uint8_t bytes[BLOCK_SIZE];

	block_fill(bytes, (struct block){.number = number, .synced = synced});
	return judge_entry(&judge, &(struct write_log_entry){.offset = BEGIN + slot * BLOCK_SIZE,
	                                                     .size = BLOCK_SIZE,
	                                                     .data = bytes,
	                                                     .is_durable = is_durable})
	    .block;
}

static uint64_t write_block(uint64_t number, uint64_t synced) {
	return write_at(block_slot(number, SLOTS), number, synced, false);
}

static uint64_t flush(void) { return judge_entry(&judge, &(struct write_log_entry){.is_flush = true}).block; }

static void blocks_before_a_flush_are_durable(void **state) {
	(void)state;
	for (uint64_t number = 1; number <= 3 * SLOTS; number++) {
		assert_int_equal(write_block(number, number - 1), 0);
		assert_int_equal(flush(), 0);
	}
	assert_int_equal(judge_promise(&judge, 3 * SLOTS).block, 0);
	assert_int_equal(judge.synced, 3 * SLOTS);
}

static void a_sync_without_a_flush_is_found_at_the_next_block(void **state) {
	(void)state;
	assert_int_equal(write_block(1, 0), 0);
	assert_int_equal(write_block(2, 1), 1);
}

static void a_flush_before_the_write_does_not_help(void **state) {
	(void)state;
	assert_int_equal(flush(), 0);
	assert_int_equal(write_block(1, 0), 0);
	assert_int_equal(judge_promise(&judge, 1).block, 1);
}

static void a_flush_that_comes_with_data_does_not_cover_them(void **state) {
	uint8_t bytes[BLOCK_SIZE];

	(void)state;
	block_fill(bytes, (struct block){.number = 1});
	assert_int_equal(
	    judge_entry(&judge, &(struct write_log_entry){.offset = BEGIN + block_slot(1, SLOTS) * BLOCK_SIZE,
	                                                  .size = BLOCK_SIZE,
	                                                  .data = bytes,
	                                                  .is_flush = true})
	        .block,
	    0);
	assert_int_equal(judge_promise(&judge, 1).block, 1);
}

static void a_durable_write_needs_no_flush(void **state) {
	(void)state;
	assert_int_equal(write_at(block_slot(1, SLOTS), 1, 0, true), 0);
	assert_int_equal(write_block(2, 1), 0);
	assert_int_equal(judge_promise(&judge, 2).block, 2);
}

static void a_durable_write_makes_no_other_one_durable(void **state) {
	(void)state;
	assert_int_equal(write_block(1, 0), 0);
	assert_int_equal(write_at(block_slot(2, SLOTS), 2, 0, true), 0);
	assert_int_equal(write_block(3, 2), 1);
}

static void an_older_write_does_not_undo_a_durable_one_at_the_next_flush(void **state) {
	(void)state;
	assert_int_equal(write_block(1, 0), 0);
	assert_int_equal(write_at(block_slot(1, SLOTS), 1 + SLOTS, 0, true), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(judge_promise(&judge, 1).block, 0);
}

static void a_block_in_the_wrong_place_is_lost(void **state) {
	(void)state;
	assert_int_equal(write_at(block_slot(2, SLOTS), 1, 0, false), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(judge_promise(&judge, 1).block, 1);
}

static void a_block_with_a_wrong_byte_is_lost(void **state) {
	uint8_t byte[512] = {1};

	(void)state;
	assert_int_equal(write_block(1, 0), 0);
	assert_int_equal(
	    judge_entry(&judge, &(struct write_log_entry){.offset = BEGIN + block_slot(1, SLOTS) * BLOCK_SIZE + 1024,
	                                                  .size = sizeof(byte),
	                                                  .data = byte})
	        .block,
	    0);
	assert_int_equal(flush(), 0);
	assert_int_equal(judge_promise(&judge, 1).block, 1);
}

static void an_older_block_over_a_younger_one_is_a_loss(void **state) {
	(void)state;
	for (uint64_t number = 1; number <= SLOTS + 1; number++)
		assert_int_equal(write_block(number, 0), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(write_block(1, 0), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(judge_promise(&judge, SLOTS + 1).block, SLOTS + 1);
}

static void a_discarded_block_is_lost(void **state) {
	(void)state;
	assert_int_equal(write_block(1, 0), 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(
	    judge_entry(&judge,
	                &(struct write_log_entry){.offset = BEGIN, .size = SLOTS * BLOCK_SIZE, .is_discard = true})
	        .block,
	    0);
	assert_int_equal(flush(), 0);
	assert_int_equal(judge_promise(&judge, 1).block, 1);
}

static void writes_outside_of_the_volume_do_not_touch_it(void **state) {
	static uint8_t bytes[BEGIN];

	(void)state;
	assert_int_equal(write_block(1, 0), 0);
	assert_int_equal(
	    judge_entry(&judge, &(struct write_log_entry){.size = BEGIN, .data = bytes, .is_durable = true}).block, 0);
	assert_int_equal(judge_entry(&judge, &(struct write_log_entry){.offset = BEGIN + SLOTS * BLOCK_SIZE,
	                                                               .size = BEGIN,
	                                                               .data = bytes,
	                                                               .is_durable = true})
	                     .block,
	                 0);
	assert_int_equal(flush(), 0);
	assert_int_equal(judge_promise(&judge, 1).block, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
	    TEST(blocks_before_a_flush_are_durable),
	    TEST(a_sync_without_a_flush_is_found_at_the_next_block),
	    TEST(a_flush_before_the_write_does_not_help),
	    TEST(a_flush_that_comes_with_data_does_not_cover_them),
	    TEST(a_durable_write_needs_no_flush),
	    TEST(a_durable_write_makes_no_other_one_durable),
	    TEST(an_older_write_does_not_undo_a_durable_one_at_the_next_flush),
	    TEST(a_block_in_the_wrong_place_is_lost),
	    TEST(a_block_with_a_wrong_byte_is_lost),
	    TEST(an_older_block_over_a_younger_one_is_a_loss),
	    TEST(a_discarded_block_is_lost),
	    TEST(writes_outside_of_the_volume_do_not_touch_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
