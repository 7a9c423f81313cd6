/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/ahci.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "drivers/ahci_command.h"
#include "drivers/disks.h"
#include "fake/ahci.h"
#include "fake/parent_kernel.h"
#include "runtime/events.h"

static struct fake_ahci ahci;
static struct disk *disk;
static _Alignas(4096) uint8_t memory[1 << 19];
static struct volume_segment segment;
static unsigned done_count;
static enum volume_result done_result;

static void done(struct volume_request *r, enum volume_result result) {
	(void)r;
	done_count++;
	done_result = result;
}

static int set_up(void **state) {
	(void)state;
	fake_kernel_reset();
	fake.now = 1;
	fake_pci_reset();
	interrupts_reset();
	fake_ahci_init(&ahci);
	done_count = 0;
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	ahci_forget();
	interrupts_reset();
	assert_int_equal(fake.memory_taken, 0);
	return 0;
}

static void take(struct disk *d, void *context) {
	(void)context;
	disk = d;
}

static bool log_has(const char *part) { return strstr(fake.log, part) != NULL; }

static void start(void) {
	static struct hv_boot_info info = {.io_vp_count = 2};

	disk = NULL;
	fake.time_step = HV_REFERENCE_TIME_HZ / 10000;
	disks_init(&info);
	disks_for_each(take, NULL);
}

static void serve(void) {
	for (unsigned i = 0; i < 20; i++) {
		interrupts_serve(&ahci.page);
		if (fake.signaled[0] & EVENT_BIT(EVENT_DISKS)) {
			fake.signaled[0] = 0;
			disks_serve();
		}
	}
}

static void pass(unsigned seconds) {
	for (unsigned i = 0; i < 2 * seconds; i++) {
		fake.now += DISKS_INTERVAL;
		disks_poll(fake.now);
		serve();
	}
}

static void submit(struct volume_request *r, enum volume_operation operation, uint64_t block, uint64_t count,
                   uint8_t *at) {
	segment = (struct volume_segment){at, (uint32_t)count * 512};
	*r = (struct volume_request){.operation = operation,
	                             .block = block,
	                             .count = count,
	                             .segment = &segment,
	                             .segment_count = 1,
	                             .done = done};
	volume_submit(&disk->volume, r);
}

static enum volume_result run(enum volume_operation operation, uint64_t block, uint64_t count, uint8_t *at) {
	struct volume_request r;
	unsigned before = done_count;

	submit(&r, operation, block, count, at);
	assert_int_equal(done_count, before);
	serve();
	assert_int_equal(done_count, before + 1);
	return done_result;
}

static void a_disk_at_a_port_is_found_with_a_line(void **state) {
	(void)state;
	start();
	assert_non_null(disk);
	assert_string_equal(disk->name, "ahci0p1");
	assert_int_equal(disk->volume.block_count, FAKE_AHCI_BLOCKS);
	assert_true(disk->volume.has_write_cache && !disk->volume.can_discard);
	assert_true(fake_log_has("ahci0p1: Fake disk, 1 MiB, blocks of 512 bytes, 1 queue of 1, interrupts by MSI"));
}

static void data_come_and_go(void **state) {
	static const uint64_t counts[] = {1, 8, 9, 512, 513, 1000};

	(void)state;
	start();
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint8_t *at = memory + (i % 2 ? 513 : 512); /* odd: through bounce pages */

		assert_int_equal(run(VOLUME_READ, 7, counts[i], at), VOLUME_OK);
		assert_memory_equal(at, ahci.data[7], counts[i] * 512);
		memset(at, (int)i + 1, counts[i] * 512);
		assert_int_equal(run(VOLUME_WRITE, 7, counts[i], at), VOLUME_OK);
		assert_memory_equal(ahci.data[7], at, counts[i] * 512);
	}
}

static void flushes_zeros_and_durable_writes_are_made_of_what_there_is(void **state) {
	struct volume_request r;

	(void)state;
	start();
	assert_int_equal(run(VOLUME_FLUSH, 0, 0, NULL), VOLUME_OK);
	assert_int_equal(ahci.flushes, 1);
	assert_int_equal(run(VOLUME_ZERO, 3, 600, NULL), VOLUME_OK);
	assert_int_equal(ahci.data[3][0] | ahci.data[602][0], 0);
	assert_int_equal(ahci.data[603][0], 603 & 0xff);
	assert_int_equal(run(VOLUME_DISCARD, 3, 6, NULL), VOLUME_OK);
	submit(&r, VOLUME_FLUSH, 0, 0, NULL);
	serve();
	segment = (struct volume_segment){memory, 512};
	r = (struct volume_request){.operation = VOLUME_WRITE,
	                            .is_durable = true,
	                            .count = 1,
	                            .segment = &segment,
	                            .segment_count = 1,
	                            .done = done};
	volume_submit(&disk->volume, &r);
	serve();
	assert_int_equal(ahci.flushes, 3);
	assert_int_equal(done_result, VOLUME_OK);
}

static void an_error_is_tried_again_and_spares_the_others(void **state) {
	struct volume_request r[3];

	(void)state;
	start();
	ahci.fails = 2;
	assert_int_equal(run(VOLUME_READ, 5, 1, memory), VOLUME_OK);
	ahci.keeps_commands = true;
	for (unsigned i = 0; i < 3; i++)
		submit(&r[i], VOLUME_READ, i, 1, memory);
	ahci.fails = 3;
	for (unsigned i = 0; i < 3; i++) {
		fake_ahci_complete(&ahci);
		serve();
	}
	assert_int_equal(done_count, 2);
	assert_int_equal(done_result, VOLUME_FAILED);
	for (unsigned i = 0; i < 2; i++) {
		fake_ahci_complete(&ahci);
		serve();
		assert_int_equal(done_result, VOLUME_OK);
	}
	assert_int_equal(done_count, 4);
	assert_int_equal(ahci.link_resets, 0);
}

