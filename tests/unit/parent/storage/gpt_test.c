/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A row per rule: one thing wrong with a table that is otherwise right. */
#include "storage/gpt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fake/gpt_disk.h"

static struct fake_volume disk;
static struct gpt_reader *reader;
static unsigned done_count;

static const struct gpt_disk_partition two[] = {{"root", 100, 199}, {"swap", 200, 250}};

static void done(struct gpt_reader *r) {
	assert_ptr_equal(r, reader);
	done_count++;
}

static int set_up(void **state) {
	(void)state;
	fake_volume_init(&disk);
	gpt_disk_make(&disk, two, 2);
	done_count = 0;
	reader = calloc(1, sizeof(*reader));
	reader->buffer = malloc(GPT_BUFFER_SIZE);
	reader->volume = &disk.volume;
	reader->done = done;
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	free(reader->buffer);
	free(reader);
	return 0;
}

static void read_all(void) {
	gpt_read(reader);
	while (fake_volume_complete(&disk))
		;
	assert_int_equal(done_count, 1);
}

static void check_two(void) {
	assert_int_equal(reader->error, ERR_NONE);
	assert_int_equal(reader->gpt.count, 2);
	assert_string_equal(reader->gpt.partition[0].label, "root");
	assert_int_equal(reader->gpt.partition[0].number, 1);
	assert_int_equal(reader->gpt.partition[0].first, 100);
	assert_int_equal(reader->gpt.partition[0].count, 100);
	assert_int_equal(reader->gpt.partition[0].id[3], 0x10);
	assert_string_equal(reader->gpt.partition[1].label, "swap");
	assert_int_equal(reader->gpt.partition[1].number, 2);
	assert_int_equal(reader->gpt.partition[1].count, 51);
}

static void a_table_is_read_from_a_disk_that_answers_at_once_or_later(void **state) {
	(void)state;
	read_all();
	check_two();
	assert_string_equal(reader->warning.text, "");
	done_count = 0;
	disk.is_slow = true;
	gpt_read(reader);
	assert_int_equal(done_count, 0);
	while (fake_volume_complete(&disk))
		;
	assert_int_equal(done_count, 1);
	check_two();
}

static void blocks_of_4096_bytes_are_read_too(void **state) {
	static const struct gpt_disk_partition one[] = {{"data", 10, 20}};

	(void)state;
	disk.volume.block_size = 4096;
	disk.volume.block_count = 128;
	gpt_disk_make(&disk, one, 1);
	read_all();
	assert_int_equal(reader->error, ERR_NONE);
	assert_int_equal(reader->gpt.count, 1);
	assert_int_equal(reader->gpt.partition[0].count, 11);
	done_count = 0;
	disk.volume.block_size = 2048;
	read_all();
	assert_int_equal(reader->error, ERR_UNSUPPORTED);
}

/* One number of the header or of an entry, and what is then said of it. */
static const struct {
	int entry; /* -1: the header */
	unsigned at, size;
	uint64_t value;
	bool is_unsealed;
	const char *reason;
} flaws[] = {
    {-1, 0, 1, 'X', false, "no signature"},
    {-1, 12, 4, 91, false, "its size"},
    {-1, 12, 4, 513, true, "its size"},
    {-1, 40, 8, 35, true, "its checksum"},
    {-1, 24, 8, 2, false, "another block"},
    {-1, 40, 8, 999, false, "usable blocks"},
    {-1, 48, 8, 1024, false, "usable blocks"},
    {-1, 40, 8, 1, false, "in its own usable blocks"},
    {-1, 40, 8, 20, false, "overlap something"},
    {-1, 72, 8, 1, true, "checksum"},
    {-1, 72, 8, 1000, false, "outside the disk"},
    {-1, 72, 8, 200, false, "overlap something"},
    {-1, 84, 4, 64, false, "size of its entries"},
    {-1, 84, 4, 129, false, "size of its entries"},
    {-1, 84, 4, 8192, true, "checksum"},
    {-1, 80, 4, 0, false, "no entries"},
    {0, 32, 8, 33, false, "outside the usable"},
    {0, 40, 8, 99, false, "outside the usable"},
    {0, 40, 8, 991, false, "outside the usable"},
    {0, 40, 8, 200, false, "overlap"},
    {1, 32, 8, 150, false, "overlap"},
    {1, 56, 1, 'S', true, "checksum of its entries"},
};

static void damage(unsigned i, bool is_backup) {
	uint8_t *at = flaws[i].entry < 0 ? gpt_disk_header(&disk, is_backup)
	                                 : gpt_disk_entry(&disk, is_backup, (unsigned)flaws[i].entry);

	gpt_put(at + flaws[i].at, flaws[i].value, flaws[i].size);
	if (!flaws[i].is_unsealed)
		gpt_disk_seal(&disk, is_backup);
}

static void a_damaged_primary_table_is_said_and_the_backup_used(void **state) {
	(void)state;
	for (unsigned i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		fake_volume_init(&disk);
		gpt_disk_make(&disk, two, 2);
		damage(i, false);
		done_count = 0;
		read_all();
		if (reader->error != ERR_NONE)
			fail_msg("row %u: %s", i, reader->text.text);
		check_two();
		if (strstr(reader->warning.text, flaws[i].reason) == NULL ||
		    strstr(reader->warning.text, "the backup in block 1023 is used") == NULL)
			fail_msg("row %u: %s", i, reader->warning.text);
	}
}

