/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Images against a plain array, and the memory that copies take. */
#include "storage/volume_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"

#define BLOCKS 1003u /* its last page is no whole one */

static uint8_t file[BLOCKS * 512], original[BLOCKS * 512], model[BLOCKS * 512];
static struct volume_image image;
static struct err_text text;
static enum volume_result last;
static unsigned done_count;

static int set_up(void **state) {
	(void)state;
	fake_kernel_reset();
	srand(1);
	for (unsigned i = 0; i < sizeof(file); i++)
		file[i] = (uint8_t)(rand() | 1);
	memcpy(original, file, sizeof(file));
	memcpy(model, file, sizeof(file));
	memset(&image, 0, sizeof(image));
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	volume_image_destroy(&image);
	assert_int_equal(fake.memory_taken, 0);
	assert_memory_equal(file, original, sizeof(file));
	return 0;
}

static void done(struct volume_request *r, enum volume_result result) {
	(void)r;
	last = result;
	done_count++;
}

/* Carries out one request with its memory in three pieces, one of them empty. */
static enum volume_result run(enum volume_operation operation, uint64_t block, uint64_t count, uint8_t *memory) {
	uint32_t size = (uint32_t)count * 512, first = size / 3;
	struct volume_segment segment[3] = {{memory, first}, {memory, 0}, {memory + first, size - first}};
	struct volume_request r = {
	    .operation = operation,
	    .block = block,
	    .count = count,
	    .segment = segment,
	    .segment_count = 3,
	    .done = done,
	};

	done_count = 0;
	volume_submit(&image.volume, &r);
	assert_int_equal(done_count, 1);
	return last;
}

static void check_all(void) {
	static uint8_t seen[sizeof(file)];

	assert_int_equal(run(VOLUME_READ, 0, BLOCKS, seen), VOLUME_OK);
	assert_memory_equal(seen, model, sizeof(seen));
}

static void an_image_that_is_no_whole_number_of_blocks_is_refused(void **state) {
	(void)state;
	assert_int_equal(volume_image_init(&image, file, 1000, 0, &text), ERR_FORMAT);
	assert_string_equal(text.text, "the image has 1000 bytes, which is no whole number of blocks of 512");
	assert_int_equal(volume_image_init(&image, file, 0, 0, &text), ERR_FORMAT);
}

static void a_read_only_image_reads_and_refuses_the_rest(void **state) {
	static uint8_t memory[512];

	(void)state;
	assert_int_equal(volume_image_init(&image, file, sizeof(file), 0, &text), ERR_NONE);
	assert_true(image.volume.is_read_only && !image.volume.can_discard);
	assert_int_equal(image.volume.block_count, BLOCKS);
	check_all();
	assert_int_equal(run(VOLUME_WRITE, 0, 1, memory), VOLUME_FAILED);
	assert_int_equal(run(VOLUME_ZERO, 0, 1, NULL), VOLUME_FAILED);
	assert_int_equal(run(VOLUME_DISCARD, 0, 8, NULL), VOLUME_FAILED);
	assert_int_equal(run(VOLUME_FLUSH, 0, 0, NULL), VOLUME_OK);
	check_all();
	assert_int_equal(fake.memory_taken, 0);
}

static void random_requests_do_what_they_do_to_an_array(void **state) {
	static uint8_t memory[sizeof(file)];

	(void)state;
	assert_int_equal(volume_image_init(&image, file, sizeof(file), sizeof(file) + 4096, &text), ERR_NONE);
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t block = (unsigned)rand() % BLOCKS, count = 1 + (unsigned)rand() % 40;
		uint8_t *at = model + block * 512;

		if (count > BLOCKS - block)
			count = BLOCKS - block;
		switch (rand() % 5) {
		case 0:
			for (unsigned b = 0; b < count * 512; b++)
				memory[b] = at[b] = (uint8_t)rand();
			assert_int_equal(run(VOLUME_WRITE, block, count, memory), VOLUME_OK);
			break;
		case 1:
			assert_int_equal(run(VOLUME_ZERO, block, count, NULL), VOLUME_OK);
			memset(at, 0, count * 512);
			break;
		case 2: /* reads as before or as zeros, by whole pages */
			assert_int_equal(run(VOLUME_DISCARD, block, count, NULL), VOLUME_OK);
			for (uint64_t b = 0; b < count; b++) {
				uint64_t first = (block + b) / 8 * 8;
				uint64_t end = first + 8 < BLOCKS ? first + 8 : BLOCKS;

				if (first >= block && end <= block + count)
					memset(at + b * 512, 0, 512);
			}
			break;
		default:
			assert_int_equal(run(VOLUME_READ, block, count, memory), VOLUME_OK);
			assert_memory_equal(memory, at, count * 512);
			break;
		}
	}
	check_all();
}

