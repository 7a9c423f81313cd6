/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Requests against a device in memory that the test plays: commands are carried out,
 * failed, answered twice or forgotten by hand, and at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "drivers/disk_cut.h"
#include "drivers/disk_queue.h"
#include "fake/parent_kernel.h"

#define BLOCKS     2048u
#define BLOCK_SIZE 512u
#define REQUESTS   32u

static struct disk_queue q;
static struct disk disk;
static uint8_t content[BLOCKS][BLOCK_SIZE];
static uint8_t *memory; /* 64 pages */
static struct volume_segment segment[8];
static struct volume_request request[REQUESTS];
static unsigned done_count;
static enum volume_result last_result;

static void done(struct volume_request *r, enum volume_result result) {
	(void)r;
	done_count++;
	last_result = result;
}

static int set_up(void **state) {
	(void)state;
	fake_kernel_reset();
	memory = aligned_alloc(4096, 64 * 4096);
	memset(memory, 0x11, 64 * 4096);
	for (unsigned i = 0; i < BLOCKS; i++)
		memset(content[i], (int)(i * 7 + 1), BLOCK_SIZE);
	disk = (struct disk){
	    .volume = {.block_count = BLOCKS, .block_size = BLOCK_SIZE, .has_write_cache = true},
	    .limits = {.transfer_size = 16384,
	               .zero_blocks = 16,
	               .discard_blocks = 100,
	               .alignment = 4,
	               .run_size_max = 4096,
	               .has_page_rule = true,
	               .has_fua = true,
	               .address_end = 1ull << 47},
	};
	done_count = 0;
	assert_true(disk_queue_init(&q, 8));
	q.is_stopped = false;
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	disk_queue_destroy(&q);
	free(memory);
	assert_int_equal(fake.memory_taken, 0);
	return 0;
}

static struct volume_request *add(enum volume_operation operation, uint64_t block, uint64_t count, unsigned segments) {
	struct volume_request *r = &request[0];

	*r = (struct volume_request){.operation = operation,
	                             .block = block,
	                             .count = count,
	                             .segment = segment,
	                             .segment_count = segments,
	                             .done = done};
	disk_queue_add(&q, &disk, r);
	return r;
}

/* What a sound device does with a command. */
static void carry_out(const struct disk_command *c) {
	uint64_t at = c->block * BLOCK_SIZE, size = 0;

	if (c->operation == VOLUME_ZERO)
		memset(content[c->block], 0, c->count * BLOCK_SIZE);
	for (unsigned i = 0; i < c->run_count; i++) {
		uint8_t *bytes = (uint8_t *)(uintptr_t)c->run[i].address;

		if (c->operation == VOLUME_READ)
			memcpy(bytes, &content[0][0] + at + size, c->run[i].size);
		else
			memcpy(&content[0][0] + at + size, bytes, c->run[i].size);
		size += c->run[i].size;
	}
	if (c->operation == VOLUME_READ || c->operation == VOLUME_WRITE)
		assert_int_equal(size, c->count * BLOCK_SIZE);
}

static void judge_runs(const struct disk_command *c) {
	for (unsigned i = 0; i < c->run_count; i++) {
		uint64_t end = c->run[i].address + c->run[i].size;

		assert_int_equal(c->run[i].address % disk.limits.alignment, 0);
		assert_true(i == 0 || c->run[i].address % 4096 == 0);
		assert_true(i == c->run_count - 1 || end % 4096 == 0);
		assert_true(c->run[i].address / 4096 == (end - 1) / 4096);
	}
}

/* All that there is to do, soundly; returns how many commands that took. */
static unsigned run_all(void) {
	const struct disk_command *c;
	unsigned commands = 0;

	while ((c = disk_queue_next(&q, 0)) != NULL) {
		judge_runs(c);
		carry_out(c);
		assert_true(disk_queue_complete(&q, c->tag, VOLUME_OK, false));
		commands++;
	}
	disk_queue_deliver(&q);
	return commands;
}

