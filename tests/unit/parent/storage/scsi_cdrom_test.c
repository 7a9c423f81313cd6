/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A CD-ROM drive and its medium: MMC-6, row by row. */
#include "scsi_rig.h"

#define NO_MEDIUM        0x23a00
#define TRAY_OPEN        0x23a02
#define CHANGED          0x62800
#define PREVENTED        0x55302

#define TEST_READY()     RUN(SCSI_NO_DATA, 0, 0x00, 0, 0, 0, 0, 0)
#define START_STOP(bits) RUN(SCSI_NO_DATA, 0, 0x1b, 0, 0, 0, bits, 0)
#define PREVENT(bits)    RUN(SCSI_NO_DATA, 0, 0x1e, 0, 0, 0, bits, 0)
#define EVENT()          RUN(SCSI_DATA_IN, 255, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 255, 0)

static uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }

static uint32_t be32(const uint8_t *p) { return be16(p) << 16 | be16(p + 2); }

static int drive(void **state) {
	(void)fresh(state);
	volume.volume.is_read_only = true;
	disk.is_cdrom = true;
	return 0;
}

static void a_drive_says_what_it_is(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 255, 0);
	assert_good(36);
	assert_int_equal(data[0], 5);
	assert_int_equal(data[1], 0x80);
	assert_memory_equal(data + 8, "BULKHEADVirtual CD-ROM  1   ", 28);
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0, 0, 255, 0);
	assert_good(4 + 3);
	RUN(SCSI_DATA_IN, 255, 0x12, 1, 0xb0, 0, 255, 0); /* a disk's */
	assert_sense(INVALID_FIELD);
}

static void blocks_have_2048_bytes(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(be32(data), FAKE_VOLUME_BLOCKS / 4 - 1);
	assert_int_equal(be32(data + 4), 2048);
	RUN(SCSI_DATA_IN, 4096, 0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0);
	assert_good(4096);
	assert_memory_equal(data, volume.data[12], 4096);
	RUN(SCSI_DATA_IN, 4095, 0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_IN, 4096, 0xa8, 0, 0, 0, 0, 255, 0, 0, 0, 2, 0, 0);
	assert_sense(OUT_OF_RANGE);
	volume.volume.block_count = 4 * 10 + 3; /* what is left over is not shown */
	RUN(SCSI_DATA_IN, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(be32(data), 9);
	volume.volume.block_count = 3;
	RUN(SCSI_DATA_IN, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_sense(NO_MEDIUM);
}

static void commands_of_disks_are_unknown(void **state) {
	static const uint8_t opcodes[] = {0x0a, 0x2a, 0x41, 0x42, 0x88, 0x8a, 0x91, 0x93, 0x9e, 0xaa};

	(void)state;
	for (unsigned i = 0; i < sizeof(opcodes); i++) {
		uint8_t cdb[16] = {opcodes[i]};

		begin(cdb, 16, SCSI_DATA_OUT, 2048);
		assert_sense(INVALID_OPCODE);
	}
	assert_int_equal(volume.writes, 0);
}

static void commands_of_drives_are_unknown_to_disks(void **state) {
	static const uint8_t opcodes[] = {0x43, 0x46, 0x4a, 0x51, 0xbd};

	(void)state;
	disk.is_cdrom = false;
	for (unsigned i = 0; i < sizeof(opcodes); i++) {
		uint8_t cdb[16] = {opcodes[i]};

		begin(cdb, 16, SCSI_DATA_IN, 255);
		assert_sense(INVALID_OPCODE);
	}
}

static void the_configuration_has_profiles_and_features(void **state) {
	uint32_t size, count = 0;

	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x46, 0, 0, 0, 0, 0, 0, 0, 255, 0);
	assert_int_equal(command.status, SCSI_GOOD);
	size = be32(data) + 4;
	assert_int_equal(command.transferred, size);
	assert_int_equal(be16(data + 6), 0x0008);
	for (uint32_t at = 8, last = 0; at < size; at += 4u + data[at + 3], count++) {
		assert_true(count == 0 || be16(data + at) > last);
		assert_int_equal(data[at + 3] % 4, 0);
		last = be16(data + at);
	}
	assert_int_equal(count, 7);
	assert_int_equal(be16(data + 12 + 4), 0x0008);
	assert_int_equal(data[12 + 6], 1);
}

static void features_can_be_asked_for_one_by_one_or_if_current(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x46, 2, 0, 0x1e, 0, 0, 0, 0, 255, 0);
	assert_good(8 + 8);
	assert_int_equal(be16(data + 8), 0x1e);
	assert_int_equal(data[10] & 1, 1);
	RUN(SCSI_DATA_IN, 255, 0x46, 2, 0, 0x21, 0, 0, 0, 0, 255, 0);
	assert_good(8);
	RUN(SCSI_DATA_IN, 255, 0x46, 0, 0, 0x10, 0, 0, 0, 0, 255, 0);
	assert_good(8 + 12 + 8 + 8);
	RUN(SCSI_DATA_IN, 255, 0x46, 1, 0, 0x10, 0, 0, 0, 0, 255, 0);
	assert_good(8 + 12 + 8);
	RUN(SCSI_DATA_IN, 255, 0x46, 3, 0, 0, 0, 0, 0, 0, 255, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_IN, 255, 0x46, 0, 0, 0, 0, 0, 0, 0, 8, 0);
	assert_good(8);
}