static void the_limit_bounds_what_is_written_and_nothing_else(void **state) {
	static uint8_t memory[4 * 4096];

	(void)state;
	assert_int_equal(volume_image_init(&image, file, sizeof(file), 3 * 4096 + 100, &text), ERR_NONE);
	memset(memory, 0xaa, sizeof(memory));
	memset(model, 0xaa, 3 * 4096);
	assert_int_equal(run(VOLUME_WRITE, 0, 24, memory), VOLUME_OK);
	assert_int_equal(run(VOLUME_WRITE, 24, 1, memory), VOLUME_NO_SPACE);
	assert_int_equal(run(VOLUME_ZERO, 24, 1, NULL), VOLUME_NO_SPACE);
	check_all();
	/* Again into the same pages, and whole pages of zeros, need no more. */
	assert_int_equal(run(VOLUME_WRITE, 3, 2, memory), VOLUME_OK);
	assert_int_equal(run(VOLUME_ZERO, 24, 8, NULL), VOLUME_OK);
	memset(model + 24 * 512, 0, 4096);
	check_all();
	/* A page that is given back serves another. */
	assert_int_equal(run(VOLUME_DISCARD, 0, 8, NULL), VOLUME_OK);
	memset(model, 0, 4096);
	assert_int_equal(image.copy_count, 2);
	assert_int_equal(run(VOLUME_WRITE, 800, 1, memory), VOLUME_OK);
	memset(model + 800 * 512, 0xaa, 512);
	check_all();
	assert_int_equal(run(VOLUME_WRITE, 808, 1, memory), VOLUME_NO_SPACE);
}

static void memory_comes_when_it_is_needed_and_goes_when_it_is_not(void **state) {
	static uint8_t memory[512];

	(void)state;
	assert_int_equal(volume_image_init(&image, file, sizeof(file), sizeof(file), &text), ERR_NONE);
	assert_int_equal(fake.memory_taken, 0);
	assert_int_equal(run(VOLUME_WRITE, 0, 1, memory), VOLUME_OK);
	assert_int_equal(fake.memory_taken, 64 * 4096);
	for (unsigned page = 0; page < 64; page++)
		assert_int_equal(run(VOLUME_WRITE, page * 8, 1, memory), VOLUME_OK);
	assert_int_equal(fake.memory_taken, 64 * 4096);
	assert_int_equal(run(VOLUME_WRITE, 64 * 8, 1, memory), VOLUME_OK);
	assert_int_equal(fake.memory_taken, 128 * 4096);
	assert_int_equal(run(VOLUME_ZERO, 64 * 8, 8, NULL), VOLUME_OK);
	assert_int_equal(fake.memory_taken, 64 * 4096);
	assert_int_equal(run(VOLUME_DISCARD, 0, BLOCKS, NULL), VOLUME_OK);
	assert_int_equal(fake.memory_taken, 0);
}

static void a_host_without_memory_has_no_space(void **state) {
	static uint8_t memory[512];

	(void)state;
	assert_int_equal(volume_image_init(&image, file, sizeof(file), sizeof(file), &text), ERR_NONE);
	fake.memory_limit = 4096;
	assert_int_equal(run(VOLUME_WRITE, 0, 1, memory), VOLUME_NO_SPACE);
	assert_int_equal(image.copy_count, 0);
	check_all();
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(an_image_that_is_no_whole_number_of_blocks_is_refused),
	    T(a_read_only_image_reads_and_refuses_the_rest),
	    T(random_requests_do_what_they_do_to_an_array),
	    T(the_limit_bounds_what_is_written_and_nothing_else),
	    T(memory_comes_when_it_is_needed_and_goes_when_it_is_not),
	    T(a_host_without_memory_has_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