static void two_damaged_tables_are_an_error_with_both_reasons(void **state) {
	(void)state;
	for (unsigned i = 1; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		fake_volume_init(&disk);
		gpt_disk_make(&disk, two, 2);
		damage(i, false);
		gpt_put(gpt_disk_header(&disk, true) + 24, 5, 8);
		gpt_disk_seal(&disk, true);
		done_count = 0;
		read_all();
		assert_int_equal(reader->error, ERR_FORMAT);
		assert_int_equal(reader->gpt.count, 0);
		assert_non_null(strstr(reader->text.text, "both partition tables are damaged"));
		if (strstr(reader->text.text, flaws[i].reason) == NULL)
			fail_msg("row %u: %s", i, reader->text.text);
		assert_non_null(strstr(reader->text.text, "the backup: it belongs to another block"));
		assert_string_equal(reader->warning.text, "");
	}
}

static void a_disk_without_a_table_is_no_damaged_one(void **state) {
	(void)state;
	memset(disk.data, 0, sizeof(disk.data));
	read_all();
	assert_int_equal(reader->error, ERR_NOT_FOUND);
	done_count = 0;
	disk.volume.block_count = 3;
	read_all();
	assert_int_equal(reader->error, ERR_NOT_FOUND);
}

static void a_disk_that_cannot_be_read_is_said_to_be_so(void **state) {
	(void)state;
	disk.result = VOLUME_FAILED;
	read_all();
	assert_int_equal(reader->error, ERR_DEVICE);
}

static void an_array_that_cannot_be_read_sends_to_the_backup(void **state) {
	(void)state;
	disk.is_slow = true;
	gpt_read(reader);
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(disk.last_block, 2);
	disk.result = VOLUME_FAILED;
	assert_true(fake_volume_complete(&disk));
	disk.result = VOLUME_OK;
	while (fake_volume_complete(&disk))
		;
	check_two();
	assert_non_null(strstr(reader->warning.text, "it cannot be read"));
}

static void large_entries_and_many_of_them_are_read_in_pieces(void **state) {
	uint8_t *h = gpt_disk_header(&disk, false);

	(void)state;
	/* 64 entries of 4096 bytes: 512 blocks, from 2 on. */
	gpt_put(h + 40, 600, 8);
	gpt_put(h + 80, 64, 4);
	gpt_put(h + 84, 4096, 4);
	memset(disk.data[2], 0, 512 * 512);
	for (unsigned i = 0; i < 64; i++) {
		uint8_t *e = disk.data[2] + 4096 * i;

		e[0] = 1;
		gpt_put(e + 32, 600 + i, 8);
		gpt_put(e + 40, 600 + i, 8);
	}
	gpt_disk_seal(&disk, false);
	read_all();
	assert_int_equal(reader->error, ERR_NONE);
	assert_string_equal(reader->warning.text, "");
	assert_int_equal(reader->gpt.count, 64);
	assert_int_equal(reader->gpt.partition[63].number, 64);
	assert_int_equal(reader->gpt.partition[63].first, 663);
	assert_int_equal(disk.reads, 1 + 512 / 32);
}

static void partitions_behind_the_128th_are_counted_and_left_out(void **state) {
	uint8_t *h = gpt_disk_header(&disk, false);

	(void)state;
	gpt_put(h + 40, 100, 8);
	gpt_put(h + 80, 256, 4);
	memset(disk.data[2], 0, 256 * 128);
	for (unsigned i = 0; i < 130; i++) {
		uint8_t *e = disk.data[2] + 128 * i;

		e[0] = 1;
		gpt_put(e + 32, 100 + i, 8);
		gpt_put(e + 40, 100 + i, 8);
	}
	gpt_disk_seal(&disk, false);
	read_all();
	assert_int_equal(reader->error, ERR_NONE);
	assert_int_equal(reader->gpt.count, 128);
	assert_int_equal(reader->gpt.left_out, 2);
}

static void labels_are_text_or_nothing(void **state) {
	static const struct {
		uint16_t units[3];
		const char *label;
	} rows[] = {
	    {{'a', 0, 'b'}, "a"},
	    {{0xe4, 0x20ac, 'x'},
	     "\xc3\xa4\xe2\x82\xac"
	     "x"},
	    {{0xd83d, 0xde00, 0}, "\xf0\x9f\x98\x80"},
	    {{'a', '\n', 'b'}, ""},
	    {{'a', 0x1b, 0}, ""},
	    {{'a', 0x9b, 0}, ""},
	    {{0xd83d, 'x', 0}, ""},
	    {{0, 0, 0}, ""},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *e = gpt_disk_entry(&disk, false, 0);

		memset(e + 56, 0, 72);
		for (unsigned u = 0; u < 3; u++)
			gpt_put(e + 56 + 2 * u, rows[i].units[u], 2);
		gpt_disk_seal(&disk, false);
		done_count = 0;
		read_all();
		assert_string_equal(reader->gpt.partition[0].label, rows[i].label);
	}
}

static void a_label_of_36_units_has_room(void **state) {
	uint8_t *e = gpt_disk_entry(&disk, false, 0);

	(void)state;
	for (unsigned u = 0; u < 36; u++)
		gpt_put(e + 56 + 2 * u, 0x20ac, 2);
	gpt_disk_seal(&disk, false);
	read_all();
	assert_int_equal(strlen(reader->gpt.partition[0].label), GPT_LABEL_SIZE - 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_table_is_read_from_a_disk_that_answers_at_once_or_later),
	    T(blocks_of_4096_bytes_are_read_too),
	    T(a_damaged_primary_table_is_said_and_the_backup_used),
	    T(two_damaged_tables_are_an_error_with_both_reasons),
	    T(a_disk_without_a_table_is_no_damaged_one),
	    T(a_disk_that_cannot_be_read_is_said_to_be_so),
	    T(an_array_that_cannot_be_read_sends_to_the_backup),
	    T(large_entries_and_many_of_them_are_read_in_pieces),
	    T(partitions_behind_the_128th_are_counted_and_left_out),
	    T(labels_are_text_or_nothing),
	    T(a_label_of_36_units_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