static void a_read_of_whole_pages_is_as_many_commands_as_its_size_takes(void **state) {
	(void)state;
	segment[0] = (struct volume_segment){memory, 10 * 4096};
	add(VOLUME_READ, 8, 80, 1);
	assert_int_equal(run_all(), 3);
	assert_int_equal(done_count, 1);
	assert_int_equal(last_result, VOLUME_OK);
	assert_memory_equal(memory, content[8], 80 * BLOCK_SIZE);
	assert_int_equal(memory[80 * BLOCK_SIZE], 0x11);
}

static void memory_that_the_device_cannot_reach_goes_through_a_page_of_ours(void **state) {
	(void)state;
	segment[0] = (struct volume_segment){memory + 1, 700};
	segment[1] = (struct volume_segment){memory + 8192 + 3, 5 * 512 - 700};
	add(VOLUME_READ, 3, 5, 2);
	(void)run_all();
	assert_int_equal(last_result, VOLUME_OK);
	assert_memory_equal(memory + 1, content[3], 700);
	assert_memory_equal(memory + 8192 + 3, (uint8_t *)content[3] + 700, 5 * 512 - 700);
	memset(memory, 0x77, 4096);
	memset(memory + 8192, 0x78, 4096);
	add(VOLUME_WRITE, 3, 5, 2);
	(void)run_all();
	assert_int_equal(content[3][0], 0x77);
	assert_int_equal(content[4][700 - 512], 0x78);
	assert_int_equal(content[7][511], 0x78);
	assert_int_equal(content[8][0], 8 * 7 + 1);
}

static void a_block_across_two_pages_that_touch_needs_no_page_of_ours(void **state) {
	const struct disk_command *c;

	(void)state;
	segment[0] = (struct volume_segment){memory + 4096 - 256, 512};
	add(VOLUME_READ, 0, 1, 1);
	c = disk_queue_next(&q, 0);
	assert_int_equal(c->run_count, 2);
	assert_int_equal(c->run[0].address, (uintptr_t)memory + 4096 - 256);
	assert_true(disk_queue_complete(&q, c->tag, VOLUME_OK, false));
}

static void a_second_answer_and_one_to_nothing_are_refused(void **state) {
	const struct disk_command *c;
	uint16_t tag;

	(void)state;
	segment[0] = (struct volume_segment){memory, 512};
	add(VOLUME_READ, 0, 1, 1);
	c = disk_queue_next(&q, 0);
	tag = c->tag;
	assert_false(disk_queue_complete(&q, (uint16_t)(tag + 1), VOLUME_OK, false));
	assert_false(disk_queue_complete(&q, (uint16_t)(tag + 64), VOLUME_OK, false));
	assert_false(disk_queue_complete(&q, 63, VOLUME_OK, false));
	assert_true(disk_queue_complete(&q, tag, VOLUME_OK, false));
	assert_false(disk_queue_complete(&q, tag, VOLUME_OK, false));
	assert_int_equal(done_count, 0); /* never from inside */
	disk_queue_deliver(&q);
	assert_int_equal(done_count, 1);
}

static void a_command_is_tried_three_times_and_an_old_answer_is_none(void **state) {
	const struct disk_command *c;
	uint16_t first;

	(void)state;
	segment[0] = (struct volume_segment){memory, 512};
	add(VOLUME_WRITE, 0, 1, 1);
	c = disk_queue_next(&q, 0);
	first = c->tag;
	for (unsigned i = 0; i < DISK_TRIES; i++) {
		assert_non_null(c);
		assert_true(disk_queue_complete(&q, c->tag, VOLUME_FAILED, true));
		assert_false(disk_queue_complete(&q, first, VOLUME_OK, false));
		c = disk_queue_next(&q, 0);
	}
	assert_null(c);
	disk_queue_deliver(&q);
	assert_int_equal(done_count, 1);
	assert_int_equal(last_result, VOLUME_FAILED);
	assert_int_equal(disk.counters.failures, 1);
}

static void after_a_reset_the_same_command_goes_out_again(void **state) {
	const struct disk_command *c;
	struct disk_command before;

	(void)state;
	segment[0] = (struct volume_segment){memory + 2048, 8192};
	add(VOLUME_READ, 5, 16, 1);
	before = *disk_queue_next(&q, 0);
	disk_queue_requeue(&q, true);
	assert_false(disk_queue_complete(&q, before.tag, VOLUME_OK, false));
	c = disk_queue_next(&q, 0);
	assert_int_equal(c->block, before.block);
	assert_int_equal(c->count, before.count);
	assert_int_equal(c->run_count, before.run_count);
	assert_memory_equal(c->run, before.run, before.run_count * sizeof(before.run[0]));
	assert_true(disk_queue_complete(&q, c->tag, VOLUME_OK, false));
	disk_queue_deliver(&q);
	assert_int_equal(last_result, VOLUME_OK);
}

