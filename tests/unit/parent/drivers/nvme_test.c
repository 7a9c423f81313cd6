/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The driver over a fake controller: what it makes of it, and what it bears. */
#include "drivers/nvme.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "drivers/pci_registers.h"
#include "fake/nvme_host.h"
#include "hal/polls.h"

static struct disk *disk;
static _Alignas(4096) uint8_t memory[1 << 19];
static struct volume_segment segment;
static unsigned done_count;
static enum volume_result done_result;
static uint32_t done_vp;

static void done(struct volume_request *r, enum volume_result result) {
	(void)r;
	done_count++;
	done_result = result;
	done_vp = fake.vp_index;
}

static int set_up(void **state) {
	(void)state;
	nvme_host_reset();
	done_count = 0;
	disk = NULL;
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	nvme_host_end();
	assert_int_equal(fake.memory_taken, 0);
	return 0;
}

static void start(void) {
	disk = nvme_host_start(2);
	assert_non_null(disk);
}

static bool log_has(const char *part) { return strstr(fake.log, part) != NULL; }

static void submit(struct volume_request *r, enum volume_operation operation, uint64_t block, uint64_t count,
                   uint8_t *at) {
	segment = (struct volume_segment){at, (uint32_t)count * 512};
	*r = (struct volume_request){
	    .operation = operation,
	    .block = block,
	    .count = count,
	    .segment = &segment,
	    .segment_count = 1,
	    .done = done,
	};
	volume_submit(&disk->volume, r);
}

static enum volume_result run(enum volume_operation operation, uint64_t block, uint64_t count) {
	struct volume_request r;
	unsigned before = done_count;

	submit(&r, operation, block, count, memory + 512);
	assert_int_equal(done_count, before); /* never inside */
	nvme_host_serve();
	assert_int_equal(done_count, before + 1);
	return done_result;
}

static void a_namespace_becomes_a_disk_with_a_line(void **state) {
	(void)state;
	start();
	assert_string_equal(disk->name, "nvme0n1");
	assert_int_equal(disk->volume.block_count, FAKE_NVME_BLOCKS);
	assert_int_equal(disk->volume.block_size, 512);
	assert_true(disk->volume.has_write_cache && disk->volume.can_discard && !disk->volume.is_read_only);
	assert_int_equal(disk->volume.id[0], 0x5a);
	assert_true(fake_log_has("nvme0n1: Fake drive, 1 MiB, blocks of 512 bytes, 2 queues, interrupts by MSI-X"));
	assert_int_equal(fake.claims, 1);
}

static void data_come_and_go_by_any_number_of_pages(void **state) {
	static const uint64_t counts[] = {1, 8, 9, 15, 16, 17, 255, 256, 257, 1000};

	(void)state;
	start();
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		assert_int_equal(run(VOLUME_READ, 7, counts[i]), VOLUME_OK);
		assert_memory_equal(memory + 512, nvme.data[7], counts[i] * 512);
		memset(memory + 512, (int)i + 1, counts[i] * 512);
		assert_int_equal(run(VOLUME_WRITE, 7, counts[i]), VOLUME_OK);
		assert_memory_equal(nvme.data[7], memory + 512, counts[i] * 512);
	}
	assert_int_equal(disk->counters.reads, 10);
	assert_int_equal(disk->counters.writes, 10);
}

static void other_operations_reach_the_controller(void **state) {
	struct volume_request r = {.operation = VOLUME_WRITE, .is_durable = true, .count = 1, .done = done};

	(void)state;
	start();
	assert_int_equal(run(VOLUME_FLUSH, 0, 0), VOLUME_OK);
	assert_int_equal(run(VOLUME_DISCARD, 1, 5), VOLUME_OK);
	assert_int_equal(run(VOLUME_ZERO, 3, 600), VOLUME_OK);
	segment = (struct volume_segment){memory, 512};
	r.segment = &segment;
	r.segment_count = 1;
	volume_submit(&disk->volume, &r);
	nvme_host_serve();
	assert_int_equal(nvme.flushes, 1);
	assert_int_equal(nvme.discards, 1);
	assert_int_equal(nvme.zeros, 3); /* 128 KiB each at most */
	assert_int_equal(nvme.data[602][0] | nvme.data[3][0], 0);
	assert_int_equal(nvme.durable_writes, 1);
}

