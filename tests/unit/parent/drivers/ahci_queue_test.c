/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Native command queuing, the errors in it, and what else a controller may do wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "drivers/ahci_command.h"
#include "fake/ahci_host.h"

#define REQUESTS 40u
#define SIZE     512u

static struct disk *disk;
static _Alignas(4096) uint8_t memory[REQUESTS][SIZE];
static struct volume_segment segment[REQUESTS];
static struct volume_request request[REQUESTS];
static bool is_busy[REQUESTS];
static enum volume_result result_of[REQUESTS];

static int set_up(void **state) {
	(void)state;
	ahci_host_reset();
	fake_ahci_set_queue(&ahci, 32);
	memset(is_busy, 0, sizeof(is_busy));
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	ahci_host_end();
	assert_int_equal(fake.memory_taken, 0);
	return 0;
}

static void start(void) {
	disk = ahci_host_start();
	assert_non_null(disk);
	ahci.keeps_commands = true;
}

static void done(struct volume_request *r, enum volume_result result) {
	unsigned i = (unsigned)(r - request);

	assert_true(is_busy[i]);
	is_busy[i] = false;
	result_of[i] = result;
}

/* Block i into, or from, memory i. */
static void submit(unsigned i, enum volume_operation operation) {
	segment[i] = (struct volume_segment){memory[i], SIZE};
	request[i] = (struct volume_request){.operation = operation,
	                                     .block = i,
	                                     .count = operation == VOLUME_FLUSH ? 0 : 1,
	                                     .segment = &segment[i],
	                                     .segment_count = 1,
	                                     .done = done};
	is_busy[i] = true;
	volume_submit(&disk->volume, &request[i]);
}

static void submit_reads(unsigned count) {
	for (unsigned i = 0; i < count; i++)
		submit(i, VOLUME_READ);
}

static void complete(unsigned slot) {
	fake_ahci_complete_slot(&ahci, slot);
	ahci_host_serve();
}

static void complete_all(void) {
	while (fake_ahci_waiting(&ahci) != 0) {
		fake_ahci_complete(&ahci);
		ahci_host_serve();
	}
}

static void assert_read(unsigned first, unsigned end) {
	for (unsigned i = first; i < end; i++) {
		assert_false(is_busy[i]);
		assert_int_equal(result_of[i], VOLUME_OK);
		assert_memory_equal(memory[i], ahci.data[i], SIZE);
	}
}

static bool log_has(const char *part) { return strstr(fake.log, part) != NULL; }

static void commands_queue_up_to_the_depth_and_end_in_any_order(void **state) {
	(void)state;
	start();
	assert_true(log_has("1 queue of 32"));
	submit_reads(REQUESTS);
	assert_int_equal(ahci.most, 32);
	assert_int_equal(ahci.sact, ~0u);
	complete(31);
	assert_false(is_busy[31]);
	assert_true(is_busy[0]);
	assert_int_equal(ahci.sact, ~0u); /* another took its place */
	complete_all();
	assert_read(0, REQUESTS);
}

static void the_depth_is_the_least_of_disk_and_controller(void **state) {
	(void)state;
	fake_ahci_set_queue(&ahci, 16);
	ahci.capabilities = (ahci.capabilities & ~(0x1fu << 8)) | 7u << 8;
	start();
	submit_reads(REQUESTS);
	assert_int_equal(ahci.most, 8);
	complete_all();
	assert_read(0, REQUESTS);
}

static void without_a_queue_on_both_sides_commands_go_one_by_one(void **state) {
	(void)state;
	ahci.capabilities &= ~AHCI_CAP_NCQ;
	start();
	assert_true(log_has("1 queue of 1,"));
	submit_reads(3);
	assert_int_equal(ahci.most, 1);
	complete_all();
	assert_read(0, 3);
}

static void a_word_of_ones_is_no_queue(void **state) {
	uint8_t identity[AHCI_IDENTIFY_SIZE];
	bool has_log;

	(void)state;
	memset(identity, 0xff, sizeof(identity));
	assert_int_equal(ahci_identify_queue(identity, &has_log), 0);
	assert_false(has_log);
}

static void a_flush_waits_until_the_queue_is_empty_and_holds_back_the_rest(void **state) {
	(void)state;
	start();
	submit(0, VOLUME_WRITE);
	submit(1, VOLUME_WRITE);
	submit(2, VOLUME_FLUSH);
	submit(3, VOLUME_READ);
	assert_int_equal(ahci.sact, 3);
	complete(1);
	assert_int_equal(ahci.ci, 0);
	complete(0);
	assert_int_equal(ahci.sact, 0);
	assert_int_equal(ahci.ci, 4);
	complete(2);
	assert_int_equal(ahci.flushes, 1);
	assert_false(is_busy[2]);
	complete_all();
	assert_read(3, 4);
}