static void without_a_durable_write_a_flush_follows(void **state) {
	const struct disk_command *c;

	(void)state;
	disk.limits.has_fua = false;
	segment[0] = (struct volume_segment){memory, 512};
	request[0] = (struct volume_request){.operation = VOLUME_WRITE,
	                                     .is_durable = true,
	                                     .count = 1,
	                                     .segment = segment,
	                                     .segment_count = 1,
	                                     .done = done};
	disk_queue_add(&q, &disk, &request[0]);
	c = disk_queue_next(&q, 0);
	assert_int_equal(c->operation, VOLUME_WRITE);
	assert_true(disk_queue_complete(&q, c->tag, VOLUME_OK, false));
	disk_queue_deliver(&q);
	assert_int_equal(done_count, 0);
	c = disk_queue_next(&q, 0);
	assert_int_equal(c->operation, VOLUME_FLUSH);
	assert_true(disk_queue_complete(&q, c->tag, VOLUME_OK, false));
	disk_queue_deliver(&q);
	assert_int_equal(done_count, 1);
}

static void zeros_are_written_where_no_command_makes_them(void **state) {
	static const uint8_t zeros[100 * BLOCK_SIZE];

	(void)state;
	disk.limits.zero_blocks = 0;
	add(VOLUME_ZERO, 10, 100, 0);
	(void)run_all();
	assert_int_equal(last_result, VOLUME_OK);
	assert_memory_equal(content[10], zeros, sizeof(zeros));
	assert_int_not_equal(content[9][0], 0);
	assert_int_not_equal(content[110][0], 0);
}

static void what_is_out_of_range_or_without_memory_fails_later_and_not_inside(void **state) {
	(void)state;
	add(VOLUME_READ, BLOCKS, 1, 0);
	assert_int_equal(done_count, 0);
	disk_queue_deliver(&q);
	assert_int_equal(last_result, VOLUME_FAILED);
	add(VOLUME_READ, 1, UINT64_MAX, 0);
	disk_queue_deliver(&q);
	add(VOLUME_WRITE, 1, 0, 0);
	disk_queue_deliver(&q);
	segment[0] = (struct volume_segment){memory, 511};
	add(VOLUME_WRITE, 1, 1, 1);
	assert_int_equal(run_all(), 0);
	disk.volume.is_read_only = true;
	segment[0].size = 512;
	add(VOLUME_WRITE, 1, 1, 1);
	assert_int_equal(run_all(), 0);
	assert_int_equal(done_count, 5);
	assert_int_equal(disk.counters.failures, 5);
	assert_int_equal(q.used, 0);
}

static void what_takes_too_long_is_found_by_its_deadline(void **state) {
	uint16_t tag;

	(void)state;
	segment[0] = (struct volume_segment){memory, 512};
	add(VOLUME_READ, 0, 1, 1);
	tag = disk_queue_next(&q, 1000)->tag;
	assert_int_equal(disk_queue_overdue(&q, 1000), DISK_TAG_NONE);
	assert_int_equal(disk_queue_overdue(&q, 1000 + 30ull * HV_REFERENCE_TIME_HZ), tag);
	disk_queue_kill(&q, VOLUME_GONE);
	disk_queue_deliver(&q);
	assert_int_equal(last_result, VOLUME_GONE);
	add(VOLUME_READ, 0, 1, 1);
	assert_null(disk_queue_next(&q, 0));
	disk_queue_deliver(&q);
	assert_int_equal(done_count, 2);
	assert_int_equal(last_result, VOLUME_GONE);
}

/* --- At random: what is outstanding ends in any order, well or badly. --- */

static unsigned ended[REQUESTS];