static void a_request_out_of_range_fails_without_the_controller(void **state) {
	unsigned doorbells;

	(void)state;
	start();
	doorbells = nvme.doorbells;
	assert_int_equal(run(VOLUME_READ, FAKE_NVME_BLOCKS, 1), VOLUME_FAILED);
	assert_int_equal(run(VOLUME_READ, UINT64_MAX, 2), VOLUME_FAILED);
	assert_int_equal(nvme.doorbells, doorbells);
}

static void each_vp_has_its_queue_and_is_interrupted_there(void **state) {
	(void)state;
	start();
	fake.vp_index = 1;
	assert_int_equal(run(VOLUME_READ, 0, 1), VOLUME_OK);
	assert_int_equal(done_vp, 1);
	assert_int_equal(nvme.queue[2].tail, 1);
	assert_int_equal(nvme.queue[1].tail, 0);
}

static void the_management_vp_hands_its_requests_to_vp_0(void **state) {
	struct volume_request r;

	(void)state;
	start();
	fake.vp_index = 2;
	submit(&r, VOLUME_READ, 9, 1, memory);
	assert_int_equal(nvme.reads, 0);
	nvme_host_serve();
	nvme_host_serve();
	assert_int_equal(done_count, 1);
	assert_int_equal(done_result, VOLUME_OK);
	assert_int_equal(done_vp, 0);
	assert_memory_equal(memory, nvme.data[9], 512);
}

static void a_controller_with_one_queue_serves_all_vps(void **state) {
	(void)state;
	nvme.queues_granted = 1;
	start();
	fake.vp_index = 1;
	assert_int_equal(run(VOLUME_READ, 4, 1), VOLUME_OK);
	assert_true(log_has("1 queue, interrupts by MSI-X"));
}

static void as_many_queues_as_interrupts_are_used(void **state) {
	(void)state;
	fake.device_interrupts_max = 3;
	disk = nvme_host_start(5);
	assert_non_null(disk);
	assert_true(log_has("3 queues, interrupts by MSI-X"));
	fake.vp_index = 4;
	assert_int_equal(run(VOLUME_READ, 4, 1), VOLUME_OK);
}

static void without_interrupts_the_poll_serves(void **state) {
	struct volume_request r;

	(void)state;
	nvme.function->config[PCI_CAPABILITIES / 4] = 0;
	start();
	assert_true(log_has("1 queue, interrupts by no interrupt"));
	submit(&r, VOLUME_READ, 4, 1, memory);
	nvme_host_serve();
	assert_int_equal(done_count, 0);
	nvme_host_pass(1);
	assert_int_equal(done_count, 1);
}

#define IS_MASKED(vector) (nvme.table[(vector)*4 + 3] & 1)

/* `count` commands that the controller keeps, and one that it ends. */
static void go_deep(struct volume_request *r, unsigned count) {
	start();
	nvme.keeps_commands = true;
	for (unsigned i = 0; i < count; i++)
		submit(&r[i], VOLUME_READ, i, 1, memory);
	nvme.interrupts = 0;
	fake_nvme_complete(&nvme, 0);
	nvme_host_serve();
	assert_int_equal(done_count, 1);
	assert_int_equal(nvme.interrupts, 1);
}

static void end_commands(unsigned count) {
	while (count-- > 0)
		fake_nvme_complete(&nvme, 0);
	nvme_host_serve();
}

/* `ended` commands end, and it is time to look. Until the next look, or for ever. */
static hv_reference_time_t next_look(unsigned ended) {
	for (unsigned i = 0; i < ended; i++)
		fake_nvme_complete(&nvme, 0);
	fake.now = polls_of(0)->due;
	nvme_host_serve();
	return polls_of(0)->due == HV_DEADLINE_NEVER ? HV_DEADLINE_NEVER : polls_of(0)->due - fake.now;
}

static void many_commands_are_looked_at_by_time(void **state) {
	struct volume_request r[20];

	(void)state;
	go_deep(r, 20);
	assert_true(IS_MASKED(0) && !IS_MASKED(1));
	end_commands(10);
	assert_int_equal(done_count, 1);
	fake.now = polls_of(0)->due;
	nvme_host_serve();
	assert_int_equal(done_count, 11);
	assert_true(IS_MASKED(0));
	assert_int_equal(nvme.interrupts, 1);
}