static void an_error_in_the_queue_is_that_of_its_command_only(void **state) {
	(void)state;
	start();
	submit_reads(4);
	complete(1);
	ahci.fails = 1;
	complete(2); /* and then the log is asked for */
	assert_int_equal(ahci.ci, 1);
	assert_int_equal(ahci.sact, 0);
	complete(0);
	assert_int_equal(ahci.logs, 1);
	assert_true(is_busy[0] && is_busy[2] && is_busy[3]);
	complete_all();
	assert_read(0, 4);
	assert_int_equal(ahci.link_resets, 0);
}

static void a_command_that_fails_again_and_again_fails_its_request_with_a_line(void **state) {
	(void)state;
	start();
	submit_reads(4);
	for (unsigned i = 0; i < DISK_TRIES; i++) {
		ahci.fails = 1;
		complete(2);
		complete(0);
	}
	assert_false(is_busy[2]);
	assert_int_equal(result_of[2], VOLUME_FAILED);
	assert_true(log_has("ahci0p1: a read of 1 blocks at block 2 failed, its failure number 1"));
	complete_all();
	assert_read(0, 2);
	assert_read(3, 4);
	assert_int_equal(ahci.logs, DISK_TRIES);
}

static void a_flush_that_was_held_back_survives_an_error(void **state) {
	(void)state;
	start();
	submit(0, VOLUME_WRITE);
	submit(1, VOLUME_FLUSH);
	ahci.fails = 1;
	complete(0);
	complete(0);
	complete_all();
	assert_int_equal(ahci.flushes, 1);
	assert_false(is_busy[0] || is_busy[1]);
	assert_int_equal(result_of[1], VOLUME_OK);
}

/* The link is reset, then the commands go one by one and the bad one is found. */
static void assert_found_one_by_one(void) {
	ahci_host_pass(1);
	assert_int_equal(ahci.link_resets, 1);
	ahci.most = 0;
	for (unsigned i = 0; i < DISK_TRIES - 1; i++) {
		ahci.fails = 1;
		complete(0);
	}
	assert_int_equal(result_of[0], VOLUME_FAILED);
	complete(1);
	complete(2);
	assert_int_equal(ahci.most, 1);
	submit(0, VOLUME_READ);
	submit(3, VOLUME_READ);
	assert_int_equal(__builtin_popcount(ahci.sact), 2);
	complete_all();
	assert_read(0, 4);
}

static void fail_first_of_three(void) {
	start();
	submit_reads(3);
	ahci.fails = 1;
	complete(0);
}

static void a_disk_without_the_log_is_reset_and_asked_one_by_one(void **state) {
	(void)state;
	ahci.identity[2 * 84] = 0;
	fail_first_of_three();
	assert_int_equal(ahci.logs, 0);
	assert_found_one_by_one();
}

static void a_log_that_cannot_be_read_leads_to_the_same(void **state) {
	(void)state;
	ahci.log_fails = true;
	fail_first_of_three();
	complete(0);
	assert_true(log_has("it does not say which"));
	assert_found_one_by_one();
}

static void a_damaged_log_leads_to_the_same(void **state) {
	(void)state;
	ahci.log_is_damaged = true;
	fail_first_of_three();
	complete(0);
	assert_found_one_by_one();
}

static void a_log_that_names_no_command_of_ours_leads_to_the_same(void **state) {
	(void)state;
	ahci.log_says = 1 + 17;
	fail_first_of_three();
	complete(0);
	assert_found_one_by_one();
}

static void a_log_of_other_commands_leads_to_the_same(void **state) {
	(void)state;
	ahci.log_says = 1 + 0x80;
	fail_first_of_three();
	complete(0);
	assert_found_one_by_one();
}

static void a_log_that_does_not_come_leads_to_the_same(void **state) {
	(void)state;
	fail_first_of_three();
	ahci_host_pass(6);
	assert_true(log_has("its log of errors does not come"));
	assert_found_one_by_one();
}

static void a_log_that_is_said_to_be_there_but_is_not_leads_to_the_same(void **state) {
	(void)state;
	fail_first_of_three();
	fake_ahci_pretend(&ahci, 1);
	ahci_host_serve();
	assert_found_one_by_one();
}

static void a_bad_block_that_is_read_again_and_again_does_not_cost_the_disk(void **state) {
	(void)state;
	ahci.identity[2 * 84] = 0; /* no log: a reset each time */
	start();
	for (unsigned i = 0; i < 10; i++) {
		submit(0, VOLUME_READ);
		for (unsigned try = 0; try < DISK_TRIES; try++) {
			ahci.fails = 1;
			complete(0);
			ahci_host_pass(1);
		}
		assert_int_equal(result_of[0], VOLUME_FAILED);
	}
	submit(0, VOLUME_READ);
	complete_all();
	assert_read(0, 1);
}

static void bits_of_commands_that_are_not_there_are_no_completions(void **state) {
	(void)state;
	start();
	submit_reads(2);
	ahci.lie_sact = 0xfff0;
	ahci.lie_ci = 0xf0000;
	fake_ahci_pretend(&ahci, 0xf00000);
	ahci_host_serve();
	assert_true(is_busy[0] && is_busy[1]);
	complete_all();
	assert_read(0, 2);
}