static void random_done(struct volume_request *r, enum volume_result result) {
	ended[r - request]++;
	if (r->operation == VOLUME_READ && result == VOLUME_OK) {
		uint64_t at = r->block * BLOCK_SIZE, left = r->count * BLOCK_SIZE;

		for (unsigned i = 0; left > 0; i++) {
			uint64_t part = r->segment[i].size < left ? r->segment[i].size : left;

			assert_memory_equal(r->segment[i].memory, &content[0][0] + at, part);
			at += part;
			left -= part;
		}
	}
}

/* Each request has two pages of memory of its own, in two runs anywhere in them. */
static void make_random(unsigned i, struct volume_segment s[2]) {
	static const enum volume_operation operations[] = {VOLUME_READ, VOLUME_READ, VOLUME_FLUSH, VOLUME_DISCARD};
	unsigned count = 1 + (unsigned)rand() % 8, first = (unsigned)rand() % (count * BLOCK_SIZE);

	s[0] = (struct volume_segment){memory + 8192 * i + (rand() % 2 ? 0 : rand() % 100), first};
	s[1] = (struct volume_segment){memory + 8192 * i + 4200 - (rand() % 2 ? 104 : rand() % 100),
	                               count * BLOCK_SIZE - first};
	if (first > 3900 || s[1].size > 3900) {
		s[0] = (struct volume_segment){memory + 8192 * i, count * BLOCK_SIZE};
		s[1].size = 0;
	}
	request[i] = (struct volume_request){.operation = operations[rand() % 4],
	                                     .block = (unsigned)rand() % (BLOCKS - 8),
	                                     .count = count,
	                                     .segment = s,
	                                     .segment_count = 2,
	                                     .done = random_done};
	disk_queue_add(&q, &disk, &request[i]);
}

static void random_requests_end_exactly_once_with_the_right_data(void **state) {
	static struct volume_segment segments[REQUESTS][2];
	struct disk_command at_device[8];
	unsigned at_device_count = 0;

	(void)state;
	srand(20261130);
	for (unsigned round = 0; round < 300; round++) {
		unsigned made = 0;

		memset(ended, 0, sizeof(ended));
		while (made < REQUESTS || at_device_count > 0 || q.again != 0 || q.issuing != NULL ||
		       q.waiting != NULL) {
			const struct disk_command *c = NULL;
			unsigned pick;

			if (made < REQUESTS && rand() % 2)
				make_random(made, segments[made]), made++;
			if (at_device_count < 8 && (c = disk_queue_next(&q, 0)) != NULL)
				at_device[at_device_count++] = *c;
			if (at_device_count == 0 || rand() % 3 == 0)
				continue;
			pick = (unsigned)rand() % at_device_count;
			if (rand() % 200 == 0) {
				disk_queue_requeue(&q, true);
				at_device_count = 0;
				continue;
			}
			carry_out(&at_device[pick]);
			assert_true(disk_queue_complete(&q, at_device[pick].tag, rand() % 4 ? VOLUME_OK : VOLUME_FAILED,
			                                rand() % 2));
			assert_false(disk_queue_complete(&q, at_device[pick].tag, VOLUME_OK, false));
			at_device[pick] = at_device[--at_device_count];
			disk_queue_deliver(&q);
		}
		disk_queue_deliver(&q);
		for (unsigned i = 0; i < REQUESTS; i++)
			assert_int_equal(ended[i], 1);
		assert_int_equal(q.used, 0);
		assert_int_equal(q.free_bounces, (1u << DISK_BOUNCES) - 1);
	}
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_read_of_whole_pages_is_as_many_commands_as_its_size_takes),
	    TEST(memory_that_the_device_cannot_reach_goes_through_a_page_of_ours),
	    TEST(a_block_across_two_pages_that_touch_needs_no_page_of_ours),
	    TEST(a_second_answer_and_one_to_nothing_are_refused),
	    TEST(a_command_is_tried_three_times_and_an_old_answer_is_none),
	    TEST(after_a_reset_the_same_command_goes_out_again),
	    TEST(without_a_durable_write_a_flush_follows),
	    TEST(zeros_are_written_where_no_command_makes_them),
	    TEST(what_is_out_of_range_or_without_memory_fails_later_and_not_inside),
	    TEST(what_takes_too_long_is_found_by_its_deadline),
	    TEST(random_requests_end_exactly_once_with_the_right_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