static void looks_go_on_while_they_find_enough(void **state) {
	struct volume_request r[20];

	(void)state;
	go_deep(r, 20);
	assert_int_not_equal(next_look(12), HV_DEADLINE_NEVER);
	assert_int_equal(done_count, 13);
	assert_true(IS_MASKED(0)); /* 7 are left, and 12 may follow */
	assert_int_not_equal(next_look(3), HV_DEADLINE_NEVER);
	for (unsigned i = 0; i < 2; i++)
		assert_int_not_equal(next_look(0), HV_DEADLINE_NEVER);
	assert_int_equal(next_look(1), HV_DEADLINE_NEVER); /* the fourth in a row */
	assert_false(IS_MASKED(0));
	end_commands(1);
	assert_int_equal(done_count, 18);
	end_commands(2);
	assert_int_equal(done_count, 20);
	/* The next time they begin anew: one poor look does not end them. */
	for (unsigned i = 0; i < 10; i++)
		submit(&r[i], VOLUME_READ, i, 1, memory);
	end_commands(1);
	assert_true(IS_MASKED(0));
	end_commands(3);
	assert_int_not_equal(next_look(0), HV_DEADLINE_NEVER);
	assert_true(IS_MASKED(0));
	(void)next_look(6);
	assert_int_equal(done_count, 30);
}

static void what_ends_before_the_unmasking_is_not_lost(void **state) {
	struct volume_request r[20];

	(void)state;
	go_deep(r, 20);
	(void)next_look(14);
	for (unsigned i = 0; i < 3; i++)
		(void)next_look(0);
	end_commands(2);
	assert_true(nvme.held_back & 1);
	assert_int_equal(next_look(0), HV_DEADLINE_NEVER);
	/* The controller interrupts for what was looked at already: that does no harm. */
	assert_int_equal(nvme.interrupts, 2);
	nvme_host_serve();
	assert_int_equal(done_count, 17);
	end_commands(3);
	assert_int_equal(done_count, 20);
}

static void looks_follow_the_speed_of_the_controller(void **state) {
	static const hv_reference_time_t slower[] = {1000, 2000, 4000, 8000, 8000};
	struct volume_request r[63], more[41];

	(void)state;
	go_deep(r, 63);
	assert_int_equal(polls_of(0)->due - fake.now, 500);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(next_look(1), slower[i]);
	assert_int_equal(next_look(35), 8000);
	for (unsigned i = 0; i < 41; i++)
		submit(&more[i], VOLUME_READ, i, 1, memory);
	/* Before them there were 22. */
	assert_int_equal(next_look(40), 8000);
	/* All but two: it had nothing left to do. */
	for (unsigned i = 0; i < 40; i++)
		submit(&r[i], VOLUME_READ, i, 1, memory);
	assert_int_equal(next_look(61), 2000);
	assert_int_equal(done_count, 63 + 41 + 38);
}

static void a_reset_ends_the_looks(void **state) {
	struct volume_request r[20];

	(void)state;
	go_deep(r, 20);
	nvme.is_fatal = true;
	nvme.keeps_commands = false;
	nvme_host_pass(2);
	assert_int_equal(nvme.resets, 1);
	nvme_host_serve();
	assert_int_equal(done_count, 20);
	assert_false(IS_MASKED(0));
	assert_int_equal(run(VOLUME_READ, 4, 1), VOLUME_OK);
}

static void a_controller_without_msix_interrupts_for_each(void **state) {
	struct volume_request r[20];
	uint32_t words[4] = {1u << 23};

	(void)state;
	nvme.function->config[PCI_CAPABILITIES / 4] = 0;
	fake_pci_add_capability(nvme.function, PCI_CAPABILITY_MSI, words, 4);
	start();
	assert_true(log_has("1 queue, interrupts by MSI"));
	nvme.keeps_commands = true;
	for (unsigned i = 0; i < 20; i++)
		submit(&r[i], VOLUME_READ, i, 1, memory);
	fake_nvme_complete(&nvme, 0);
	nvme.pages[0].device[0] = 1;
	nvme_host_serve();
	assert_int_equal(done_count, 1);
	assert_int_equal(polls_of(0)->due, HV_DEADLINE_NEVER);
}

