/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Commands that ask what the disk is: SPC-4 and SBC-3, row by row. */
#include "scsi_rig.h"

static uint32_t be32(const uint8_t *p) {
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void a_disk_says_what_it_is(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 255, 0);
	assert_good(36);
	assert_int_equal(data[0], 0);
	assert_int_equal(data[2], 6);
	assert_int_equal(data[4], 31);
	assert_memory_equal(data + 8, "BULKHEADVirtual Disk    1   ", 28);
	assert_int_equal(data[36], 0xee);
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0x80, 0, 255, 0);
	assert_sense(INVALID_FIELD);
}

static void a_removable_medium_and_a_cdrom_say_so(void **state) {
	(void)state;
	disk.is_removable = true;
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 255, 0);
	assert_int_equal(data[0], 0);
	assert_int_equal(data[1], 0x80);
	disk.is_removable = false;
	disk.is_cdrom = true;
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 255, 0);
	assert_int_equal(data[0], 5);
	assert_int_equal(data[1], 0x80);
}

static void replies_are_cut_to_the_allocation_and_to_the_memory(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 5, 0);
	assert_good(5);
	assert_int_equal(data[5], 0xee);
	RUN(SCSI_DATA_IN, 8, 0x12, 0, 0, 0, 255, 0);
	assert_good(8);
	assert_int_equal(data[8], 0xee);
	RUN(SCSI_NO_DATA, 0, 0x12, 0, 0, 0, 255, 0);
	assert_good(0);
	memset(data, 0xee, sizeof(data));
	RUN(SCSI_DATA_OUT, 255, 0x12, 0, 0, 0, 255, 0);
	assert_good(0);
	assert_int_equal(data[0], 0xee);
}

static void every_page_that_is_listed_is_there(void **state) {
	uint8_t list[16], count;

	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0, 0, 255, 0);
	count = data[3];
	assert_good(4u + count);
	memcpy(list, data + 4, count);
	for (unsigned i = 0; i < count; i++) {
		RUN(SCSI_DATA_IN, 255, 0x12, 1, list[i], 0, 255, 0);
		assert_int_equal(command.status, SCSI_GOOD);
		assert_int_equal(data[1], list[i]);
		assert_int_equal(command.transferred, 4 + data[3]);
	}
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0x84, 0, 255, 0);
	assert_sense(INVALID_FIELD);
}

static void the_disk_is_identified(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0x80, 0, 255, 0);
	assert_memory_equal(data + 4, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", 32);
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0x83, 0, 255, 0);
	assert_good(4 + 44 + 12);
	assert_int_equal(data[4 + 44 + 1], 3); /* NAA */
	assert_int_equal(data[4 + 44 + 4] >> 4, 3);
}

static void limits_are_told(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0xb0, 0, 255, 0);
	assert_good(64);
	assert_int_equal(be32(data + 8), 128); /* blocks in a transfer */
	assert_int_equal(be32(data + 24), SCSI_UNMAP_RANGES);
	assert_int_equal(be32(data + 28), 8);
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0xb2, 0, 255, 0);
	assert_int_equal(data[5], 0xe0);
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0xb1, 0, 255, 0);
	assert_int_equal(data[5], 1);
	volume.volume.can_discard = false;
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0xb0, 0, 255, 0);
	assert_int_equal(be32(data + 20), 0);
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0xb2, 0, 255, 0);
	assert_int_equal(data[5], 0);
}