static void a_disc_of_more_than_a_cd_is_a_dvd(void **state) {
	(void)state;
	volume.volume.block_count = 4ull * 360000 + 4;
	RUN(SCSI_DATA_IN, 255, 0x46, 0, 0, 0, 0, 0, 0, 0, 255, 0);
	assert_int_equal(be16(data + 6), 0x0010);
	disk.is_empty = true;
	RUN(SCSI_DATA_IN, 255, 0x46, 0, 0, 0, 0, 0, 0, 0, 255, 0);
	assert_int_equal(be16(data + 6), 0);
}

static void there_is_one_data_track(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x43, 0, 0, 0, 0, 0, 0, 0, 255, 0);
	assert_good(4 + 8 + 8);
	assert_int_equal(be16(data), 18);
	assert_true(data[2] == 1 && data[3] == 1);
	assert_true(data[5] == 0x14 && data[6] == 1 && be32(data + 8) == 0);
	assert_true(data[13] == 0x14 && data[14] == 0xaa && be32(data + 16) == FAKE_VOLUME_BLOCKS / 4);
	RUN(SCSI_DATA_IN, 255, 0x43, 2, 0, 0, 0, 0, 0xaa, 0, 255, 0); /* by time, the lead-out only */
	assert_good(4 + 8);
	assert_true(data[9] == 0 && data[10] == (256 + 150) / 75 && data[11] == (256 + 150) % 75);
	RUN(SCSI_DATA_IN, 255, 0x43, 0, 0, 0, 0, 0, 2, 0, 255, 0);
	assert_sense(INVALID_FIELD);
}

static void sessions_and_the_raw_table_are_told(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x43, 0, 1, 0, 0, 0, 0, 0, 255, 0);
	assert_good(12);
	assert_true(data[2] == 1 && data[3] == 1 && data[6] == 1);
	RUN(SCSI_DATA_IN, 255, 0x43, 0, 0, 0, 0, 0, 0, 0, 255, 0x40); /* as of old */
	assert_good(12);
	RUN(SCSI_DATA_IN, 255, 0x43, 0, 2, 0, 0, 0, 0, 0, 255, 0);
	assert_good(4 + 4 * 11);
	assert_true(data[7] == 0xa0 && data[12] == 1 && data[18] == 0xa1 && data[23] == 1);
	assert_true(data[29] == 0xa2 && data[35] == 5 && data[36] == 31);
	assert_true(data[40] == 1 && data[45] == 0 && data[46] == 2 && data[47] == 0);
	RUN(SCSI_DATA_IN, 255, 0x43, 0, 4, 0, 0, 0, 0, 0, 255, 0);
	assert_sense(INVALID_FIELD);
}