static void a_bit_that_stays_set_is_a_command_that_does_not_end(void **state) {
	(void)state;
	start();
	submit_reads(2);
	ahci.lie_ci = 1;
	complete_all();
	assert_true(is_busy[0]);
	assert_read(1, 2);
	ahci_host_pass(31);
	assert_true(log_has("a command does not end; it is reset"));
	ahci.lie_ci = 0;
	ahci_host_pass(1);
	complete_all();
	assert_read(0, 1);
}

static void an_error_of_no_command_resets_the_link(void **state) {
	(void)state;
	start();
	ahci.lie_error = 1u << 30;
	ahci.tfd = 0x51;
	ahci_host_pass(1);
	assert_true(log_has("it reports an error of no command; it is reset"));
	ahci.lie_error = 0;
	ahci_host_pass(1);
	submit_reads(1);
	complete_all();
	assert_read(0, 1);
}

static void errors_without_end_kill_the_disk(void **state) {
	(void)state;
	start();
	submit_reads(4);
	ahci.lie_error = 1u << 30;
	ahci_host_pass(20);
	for (unsigned i = 0; i < 4; i++)
		assert_true(!is_busy[i] && result_of[i] != VOLUME_OK);
	assert_true(log_has("all its requests fail from now on"));
}

static void a_queue_that_was_pulled_out_is_gone(void **state) {
	(void)state;
	start();
	submit_reads(REQUESTS);
	ahci.is_unplugged = true;
	ahci_host_pass(12);
	for (unsigned i = 0; i < REQUESTS; i++)
		assert_true(!is_busy[i] && result_of[i] == VOLUME_GONE);
}

static void a_controller_that_goes_while_the_log_is_read_is_gone(void **state) {
	(void)state;
	fail_first_of_three();
	ahci.function->is_gone = true;
	ahci_host_pass(1);
	for (unsigned i = 0; i < 3; i++)
		assert_true(!is_busy[i] && result_of[i] == VOLUME_GONE);
}

static void the_firmware_is_asked_for_the_controller(void **state) {
	(void)state;
	ahci.capabilities2 = AHCI_CAP2_BOHC;
	ahci.firmware = AHCI_BOHC_BIOS | AHCI_BOHC_NEWS;
	ahci.firmware_looks = 3;
	start();
	assert_int_equal(ahci.firmware, AHCI_BOHC_OS);
	assert_false(log_has("firmware"));
}

static void a_busy_firmware_gets_its_two_seconds(void **state) {
	(void)state;
	ahci.capabilities2 = AHCI_CAP2_BOHC;
	ahci.firmware = AHCI_BOHC_BIOS | AHCI_BOHC_BUSY;
	ahci.firmware_looks = 1000;
	start();
	assert_int_equal(ahci.firmware, AHCI_BOHC_OS);
	assert_false(log_has("firmware"));
}

static void a_firmware_that_does_not_answer_loses_it(void **state) {
	uint64_t before;

	(void)state;
	ahci.capabilities2 = AHCI_CAP2_BOHC;
	ahci.firmware = AHCI_BOHC_BIOS;
	before = fake.now;
	start();
	assert_true(fake.now - before < HV_REFERENCE_TIME_HZ);
	assert_true(log_has("ahci0: the firmware does not give it up; it is taken"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(commands_queue_up_to_the_depth_and_end_in_any_order),
	    T(the_depth_is_the_least_of_disk_and_controller),
	    T(without_a_queue_on_both_sides_commands_go_one_by_one),
	    T(a_word_of_ones_is_no_queue),
	    T(a_flush_waits_until_the_queue_is_empty_and_holds_back_the_rest),
	    T(an_error_in_the_queue_is_that_of_its_command_only),
	    T(a_command_that_fails_again_and_again_fails_its_request_with_a_line),
	    T(a_flush_that_was_held_back_survives_an_error),
	    T(a_disk_without_the_log_is_reset_and_asked_one_by_one),
	    T(a_log_that_cannot_be_read_leads_to_the_same),
	    T(a_damaged_log_leads_to_the_same),
	    T(a_log_that_names_no_command_of_ours_leads_to_the_same),
	    T(a_log_of_other_commands_leads_to_the_same),
	    T(a_log_that_does_not_come_leads_to_the_same),
	    T(a_log_that_is_said_to_be_there_but_is_not_leads_to_the_same),
	    T(a_bad_block_that_is_read_again_and_again_does_not_cost_the_disk),
	    T(bits_of_commands_that_are_not_there_are_no_completions),
	    T(a_bit_that_stays_set_is_a_command_that_does_not_end),
	    T(an_error_of_no_command_resets_the_link),
	    T(errors_without_end_kill_the_disk),
	    T(a_queue_that_was_pulled_out_is_gone),
	    T(a_controller_that_goes_while_the_log_is_read_is_gone),
	    T(the_firmware_is_asked_for_the_controller),
	    T(a_busy_firmware_gets_its_two_seconds),
	    T(a_firmware_that_does_not_answer_loses_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