static void a_command_that_does_not_end_resets_the_link(void **state) {
	struct volume_request r;

	(void)state;
	start();
	ahci.keeps_commands = true;
	submit(&r, VOLUME_READ, 9, 1, memory);
	pass(32);
	assert_int_equal(ahci.link_resets, 1);
	assert_true(log_has("ahci0p1: a command does not end; it is reset"));
	assert_true(log_has("ahci0p1: works again"));
	fake_ahci_complete(&ahci);
	serve();
	assert_int_equal(done_count, 1);
	assert_int_equal(done_result, VOLUME_OK);
}

static void a_disk_that_was_pulled_is_gone(void **state) {
	struct volume_request r;

	(void)state;
	start();
	ahci.keeps_commands = true;
	submit(&r, VOLUME_READ, 9, 1, memory);
	ahci.is_unplugged = true;
	pass(12);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_result, VOLUME_GONE);
	assert_int_equal(run(VOLUME_READ, 9, 1, memory), VOLUME_GONE);
}

static void a_controller_that_was_pulled_is_gone(void **state) {
	struct volume_request r;

	(void)state;
	start();
	ahci.keeps_commands = true;
	submit(&r, VOLUME_READ, 9, 1, memory);
	ahci.function->is_gone = true;
	pass(1);
	assert_int_equal(done_result, VOLUME_GONE);
	assert_true(log_has("ahci0p1: it is gone"));
}

static void a_port_that_does_not_stop_loses_its_way_to_memory(void **state) {
	struct volume_request r;

	(void)state;
	start();
	ahci.keeps_commands = true;
	submit(&r, VOLUME_READ, 9, 1, memory);
	ahci.never_stops = true;
	pass(32);
	assert_int_equal(done_result, VOLUME_GONE);
	assert_false(fake_pci_is_master(ahci.function));
}

static void a_disk_that_stays_busy_after_a_reset_is_gone(void **state) {
	struct volume_request r;

	(void)state;
	start();
	ahci.keeps_commands = true;
	submit(&r, VOLUME_READ, 9, 1, memory);
	ahci.is_busy = true;
	pass(45);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_result, VOLUME_GONE);
	assert_true(log_has("it does not become ready"));
}

static void refused(const char *why) {
	start();
	assert_null(disk);
	if (!log_has(why))
		fail_msg("%s", fake.log);
}

#define REFUSED(name, fault, why)                                                                                      \
	static void name(void **state) {                                                                               \
		(void)state;                                                                                           \
		fault;                                                                                                 \
		refused(why);                                                                                          \
	}

REFUSED(a_controller_of_32_bits_is_refused, ahci.capabilities = 0, "it reaches 4 GiB of memory only")
REFUSED(a_controller_that_does_not_reset_is_refused, ahci.never_resets = true, "its reset does not end")
REFUSED(a_disk_that_fails_to_identify_is_refused, ahci.fails = 1, "port 1 is not used: it does not say what it is")
REFUSED(a_disk_that_stays_busy_is_refused, ahci.is_busy = true, "port 1 is not used: it does not become ready")
REFUSED(a_disk_without_48_bits_is_refused, ahci.identity[167] = 0, "it has no DMA with 48-bit addresses")
REFUSED(a_disk_of_an_absurd_size_is_refused, ahci.identity[207] = 1, "it says that it has 0x100000000000800 blocks")
REFUSED(what_is_no_disk_is_left_alone, ahci.signature = 0xeb140101, "ahci0: no disk is attached")
REFUSED(empty_ports_are_left_alone, ahci.is_unplugged = true, "ahci0: no disk is attached")

static void sizes_of_blocks_are_read(void **state) {
	struct disk d = {0};
	struct err_text text;

	(void)state;
	ahci.identity[213] = 0x60; /* 8 to a physical one */
	ahci.identity[212] = 3;
	assert_int_equal(ahci_identify(ahci.identity, &d, &text), ERR_NONE);
	assert_true(d.volume.block_size == 512 && d.volume.physical_block_size == 4096);
	ahci.identity[213] = 0x50;
	ahci.identity[235] = 8;
	assert_int_equal(ahci_identify(ahci.identity, &d, &text), ERR_NONE);
	assert_true(d.volume.block_size == 4096);
	ahci.identity[235] = 2;
	assert_int_equal(ahci_identify(ahci.identity, &d, &text), ERR_UNSUPPORTED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_disk_at_a_port_is_found_with_a_line),
	    T(data_come_and_go),
	    T(flushes_zeros_and_durable_writes_are_made_of_what_there_is),
	    T(an_error_is_tried_again_and_spares_the_others),
	    T(a_command_that_does_not_end_resets_the_link),
	    T(a_disk_that_was_pulled_is_gone),
	    T(a_controller_that_was_pulled_is_gone),
	    T(a_port_that_does_not_stop_loses_its_way_to_memory),
	    T(a_disk_that_stays_busy_after_a_reset_is_gone),
	    T(a_controller_of_32_bits_is_refused),
	    T(a_controller_that_does_not_reset_is_refused),
	    T(a_disk_that_fails_to_identify_is_refused),
	    T(a_disk_that_stays_busy_is_refused),
	    T(a_disk_without_48_bits_is_refused),
	    T(a_disk_of_an_absurd_size_is_refused),
	    T(what_is_no_disk_is_left_alone),
	    T(empty_ports_are_left_alone),
	    T(sizes_of_blocks_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