static void the_disc_is_complete(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0x51, 0, 0, 0, 0, 0, 0, 0, 255, 0);
	assert_good(34);
	assert_int_equal(be16(data), 32);
	assert_int_equal(data[2], 0x0e);
	RUN(SCSI_DATA_IN, 255, 0x51, 1, 0, 0, 0, 0, 0, 0, 255, 0);
	assert_sense(INVALID_FIELD);
}

static void the_mechanism_and_its_capabilities_are_told(void **state) {
	(void)state;
	RUN(SCSI_DATA_IN, 255, 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0);
	assert_good(8);
	assert_true(data[1] == 0 && data[5] == 1);
	RUN(SCSI_DATA_IN, 255, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 255, 0);
	assert_good(8 + 22);
	assert_int_equal(be16(data), 28);
	assert_int_equal(be16(data + 6), 0); /* no block descriptor */
	assert_true(data[8] == 0x2a && data[9] == 20);
	assert_true((data[8 + 6] & 0x2b) == 0x29); /* tray, eject, lock; not locked */
	RUN(SCSI_DATA_IN, 255, 0x1a, 0, 0x3f, 0, 255, 0);
	assert_good(4 + 12 + 22);
	RUN(SCSI_DATA_IN, 255, 0x5a, 0, 0x6a, 0, 0, 0, 0, 0, 255, 0); /* changeable: nothing */
	assert_int_equal(data[8 + 2] | data[8 + 6], 0);
	RUN(SCSI_DATA_IN, 255, 0x5a, 0, 0x0e, 0, 0, 0, 0, 0, 255, 0);
	assert_sense(INVALID_FIELD);
	RUN(SCSI_DATA_IN, 255, 0x5a, 0, 0xea, 0, 0, 0, 0, 0, 255, 0);
	assert_sense(0x53900);
}

static void without_a_medium_nothing_reads(void **state) {
	static const uint8_t opcodes[] = {0x00, 0x08, 0x25, 0x28, 0x2f, 0x35, 0x43, 0x51, 0xa8};

	(void)state;
	scsi_remove_medium(&disk);
	for (unsigned i = 0; i < sizeof(opcodes); i++) {
		uint8_t cdb[16] = {opcodes[i]};

		begin(cdb, 16, SCSI_DATA_IN, 4096);
		assert_sense(NO_MEDIUM);
	}
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 255, 0);
	assert_good(36);
	RUN(SCSI_DATA_IN, 255, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 255, 0);
	assert_good(8 + 22);
	assert_int_equal(volume.reads, 0);
}