static void errors_are_tried_again_three_times_in_all(void **state) {
	(void)state;
	start();
	nvme.status = 0x281 << 1; /* unrecovered read error */
	nvme.keeps_commands = true;
	{
		struct volume_request r;

		submit(&r, VOLUME_READ, 0, 1, memory);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(nvme.pending_count, 1);
			assert_int_equal(done_count, 0);
			fake_nvme_complete(&nvme, 0);
			nvme_host_serve();
		}
	}
	assert_int_equal(nvme.pending_count, 0);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_result, VOLUME_FAILED);
	assert_int_equal(disk->counters.failures, 1);
}

static void an_error_that_forbids_it_is_not_tried_again(void **state) {
	unsigned doorbells;

	(void)state;
	start();
	doorbells = nvme.doorbells;
	nvme.status = (uint16_t)(NVME_DO_NOT_RETRY | 0x281 << 1);
	assert_int_equal(run(VOLUME_READ, 0, 1), VOLUME_FAILED);
	assert_int_equal(nvme.doorbells, doorbells + 1);
}

static void lies_in_completions_are_ignored_with_one_line(void **state) {
	struct volume_request r;

	(void)state;
	start();
	nvme.keeps_commands = true;
	submit(&r, VOLUME_READ, 11, 1, memory);
	fake_nvme_post(&nvme, 1, 0x1234, 0, 0);
	fake_nvme_post(&nvme, 1, 0xffff, 0, 0);
	fake_nvme_post(&nvme, 1, 0x0001, 0, 0);
	nvme_host_serve();
	assert_int_equal(done_count, 0);
	fake_nvme_complete(&nvme, 0);
	fake_nvme_post(&nvme, 1, (uint16_t)(nvme.queue[1].submission[0].opcode >> 16), 0, 0); /* once more */
	nvme_host_serve();
	assert_int_equal(done_count, 1);
	assert_int_equal(done_result, VOLUME_OK);
	assert_true(log_has("which it does not have; 1 such completions"));
	assert_false(log_has("4 such completions"));
	nvme.keeps_commands = false;
	assert_int_equal(run(VOLUME_READ, 0, 9), VOLUME_OK);
}

static void a_wrong_phase_is_no_completion(void **state) {
	struct volume_request r;

	(void)state;
	start();
	nvme.keeps_commands = true;
	submit(&r, VOLUME_READ, 11, 1, memory);
	nvme.queue[1].phase ^= 1;
	fake_nvme_post(&nvme, 1, (uint16_t)(nvme.queue[1].submission[0].opcode >> 16), 0, 0);
	nvme_host_serve();
	assert_int_equal(done_count, 0);
	nvme.queue[1].phase ^= 1;
	nvme.queue[1].cq_tail = 0;
	fake_nvme_complete(&nvme, 0);
	nvme_host_serve();
	assert_int_equal(done_count, 1);
}

static void a_command_that_takes_too_long_is_aborted_and_tried_again(void **state) {
	struct volume_request r;

	(void)state;
	start();
	nvme.keeps_commands = true;
	submit(&r, VOLUME_READ, 11, 1, memory);
	nvme_host_pass(29);
	assert_int_equal(nvme.aborts, 0);
	nvme_host_pass(2);
	assert_int_equal(nvme.aborts, 1);
	assert_int_equal(nvme.pending_count, 1);
	assert_int_equal(done_count, 0);
	fake_nvme_complete(&nvme, 0);
	nvme_host_serve();
	assert_int_equal(done_result, VOLUME_OK);
	assert_int_equal(nvme.resets, 0);
}

