/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Commands that reach the volume. */
#include "scsi_rig.h"

static void reads_of_every_size_reach_their_blocks(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 1024, 0x08, 0, 1, 2, 2, 0);
	assert_good(1024);
	assert_int_equal(volume.last_block, 0x102);
	assert_int_equal(data[0], 2);
	assert_int_equal(data[1023], 3);
	RUN(SCSI_DATA_IN, 1024, 0x28, 0, 0, 0, 3, 0, 0, 0, 2, 0);
	assert_good(1024);
	assert_int_equal(volume.last_block, 0x300);
	RUN(SCSI_DATA_IN, 1024, 0xa8, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0);
	assert_good(512);
	assert_int_equal(data[0], 9);
	RUN(SCSI_DATA_IN, 1024, 0x88, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0);
	assert_good(512);
	assert_int_equal(volume.last_block, 0x100);
	assert_int_equal(volume.reads, 4);
}

static void a_count_of_0_means_256_in_6_bytes_and_nothing_in_more(void **state) {
	(void)state;
	disk.transfer_max = 256 * 512;
	RUN(SCSI_DATA_IN, sizeof(data), 0x08, 0, 0, 0, 0, 0);
	assert_sense(INVALID_FIELD); /* 256 blocks do not fit here */
	RUN(SCSI_DATA_IN, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_good(0);
	assert_int_equal(volume.reads, 0);
}

static void writes_arrive_and_fua_makes_them_durable(void **state) {
	(void)state;
	memset(data, 0x77, 1024);
	RUN(SCSI_DATA_OUT, 1024, 0x2a, 0, 0, 0, 0, 4, 0, 0, 2, 0);
	assert_good(1024);
	assert_int_equal(volume.data[4][0], 0x77);
	assert_int_equal(volume.data[5][511], 0x77);
	assert_int_equal(volume.data[6][0], 6);
	assert_int_equal(volume.durable_writes, 0);
	RUN(SCSI_DATA_OUT, 512, 0x2a, 8, 0, 0, 0, 4, 0, 0, 1, 0);
	RUN(SCSI_DATA_OUT, 512, 0xaa, 8, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0);
	RUN(SCSI_DATA_OUT, 512, 0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0);
	assert_int_equal(volume.durable_writes, 3);
	RUN(SCSI_DATA_OUT, 512, 0x0a, 8, 0, 4, 1, 0); /* there it is part of the address */
	assert_sense(OUT_OF_RANGE);
}

static void a_read_only_disk_is_not_written(void **state) {
	(void)state;
	volume.volume.is_read_only = true;
	RUN(SCSI_DATA_OUT, 512, 0x2a, 0, 0, 0, 0, 4, 0, 0, 1, 0);
	assert_sense(0x72700);
	RUN(SCSI_DATA_OUT, 24, 0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0);
	assert_sense(0x72700);
	RUN(SCSI_DATA_OUT, 512, 0x41, 0, 0, 0, 0, 4, 0, 0, 1, 0);
	assert_sense(0x72700);
	RUN(SCSI_DATA_IN, 512, 0x28, 0, 0, 0, 0, 4, 0, 0, 1, 0);
	assert_good(512);
	RUN(SCSI_NO_DATA, 0, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_good(0);
}

static void what_lies_beyond_the_end_is_out_of_range(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 1024, 0x28, 0, 0, 0, 3, 0xff, 0, 0, 1, 0); /* the last block */
	assert_good(512);
	RUN(SCSI_DATA_IN, 1024, 0x28, 0, 0, 0, 3, 0xff, 0, 0, 2, 0);
	assert_sense(OUT_OF_RANGE);
	RUN(SCSI_DATA_IN, 1024, 0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0);
	assert_sense(OUT_OF_RANGE);
	RUN(SCSI_DATA_IN, 512, 0x88, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0);
	assert_sense(OUT_OF_RANGE);
	RUN(SCSI_NO_DATA, 0, 0x91, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0);
	assert_sense(OUT_OF_RANGE);
	RUN(SCSI_NO_DATA, 0, 0x2f, 0, 0, 0, 4, 0, 0, 0, 1, 0);
	assert_sense(OUT_OF_RANGE);
	assert_int_equal(volume.reads, 1);
}

static void memory_that_is_too_small_moves_nothing(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 1023, 0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_NO_DATA, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_OUT, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_IN, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_IN, 512, 0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0); /* RDPROTECT */
	assert_sense(INVALID_FIELD);
	assert_int_equal(volume.reads + volume.writes, 0);
}