static void a_new_medium_is_told_once(void **state) {
	static struct fake_volume other;

	(void)state;
	fake_volume_init(&other);
	other.volume.block_count = 400;
	scsi_remove_medium(&disk);
	scsi_insert_medium(&disk, &other.volume);
	RUN(SCSI_DATA_IN, 255, 0x12, 0, 0, 0, 255, 0); /* says nothing of it */
	assert_good(36);
	TEST_READY();
	assert_sense(CHANGED);
	TEST_READY();
	assert_good(0);
	RUN(SCSI_DATA_IN, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(be32(data), 99);
	scsi_insert_medium(&disk, &other.volume);
	RUN(SCSI_DATA_IN, 255, 0x03, 0, 0, 0, 255, 0);
	assert_int_equal(data[2] << 16 | data[12] << 8 | data[13], CHANGED);
	TEST_READY();
	assert_good(0);
}

static void events_of_the_medium_are_told_once(void **state) {
	(void)state;
	EVENT();
	assert_good(8);
	assert_true(be16(data) == 6 && data[2] == 4 && data[3] == 0x10);
	assert_true(data[4] == 0 && data[5] == 2);
	scsi_remove_medium(&disk);
	EVENT();
	assert_true(data[4] == 3 && data[5] == 0);
	scsi_insert_medium(&disk, &volume.volume);
	RUN(SCSI_DATA_IN, 255, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 4, 0); /* too short to tell it */
	assert_good(4);
	EVENT();
	assert_true(data[4] == 2 && data[5] == 2);
	EVENT();
	assert_true(data[4] == 0 && data[5] == 2);
	RUN(SCSI_DATA_IN, 255, 0x4a, 1, 0, 0, 0x02, 0, 0, 0, 255, 0); /* power: not known */
	assert_good(4);
	assert_int_equal(data[2], 0x80);
	RUN(SCSI_DATA_IN, 255, 0x4a, 0, 0, 0, 0x10, 0, 0, 0, 255, 0); /* not polled */
	assert_sense(INVALID_FIELD);
}

static void the_initiator_ejects_and_loads(void **state) {
	(void)state;
	START_STOP(2);
	assert_good(0);
	TEST_READY();
	assert_sense(TRAY_OPEN);
	EVENT();
	assert_true(data[4] == 3 && data[5] == 1);
	RUN(SCSI_DATA_IN, 255, 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0);
	assert_int_equal(data[1], 0x10);
	START_STOP(3);
	assert_good(0);
	TEST_READY();
	assert_sense(CHANGED);
	TEST_READY();
	assert_good(0);
	START_STOP(3); /* is loaded */
	TEST_READY();
	assert_good(0);
	START_STOP(1);
	assert_good(0);
}

static void a_locked_tray_stays_closed(void **state) {
	(void)state;
	PREVENT(1);
	assert_good(0);
	START_STOP(2);
	assert_sense(PREVENTED);
	TEST_READY();
	assert_good(0);
	RUN(SCSI_DATA_IN, 255, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 255, 0);
	assert_int_equal(data[8 + 6] & 2, 2);
	PREVENT(0);
	START_STOP(2);
	assert_good(0);
}

static void a_removable_disk_has_a_medium_too(void **state) {
	(void)state;
	disk.is_cdrom = false;
	START_STOP(2);
	assert_sense(INVALID_FIELD);
	disk.is_removable = true;
	PREVENT(1);
	START_STOP(2);
	assert_sense(PREVENTED);
	PREVENT(0);
	START_STOP(2);
	assert_good(0);
	assert_int_equal(volume.flushes, 1);
	RUN(SCSI_DATA_OUT, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert_sense(TRAY_OPEN);
	START_STOP(3);
	TEST_READY();
	assert_sense(CHANGED);
	TEST_READY();
	assert_good(0);
}

#define TEST(name) cmocka_unit_test_setup(name, drive)

int main(void) {
	const struct CMUnitTest tests[] = {
	    TEST(a_drive_says_what_it_is),
	    TEST(blocks_have_2048_bytes),
	    TEST(commands_of_disks_are_unknown),
	    TEST(commands_of_drives_are_unknown_to_disks),
	    TEST(the_configuration_has_profiles_and_features),
	    TEST(features_can_be_asked_for_one_by_one_or_if_current),
	    TEST(a_disc_of_more_than_a_cd_is_a_dvd),
	    TEST(there_is_one_data_track),
	    TEST(sessions_and_the_raw_table_are_told),
	    TEST(the_disc_is_complete),
	    TEST(the_mechanism_and_its_capabilities_are_told),
	    TEST(without_a_medium_nothing_reads),
	    TEST(a_new_medium_is_told_once),
	    TEST(events_of_the_medium_are_told_once),
	    TEST(the_initiator_ejects_and_loads),
	    TEST(a_locked_tray_stays_closed),
	    TEST(a_removable_disk_has_a_medium_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