static void a_command_that_cannot_be_aborted_resets_the_controller(void **state) {
	struct volume_request r;

	(void)state;
	start();
	nvme.keeps_commands = true;
	nvme.ignores_aborts = true;
	submit(&r, VOLUME_READ, 11, 1, memory);
	nvme_host_pass(38);
	assert_int_equal(nvme.aborts, 1);
	assert_int_equal(nvme.resets, 1);
	assert_true(log_has("a command does not end; it is reset"));
	assert_true(log_has("works again"));
	assert_int_equal(nvme.pending_count, 1);
	fake_nvme_complete(&nvme, 0);
	nvme_host_serve();
	assert_int_equal(done_count, 1);
	assert_int_equal(done_result, VOLUME_OK);
	assert_memory_equal(memory, nvme.data[11], 512);
}

static void fatal_status_resets_and_goes_on(void **state) {
	struct volume_request r[40];

	(void)state;
	start();
	nvme.keeps_commands = true;
	for (unsigned i = 0; i < 40; i++)
		submit(&r[i], VOLUME_READ, i, 1, memory + 512 * i);
	nvme.is_fatal = true;
	nvme.keeps_commands = false;
	nvme_host_pass(3);
	assert_int_equal(nvme.resets, 1);
	assert_int_equal(done_count, 40);
	assert_int_equal(done_result, VOLUME_OK);
}

static void a_controller_that_stays_dead_ends_all_requests(void **state) {
	struct volume_request r[80];

	(void)state;
	start();
	nvme.keeps_commands = true;
	for (unsigned i = 0; i < 80; i++)
		submit(&r[i], VOLUME_READ, i, 1, memory);
	nvme.is_fatal = true;
	nvme.never_ready = true;
	nvme_host_pass(5);
	assert_int_equal(done_count, 80);
	assert_int_equal(done_result, VOLUME_GONE);
	assert_true(log_has("it does not become ready"));
	assert_false(fake_pci_is_master(nvme.function));
	assert_int_equal(run(VOLUME_READ, 0, 1), VOLUME_GONE);
}

static void a_controller_that_does_not_stop_loses_its_way_to_memory(void **state) {
	(void)state;
	start();
	nvme.is_fatal = true;
	nvme.never_stops = true;
	nvme_host_pass(5);
	assert_true(log_has("it does not stop"));
	assert_false(fake_pci_is_master(nvme.function));
}

static void resets_that_do_not_help_end(void **state) {
	struct volume_request r;

	(void)state;
	start();
	nvme.keeps_commands = true;
	submit(&r, VOLUME_READ, 0, 1, memory);
	for (unsigned i = 0; i < 8; i++) {
		nvme.is_fatal = true;
		nvme_host_pass(3);
	}
	assert_int_equal(nvme.resets, 3 + 1); /* it is disabled at the end */
	assert_int_equal(done_count, 1);
	assert_int_equal(run(VOLUME_READ, 0, 1), VOLUME_GONE);
}

static void a_controller_that_was_pulled_ends_all_requests(void **state) {
	struct volume_request r;

	(void)state;
	start();
	nvme.keeps_commands = true;
	submit(&r, VOLUME_READ, 11, 1, memory);
	nvme.function->is_gone = true;
	nvme_host_pass(1);
	assert_int_equal(done_count, 1);
	assert_int_equal(done_result, VOLUME_GONE);
	assert_true(log_has("nvme0: it is gone"));
	assert_int_equal(run(VOLUME_WRITE, 0, 1), VOLUME_GONE);
}

static void admin_commands_that_fail_after_a_reset_end_it(void **state) {
	(void)state;
	start();
	nvme.is_fatal = true;
	nvme.silent_admin = NVME_CREATE_CQ;
	nvme_host_pass(3);
	assert_true(log_has("does not answer admin command 0x5"));
	assert_int_equal(run(VOLUME_READ, 0, 1), VOLUME_GONE);
}

/* --- Controllers that are not used. --- */

static void refused(const char *why) {
	assert_null(nvme_host_start(2));
	assert_true(log_has("nvme: the controller 00:04.0 (1af4:1001) is not used"));
	if (!log_has(why))
		fail_msg("%s", fake.log);
	assert_false(fake_pci_is_master(nvme.function));
}

#define REFUSED(name, fault, why)                                                                                      \
	static void name(void **state) {                                                                               \
		(void)state;                                                                                           \
		fault;                                                                                                 \
		refused(why);                                                                                          \
	}