static void capacity_is_told_in_both_sizes(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_good(8);
	assert_int_equal(be32(data), FAKE_VOLUME_BLOCKS - 1);
	assert_int_equal(be32(data + 4), 512);
	RUN(SCSI_DATA_IN, 32, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0);
	assert_good(32);
	assert_int_equal(be32(data + 4), FAKE_VOLUME_BLOCKS - 1);
	assert_int_equal(be32(data + 8), 512);
	assert_int_equal(data[13], 3);
	assert_int_equal(data[14], 0x80);
	volume.volume.block_count = 1ull << 40;
	RUN(SCSI_DATA_IN, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(be32(data), 0xffffffff);
	RUN(SCSI_DATA_IN, 32, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0);
	assert_int_equal(be32(data), 0xff);
	RUN(SCSI_DATA_IN, 32, 0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0);
	assert_sense(INVALID_OPCODE);
}

static void mode_pages_tell_of_the_cache_and_of_protection(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x1a, 0, 0x08, 0, 255, 0);
	assert_good(4 + 8 + 20);
	assert_int_equal(data[0], 31);
	assert_int_equal(data[2], 0x10);
	assert_int_equal(data[3], 8);
	assert_int_equal(be32(data + 8), 512);
	assert_int_equal(data[12], 0x08);
	assert_int_equal(data[14], 0x04);
	RUN(SCSI_DATA_IN, 255, 0x1a, 0x08, 0x3f, 0xff, 255, 0);
	assert_good(4 + 20 + 12);
	assert_int_equal(data[3], 0);
	volume.volume.is_read_only = true;
	volume.volume.has_write_cache = false;
	RUN(SCSI_DATA_IN, 255, 0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 255, 0);
	assert_good(8 + 8 + 20 + 12);
	assert_int_equal(data[1], 46);
	assert_int_equal(data[3], 0x90);
	assert_int_equal(data[7], 8);
	assert_int_equal(data[18], 0);
}

static void mode_pages_that_are_not_there_are_refused(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x1a, 0, 0x1c, 0, 255, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_IN, 255, 0x1a, 0, 0x08, 1, 255, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_IN, 255, 0x1a, 0, 0xc8, 0, 255, 0);
	assert_sense(0x53900);
	RUN(SCSI_DATA_IN, 255, 0x1a, 8, 0x48, 0, 255, 0); /* changeable: nothing */
	assert_good(24);
	assert_int_equal(data[6], 0);
}

static void luns_are_listed(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0);
	assert_good(24);
	assert_int_equal(be32(data), 16);
	assert_int_equal(data[9], 0);
	assert_int_equal(data[17], 5);
	RUN(SCSI_DATA_IN, 255, 0xa0, 0, 1, 0, 0, 0, 0, 0, 0, 255, 0, 0);
	assert_good(8);
	RUN(SCSI_DATA_IN, 255, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_IN, 255, 0xa0, 0, 3, 0, 0, 0, 0, 0, 0, 255, 0, 0);
	assert_sense(INVALID_FIELD);
}

static void an_absent_lun_has_a_type_that_says_so(void **state) {
	static const uint8_t absent[] = {1, 63, 64, 255};

	(void)state;
	for (unsigned i = 0; i < sizeof(absent); i++) {
		command.lun = absent[i];
		RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 255, 0);
		assert_good(36);
		assert_int_equal(data[0], 0x7f);
		RUN(SCSI_NO_DATA, 0, 0x00, 0, 0, 0, 0, 0);
		assert_sense(NO_LUN);
		assert_true(command.is_lun_absent);
		RUN(SCSI_DATA_IN, 255, 0x03, 0, 0, 0, 255, 0);
		assert_good(18);
		assert_int_equal(data[12], 0x25);
		RUN(SCSI_DATA_IN, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0);
		assert_sense(NO_LUN);
	}
	command.lun = 0;
	assert_int_equal(volume.reads, 0);
}

static void there_is_no_sense_when_nothing_failed(void **state) {
	(void)state;
	RUN(SCSI_NO_DATA, 0, 0x00, 0, 0, 0, 0, 0);
	assert_good(0);
	RUN(SCSI_DATA_IN, 255, 0x03, 0, 0, 0, 255, 0);
	assert_good(18);
	assert_int_equal(data[0], 0x70);
	assert_int_equal(data[2], 0);
	RUN(SCSI_DATA_IN, 255, 0x03, 1, 0, 0, 255, 0);
	assert_sense(INVALID_FIELD);
}