static void flushes_reach_the_volume(void **state) {
	(void)state;
	RUN(SCSI_NO_DATA, 0, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_good(0);
	RUN(SCSI_NO_DATA, 0, 0x91, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0);
	assert_good(0);
	RUN(SCSI_NO_DATA, 0, 0x1b, 0, 0, 0, 0, 0); /* stop */
	assert_good(0);
	assert_int_equal(volume.flushes, 3);
	RUN(SCSI_NO_DATA, 0, 0x1b, 0, 0, 0, 1, 0);
	assert_good(0);
	RUN(SCSI_NO_DATA, 0, 0x1b, 0, 0, 0, 2, 0); /* eject */
	assert_sense(INVALID_FIELD);
	assert_int_equal(volume.flushes, 3);
}

static void a_command_waits_for_its_volume(void **state) {
	(void)state;
	volume.is_slow = true;
	RUN(SCSI_DATA_IN, 512, 0x28, 0, 0, 0, 0, 7, 0, 0, 1, 0);
	assert_int_equal(done_count, 0);
	assert_true(fake_volume_complete(&volume));
	assert_good(512);
	assert_int_equal(data[0], 7);
}

static void errors_of_the_volume_become_sense(void **state) {
	static const struct {
		enum volume_result result;
		uint32_t read, write;
	} rows[] = {
	    {VOLUME_FAILED, 0x31100, 0x30c00},
	    {VOLUME_NO_SPACE, 0x72707, 0x72707},
	    {VOLUME_GONE, 0x23a00, 0x23a00},
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		volume.result = rows[i].result;
		RUN(SCSI_DATA_IN, 512, 0x28, 0, 0, 0, 0, 7, 0, 0, 1, 0);
		assert_sense(rows[i].read);
		RUN(SCSI_DATA_OUT, 512, 0x2a, 0, 0, 0, 0, 7, 0, 0, 1, 0);
		assert_sense(rows[i].write);
		RUN(SCSI_NO_DATA, 0, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0);
		assert_sense(rows[i].write);
	}
}

/* A list for UNMAP with `count` ranges of two blocks each, at 100, 200, ... */
static void put_unmap_list(unsigned count) {
	memset(data, 0, sizeof(data));
	data[1] = (uint8_t)(6 + 16 * count);
	data[2] = (uint8_t)(16 * count >> 8);
	data[3] = (uint8_t)(16 * count);
	for (unsigned i = 0; i < count; i++) {
		data[8 + 16 * i + 7] = (uint8_t)(100 * (i + 1));
		data[8 + 16 * i + 6] = (uint8_t)(100 * (i + 1) >> 8);
		data[8 + 16 * i + 11] = 2;
	}
}

static void ranges_are_discarded_one_after_the_other(void **state) {
	(void)state;
	put_unmap_list(3);
	data[8 + 16 + 11] = 0; /* the second is empty */
	RUN(SCSI_DATA_OUT, 56, 0x42, 0, 0, 0, 0, 0, 0, 0, 56, 0);
	assert_good(0);
	assert_int_equal(volume.discards, 2);
	assert_int_equal(volume.data[101][0], 0xdd);
	assert_int_equal(volume.data[301][0], 0xdd);
	assert_int_equal(volume.data[200][0], 200);
	RUN(SCSI_NO_DATA, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_good(0);
	volume.is_slow = true;
	RUN(SCSI_DATA_OUT, 56, 0x42, 0, 0, 0, 0, 0, 0, 0, 56, 0);
	assert_true(fake_volume_complete(&volume));
	assert_int_equal(done_count, 0);
	volume.result = VOLUME_FAILED;
	assert_true(fake_volume_complete(&volume));
	assert_sense(0x30c00);
	assert_false(fake_volume_complete(&volume));
}

static void a_bad_list_discards_nothing(void **state) {
	(void)state;
	put_unmap_list(3);
	RUN(SCSI_DATA_OUT, 56, 0x42, 1, 0, 0, 0, 0, 0, 0, 56, 0); /* ANCHOR */
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_OUT, 56, 0x42, 0, 0, 0, 0, 0, 0, 0, 7, 0);
	assert_sense(BAD_LIST_LENGTH);
	RUN(SCSI_DATA_OUT, 56, 0x42, 0, 0, 0, 0, 0, 0, 0, 55, 0);
	assert_sense(BAD_LIST_LENGTH);
	RUN(SCSI_DATA_OUT, 40, 0x42, 0, 0, 0, 0, 0, 0, 0, 56, 0);
	assert_sense(BAD_LIST_LENGTH);
	data[8 + 32 + 5] = 1; /* the third lies outside */
	RUN(SCSI_DATA_OUT, 56, 0x42, 0, 0, 0, 0, 0, 0, 0, 56, 0);
	assert_sense(OUT_OF_RANGE);
	put_unmap_list(17);
	RUN(SCSI_DATA_OUT, 400, 0x42, 0, 0, 0, 0, 0, 0, 1, 24, 0);
	assert_sense(BAD_PARAMETER);
	volume.volume.can_discard = false;
	RUN(SCSI_DATA_OUT, 56, 0x42, 0, 0, 0, 0, 0, 0, 0, 56, 0);
	assert_sense(INVALID_OPCODE);
	assert_int_equal(volume.discards, 0);
}

static void the_same_is_written_if_it_is_zero(void **state) {
	(void)state;
	memset(data, 0, 512);
	RUN(SCSI_DATA_OUT, 512, 0x41, 0, 0, 0, 0, 4, 0, 0, 9, 0);
	assert_good(0);
	assert_int_equal(volume.data[4][0], 0);
	assert_int_equal(volume.data[12][511], 0);
	assert_int_equal(volume.data[13][0], 13);
	RUN(SCSI_DATA_OUT, 512, 0x93, 8, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0);
	assert_good(0);
	RUN(SCSI_NO_DATA, 0, 0x93, 1, 0, 0, 0, 0, 0, 0, 0, 21, 0, 0, 0, 1, 0, 0);
	assert_good(0);
	assert_int_equal(volume.zeros, 3);
	data[511] = 1;
	RUN(SCSI_DATA_OUT, 512, 0x41, 0, 0, 0, 0, 4, 0, 0, 9, 0);
	assert_sense(BAD_PARAMETER);
	RUN(SCSI_DATA_OUT, 511, 0x41, 0, 0, 0, 0, 4, 0, 0, 9, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_OUT, 512, 0x41, 0, 0, 0, 0, 4, 0, 0, 0, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_NO_DATA, 0, 0x41, 1, 0, 0, 0, 4, 0, 0, 1, 0);
	assert_sense(INVALID_FIELD);
	volume.volume.block_count = 1 << 20;
	RUN(SCSI_NO_DATA, 0, 0x93, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0);
	assert_sense(INVALID_FIELD); /* more than is offered */
	assert_int_equal(volume.zeros, 3);
}

static void verifying_without_comparison_is_checked_and_good(void **state) {
	(void)state;
	RUN(SCSI_NO_DATA, 0, 0x2f, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_good(0);
	RUN(SCSI_NO_DATA, 0, 0x8f, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0);
	assert_sense(INVALID_FIELD);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
	    TEST(reads_of_every_size_reach_their_blocks),
	    TEST(a_count_of_0_means_256_in_6_bytes_and_nothing_in_more),
	    TEST(writes_arrive_and_fua_makes_them_durable),
	    TEST(a_read_only_disk_is_not_written),
	    TEST(what_lies_beyond_the_end_is_out_of_range),
	    TEST(memory_that_is_too_small_moves_nothing),
	    TEST(flushes_reach_the_volume),
	    TEST(a_command_waits_for_its_volume),
	    TEST(errors_of_the_volume_become_sense),
	    TEST(ranges_are_discarded_one_after_the_other),
	    TEST(a_bad_list_discards_nothing),
	    TEST(the_same_is_written_if_it_is_zero),
	    TEST(verifying_without_comparison_is_checked_and_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