REFUSED(one_without_the_nvm_command_set_is_refused, nvme.cap_high = 0, "it has no NVM command set")
REFUSED(one_with_large_pages_only_is_refused, nvme.cap_high |= 1u << 16, "its smallest page has 2^13 bytes")
REFUSED(one_whose_queues_have_one_entry_is_refused, nvme.cap_low &= 0xffff0000, "its queues have one entry")
REFUSED(one_that_is_never_ready_is_refused, nvme.never_ready = true, "it does not become ready")
REFUSED(one_that_answers_nothing_is_refused, nvme.is_silent = true, "it does not answer admin command 0x6")
REFUSED(one_without_identity_is_refused, nvme.fails_admin = NVME_IDENTIFY, "admin command 0x6 failed")
REFUSED(one_that_creates_no_queue_is_refused, nvme.fails_admin = NVME_CREATE_SQ, "admin command 0x1 failed")
REFUSED(one_that_grants_no_queues_is_refused, nvme.silent_admin = NVME_SET_FEATURES, "admin command 0x9")
REFUSED(one_with_odd_entries_is_refused, nvme.controller_data[512] = 0x77, "its queue entries have sizes 0x77")
REFUSED(one_without_address_is_refused, nvme.function->config[4] = 4, "the firmware assigned no address to BAR 0")
REFUSED(one_whose_stride_leaves_the_registers_is_refused, nvme.cap_high |= 0xf, "its registers end before")

static void one_that_does_not_stop_is_refused(void **state) {
	(void)state;
	nvme.cc = NVME_CC_ENABLE; /* as the firmware left it */
	nvme.csts = NVME_CSTS_READY;
	nvme.never_stops = true;
	refused("it does not stop");
}

static void one_that_the_firmware_used_is_reset_first(void **state) {
	(void)state;
	nvme.cc = NVME_CC_ENABLE;
	nvme.csts = NVME_CSTS_READY;
	start();
	assert_int_equal(nvme.resets, 1);
}

static void one_that_the_kernel_does_not_claim_is_refused(void **state) {
	(void)state;
	fake.fail_code = HV_CALL_CLAIM_DEVICE;
	fake.fail_after = 1;
	fake.fail_status = HV_STATUS_NO_RESOURCES;
	refused("the kernel does not let it be claimed");
}

static void any_shortage_of_memory_is_refused(void **state) {
	(void)state;
	for (uint64_t limit = 4096; limit < 200000; limit += 4096) {
		nvme_host_end();
		nvme_host_reset();
		fake.memory_limit = limit;
		disk = nvme_host_start(2);
		assert_true(disk != NULL || log_has("there is no memory for"));
	}
}

/* --- Namespaces. --- */

static void namespaces_that_cannot_be_served_are_left_out_with_a_line(void **state) {
	(void)state;
	nvme.namespace_data[130] = 11;
	assert_null(nvme_host_start(1));
	assert_true(log_has("nvme0: namespace 1 is not used: its blocks have 2^11 bytes, not 512 or 4096"));
}

static void a_namespace_of_an_absurd_size_is_left_out(void **state) {
	(void)state;
	memset(nvme.namespace_data, 0xff, 8);
	assert_null(nvme_host_start(1));
	assert_true(log_has("it says that it has 0xffffffffffffffff blocks"));
}

static void a_list_of_namespaces_that_lies_is_cut(void **state) {
	static const uint32_t list[] = {3, 2, 1, 0};

	(void)state;
	nvme.controller_data[516] = 2;
	memcpy(nvme.list, list, sizeof(list));
	assert_null(nvme_host_start(1));
	assert_true(log_has("has no namespace that can be used"));
}

static void old_controllers_are_asked_one_by_one(void **state) {
	(void)state;
	nvme.version = 0x10000;
	memset(nvme.list, 0xff, 64);
	start();
	assert_string_equal(disk->name, "nvme0n1");
}

static void namespaces_that_are_refused_do_not_fill_the_log(void **state) {
	(void)state;
	nvme.version = 0x10000;
	memset(&nvme.controller_data[516], 0xff, 4);
	nvme.namespace_data[130] = 11;
	assert_null(nvme_host_start(1));
	assert_true(log_has("namespace 8 is not used"));
	assert_false(log_has("namespace 9 is not used"));
}