static void unknown_and_short_commands_are_refused(void **state) {
	static const uint8_t known[] = {0x00, 0x03, 0x08, 0x0a, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x2a, 0x2f, 0x35,
	                                0x41, 0x42, 0x5a, 0x88, 0x8a, 0x8f, 0x91, 0x93, 0x9e, 0xa0, 0xa8, 0xaa};

	(void)state;
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		uint8_t cdb[16] = {(uint8_t)opcode};

		begin(cdb, 16, SCSI_NO_DATA, 0);
		if (memchr(known, (int)opcode, sizeof(known)) == NULL)
			assert_sense(INVALID_OPCODE);
		else
			assert_int_equal(done_count, 1);
		begin(cdb, 5, SCSI_NO_DATA, 0);
		assert_sense(INVALID_OPCODE);
	}
	RUN(SCSI_DATA_IN, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1); /* 9 of 10 bytes */
	assert_sense(INVALID_OPCODE);
}

#define LUNS_CHANGED 0x63f0e

static void the_others_report_a_change_of_disks_once(void **state) {
	static struct scsi_disk stick, late;

	(void)state;
	stick = late = disk;
	stick.is_removable = true;
	target.lun[7] = &stick;
	scsi_target_set(&target, 6, &late);
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 255, 0);
	assert_int_equal(command.status, SCSI_GOOD); /* INQUIRY neither reports nor forgets it */
	RUN(SCSI_DATA_IN, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_sense(LUNS_CHANGED);
	RUN(SCSI_DATA_IN, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_good(512);
	command.lun = 5;
	RUN(SCSI_DATA_IN, 255, 0x03, 0, 0, 0, 255, 0);
	assert_good(18);
	assert_int_equal(data[2], 6);
	assert_int_equal(data[12], 0x3f);
	assert_int_equal(data[13], 0x0e);
	for (uint8_t lun = 5; lun < 8; lun++) {
		command.lun = lun;
		RUN(SCSI_NO_DATA, 0, 0x00, 0, 0, 0, 0, 0);
		assert_good(0);
	}
	command.lun = 0;
}

static void a_list_of_luns_is_report_enough(void **state) {
	(void)state;
	scsi_target_set(&target, 5, NULL);
	RUN(SCSI_DATA_IN, 255, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0);
	assert_good(16);
	RUN(SCSI_NO_DATA, 0, 0x00, 0, 0, 0, 0, 0);
	assert_good(0);
	command.lun = 5;
	RUN(SCSI_NO_DATA, 0, 0x00, 0, 0, 0, 0, 0);
	assert_sense(NO_LUN);
	assert_true(command.is_lun_absent);
	command.lun = 0;
}

static void a_command_keeps_the_disk_that_it_found(void **state) {
	static const uint8_t list[40] = {0, 38, 0, 32, [15] = 10, [19] = 4, [31] = 20, [35] = 2};

	(void)state;
	memcpy(data, list, sizeof(list));
	volume.is_slow = true;
	command.lun = 5;
	RUN(SCSI_DATA_OUT, 40, 0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0);
	assert_int_equal(volume.queued, 1);
	scsi_target_set(&target, 5, NULL);
	assert_true(fake_volume_complete(&volume));
	assert_int_equal(done_count, 0);
	assert_true(fake_volume_complete(&volume));
	assert_good(0);
	assert_int_equal(volume.last_block, 20);
	command.lun = 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
	    TEST(a_disk_says_what_it_is),
	    TEST(a_removable_medium_and_a_cdrom_say_so),
	    TEST(replies_are_cut_to_the_allocation_and_to_the_memory),
	    TEST(every_page_that_is_listed_is_there),
	    TEST(the_disk_is_identified),
	    TEST(limits_are_told),
	    TEST(capacity_is_told_in_both_sizes),
	    TEST(mode_pages_tell_of_the_cache_and_of_protection),
	    TEST(mode_pages_that_are_not_there_are_refused),
	    TEST(luns_are_listed),
	    TEST(an_absent_lun_has_a_type_that_says_so),
	    TEST(there_is_no_sense_when_nothing_failed),
	    TEST(unknown_and_short_commands_are_refused),
	    TEST(the_others_report_a_change_of_disks_once),
	    TEST(a_list_of_luns_is_report_enough),
	    TEST(a_command_keeps_the_disk_that_it_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