static void too_many_namespaces_are_cut_with_a_line(void **state) {
	(void)state;
	nvme.controller_data[516] = 200;
	for (uint32_t i = 0; i < 200; i++)
		nvme.list[i] = i + 1;
	start();
	assert_true(log_has("nvme0: namespace 17 and those behind it are not used"));
}

static void take_last(struct disk *d, void *last) { *(struct disk **)last = d; }

static void two_disks_of_one_identity_are_told_apart(void **state) {
	struct disk *last = NULL;

	(void)state;
	nvme.controller_data[516] = 2;
	nvme.list[0] = 1;
	nvme.list[1] = 2;
	start();
	disks_for_each(take_last, &last);
	assert_string_equal(last->name, "nvme0n2");
	assert_memory_not_equal(last->volume.id, disk->volume.id, sizeof(disk->volume.id));
	assert_true(fake_log_has("nvme0n2: it has the identity of nvme0n1"));
}

static void a_line_tells_size_requests_and_model(void **state) {
	char line[DISKS_LINE_SIZE];

	(void)state;
	start();
	(void)run(VOLUME_READ, 0, 1);
	disks_line(disk, line);
	assert_string_equal(line, "nvme0n1             1 MiB  1 reads, 0 writes, 0 others, 0 failures  Fake drive");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_namespace_becomes_a_disk_with_a_line),
	    T(data_come_and_go_by_any_number_of_pages),
	    T(other_operations_reach_the_controller),
	    T(a_request_out_of_range_fails_without_the_controller),
	    T(each_vp_has_its_queue_and_is_interrupted_there),
	    T(the_management_vp_hands_its_requests_to_vp_0),
	    T(a_controller_with_one_queue_serves_all_vps),
	    T(as_many_queues_as_interrupts_are_used),
	    T(without_interrupts_the_poll_serves),
	    T(many_commands_are_looked_at_by_time),
	    T(looks_go_on_while_they_find_enough),
	    T(what_ends_before_the_unmasking_is_not_lost),
	    T(looks_follow_the_speed_of_the_controller),
	    T(a_reset_ends_the_looks),
	    T(a_controller_without_msix_interrupts_for_each),
	    T(errors_are_tried_again_three_times_in_all),
	    T(an_error_that_forbids_it_is_not_tried_again),
	    T(lies_in_completions_are_ignored_with_one_line),
	    T(a_wrong_phase_is_no_completion),
	    T(a_command_that_takes_too_long_is_aborted_and_tried_again),
	    T(a_command_that_cannot_be_aborted_resets_the_controller),
	    T(fatal_status_resets_and_goes_on),
	    T(a_controller_that_stays_dead_ends_all_requests),
	    T(a_controller_that_does_not_stop_loses_its_way_to_memory),
	    T(resets_that_do_not_help_end),
	    T(a_controller_that_was_pulled_ends_all_requests),
	    T(admin_commands_that_fail_after_a_reset_end_it),
	    T(one_without_the_nvm_command_set_is_refused),
	    T(one_with_large_pages_only_is_refused),
	    T(one_whose_queues_have_one_entry_is_refused),
	    T(one_that_is_never_ready_is_refused),
	    T(one_that_answers_nothing_is_refused),
	    T(one_without_identity_is_refused),
	    T(one_that_creates_no_queue_is_refused),
	    T(one_that_grants_no_queues_is_refused),
	    T(one_with_odd_entries_is_refused),
	    T(one_without_address_is_refused),
	    T(one_whose_stride_leaves_the_registers_is_refused),
	    T(one_that_does_not_stop_is_refused),
	    T(one_that_the_firmware_used_is_reset_first),
	    T(one_that_the_kernel_does_not_claim_is_refused),
	    T(any_shortage_of_memory_is_refused),
	    T(namespaces_that_cannot_be_served_are_left_out_with_a_line),
	    T(a_namespace_of_an_absurd_size_is_left_out),
	    T(a_list_of_namespaces_that_lies_is_cut),
	    T(old_controllers_are_asked_one_by_one),
	    T(namespaces_that_are_refused_do_not_fill_the_log),
	    T(too_many_namespaces_are_cut_with_a_line),
	    T(two_disks_of_one_identity_are_told_apart),
	    T(a_line_tells_size_requests_and_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
