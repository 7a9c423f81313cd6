/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Names, holders and the scan, on two disks with partitions. */
#include "storage/volume_registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv_abi/boot_info.h>
#include "fake/gpt_disk.h"
#include "fake/parent_kernel.h"
#include "runtime/memory.h"
#include "storage/gpt.h"

static struct fake_volume disk[2];
static struct volume_registry registry;
static struct err_text text;
static struct volume_opening *opened[8];
static unsigned opened_count, pauses;

static uint8_t image_bytes[8192];
static struct hv_boot_module module[2] = {{.name = "fs.img"}, {.name = "odd.img"}};

static const struct hv_boot_module *find_module(const char *name) {
	for (unsigned i = 0; i < 2; i++)
		if (strcmp(module[i].name, name) == 0)
			return &module[i];
	return NULL;
}

/* What happens on other VPs meanwhile: each disk answers one request. */
static bool pause_briefly(void *context) {
	(void)context;
	(void)fake_volume_complete(&disk[0]);
	(void)fake_volume_complete(&disk[1]);
	return ++pauses < 20;
}

static const struct gpt_disk_partition first[] = {{"root", 100, 199}, {"both", 200, 250}};
static const struct gpt_disk_partition second[] = {{"data", 50, 149}, {"both", 150, 250}};

static int set_up(void **state) {
	(void)state;
	fake_kernel_reset();
	module[0].base = module[1].base = (uint64_t)(uintptr_t)image_bytes;
	module[0].size = sizeof(image_bytes);
	module[1].size = 1000;
	fake_volume_init(&disk[0]);
	fake_volume_init(&disk[1]);
	disk[0].is_slow = disk[1].is_slow = true;
	gpt_disk_make(&disk[0], first, 2);
	gpt_disk_make(&disk[1], second, 2);
	volume_registry_init(&registry, find_module);
	assert_int_equal(volume_registry_add_disk(&registry, "nvme0n1", &disk[0].volume, NULL), ERR_NONE);
	assert_int_equal(volume_registry_add_disk(&registry, "sda", &disk[1].volume, NULL), ERR_NONE);
	opened_count = pauses = 0;
	return 0;
}

static int set_up_scanned(void **state) {
	set_up(state);
	volume_registry_scan(&registry, pause_briefly, NULL);
	memset(fake.log, 0, sizeof(fake.log));
	return 0;
}

/* Scans live as long as the host; a test's end is that. */
static int tear_down(void **state) {
	(void)state;
	while (opened_count > 0)
		volume_registry_close(&registry, opened[--opened_count]);
	for (unsigned i = 0; i < registry.disk_count; i++)
		free(registry.disk[i].scan);
	assert_int_equal(fake.memory_taken, 0);
	return 0;
}

static enum err open(const char *name, enum volume_access access, const char *holder) {
	enum err error =
	    volume_registry_open(&registry, name, access, 4096, holder, NULL, &opened[opened_count], &text);

	if (error == ERR_NONE)
		opened_count++;
	return error;
}

static void close_last(void) { volume_registry_close(&registry, opened[--opened_count]); }

static void a_scan_finds_the_partitions_of_all_disks(void **state) {
	(void)state;
	volume_registry_scan(&registry, pause_briefly, NULL);
	assert_int_equal(registry.disk[0].gpt->count, 2);
	assert_int_equal(registry.disk[1].gpt->count, 2);
	assert_true(fake_log_has("disk nvme0n1: 0 MiB, 2 partitions"));
	assert_true(fake_log_has("disk sda: 0 MiB, 2 partitions"));
	assert_true(pauses < 10); /* side by side */
	assert_int_equal(fake.memory_taken, 0);
	pauses = disk[0].reads = 0;
	volume_registry_scan(&registry, pause_briefly, NULL);
	assert_int_equal(disk[0].reads, 0);
}

static void a_scan_says_what_is_wrong(void **state) {
	(void)state;
	gpt_put(gpt_disk_header(&disk[0], false), 0, 8);
	memset(disk[1].data, 0, sizeof(disk[1].data));
	volume_registry_scan(&registry, pause_briefly, NULL);
	assert_true(fake_log_has("disk nvme0n1: the primary partition table is damaged (it has no signature); the "
	                         "backup in block 1023 is used"));
	assert_true(fake_log_has("disk sda: 0 MiB, there is no GUID partition table"));
	assert_int_equal(registry.disk[0].gpt->count, 2);
	assert_null(registry.disk[1].gpt);
}

static bool give_up(void *context) {
	(void)context;
	return ++pauses < 3;
}

static void a_disk_that_does_not_answer_holds_nobody_up_and_may_answer_later(void **state) {
	uint8_t *buffer;

	(void)state;
	disk[0].is_slow = false;
	volume_registry_scan(&registry, give_up, NULL);
	assert_true(fake_log_has("disk sda: it did not answer, so its partitions are unknown"));
	assert_int_equal(registry.disk[0].gpt->count, 2);
	assert_null(registry.disk[1].gpt);
	assert_int_equal(open("label:data", VOLUME_READ_ONLY, "a"), ERR_NOT_FOUND);
	buffer = disk[1].queue[0]->segment->memory;
	while (fake_volume_complete(&disk[1]))
		;
	assert_null(registry.disk[1].gpt);
	memory_give((uint64_t)(uintptr_t)buffer, GPT_BUFFER_SIZE);
}

static void a_label_opens_its_blocks_and_no_others(void **state) {
	uint8_t memory[512];
	struct volume_segment segment = {memory, sizeof(memory)};
	struct volume_request r = {
	    .operation = VOLUME_READ, .count = 1, .segment = &segment, .segment_count = 1, .done = NULL};

	(void)state;
	assert_int_equal(open("label:root", VOLUME_READ_WRITE, "web"), ERR_NONE);
	assert_int_equal(opened[0]->slice.volume.block_count, 100);
	assert_int_equal(opened[0]->slice.volume.id[0], 0x10);
	assert_false(opened[0]->slice.volume.is_read_only);
	volume_submit(&opened[0]->slice.volume, &r);
	assert_int_equal(disk[0].last_block, 100);
	disk[0].queued = 0;
	opened[0]->slice.outstanding = 0;
	assert_int_equal(open("disk:sda", VOLUME_READ_ONLY, "web"), ERR_NONE);
	assert_int_equal(opened[1]->slice.volume.block_count, FAKE_VOLUME_BLOCKS);
	assert_true(opened[1]->slice.volume.is_read_only);
	assert_int_equal(opened[1]->slice.volume.id[0], 0xa0);
}

static void names_that_lead_nowhere_are_said(void **state) {
	static const struct {
		const char *name;
		enum volume_access access;
		enum err error;
		const char *text;
	} rows[] = {
	    {"root", VOLUME_READ_ONLY, ERR_FORMAT, "'root' is no volume: names begin with disk:, label: or image:"},
	    {"disk:sdb", VOLUME_READ_ONLY, ERR_NOT_FOUND, "there is no disk 'sdb'; 'volumes' lists them"},
	    {"label:rot", VOLUME_READ_ONLY, ERR_NOT_FOUND, "no partition has the label 'rot'; 'volumes' lists them"},
	    {"label:", VOLUME_READ_ONLY, ERR_NOT_FOUND, "no partition has the label ''; 'volumes' lists them"},
	    {"label:both", VOLUME_READ_ONLY, ERR_STATE,
	     "two partitions have the label 'both': 2 of disk nvme0n1 and 2 of disk sda"},
	    {"image:none", VOLUME_READ_ONLY, ERR_NOT_FOUND, "the host has no module 'none'"},
	    {"image:odd.img", VOLUME_READ_ONLY, ERR_FORMAT,
	     "the image has 1000 bytes, which is no whole number of blocks of 512"},
	    {"image:fs.img", VOLUME_READ_WRITE, ERR_UNSUPPORTED, "'image:fs.img' is an image: it is opened ro or cow"},
	    {"label:root", VOLUME_COPY_ON_WRITE, ERR_UNSUPPORTED, "'label:root' is no image: it is opened ro or rw"},
	    {"disk:sda", VOLUME_READ_WRITE, ERR_UNSUPPORTED, "'disk:sda' is on disk sda, which is read-only"},
	};

	(void)state;
	disk[1].volume.is_read_only = true;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(open(rows[i].name, rows[i].access, "web"), rows[i].error);
		assert_string_equal(text.text, rows[i].text);
	}
	assert_null(registry.opening);
}

static void a_writer_is_alone_on_its_blocks(void **state) {
	static const struct {
		const char *held;
		enum volume_access held_access;
		const char *wanted;
		enum volume_access wanted_access;
		const char *text; /* NULL: allowed */
	} rows[] = {
	    {"label:root", VOLUME_READ_WRITE, "label:root", VOLUME_READ_WRITE,
	     "'label:root' cannot be opened rw: VM 'web' has 'label:root' open rw"},
	    {"label:root", VOLUME_READ_WRITE, "label:root", VOLUME_READ_ONLY,
	     "'label:root' cannot be opened ro: VM 'web' has 'label:root' open rw"},
	    {"label:root", VOLUME_READ_WRITE, "disk:nvme0n1", VOLUME_READ_ONLY,
	     "'disk:nvme0n1' cannot be opened ro: VM 'web' has 'label:root' open rw"},
	    {"label:root", VOLUME_READ_ONLY, "disk:nvme0n1", VOLUME_READ_WRITE,
	     "'disk:nvme0n1' cannot be opened rw: VM 'web' has 'label:root' open ro"},
	    {"disk:nvme0n1", VOLUME_READ_WRITE, "label:root", VOLUME_READ_ONLY,
	     "'label:root' cannot be opened ro: VM 'web' has 'disk:nvme0n1' open rw"},
	    {"label:root", VOLUME_READ_ONLY, "label:root", VOLUME_READ_ONLY, NULL},
	    {"label:root", VOLUME_READ_ONLY, "disk:nvme0n1", VOLUME_READ_ONLY, NULL},
	    {"label:root", VOLUME_READ_WRITE, "label:data", VOLUME_READ_WRITE, NULL},
	    {"label:root", VOLUME_READ_WRITE, "label:next", VOLUME_READ_WRITE, NULL},
	    {"disk:nvme0n1", VOLUME_READ_WRITE, "disk:sda", VOLUME_READ_WRITE, NULL},
	    {"image:fs.img", VOLUME_COPY_ON_WRITE, "image:fs.img", VOLUME_COPY_ON_WRITE, NULL},
	    {"image:fs.img", VOLUME_READ_ONLY, "image:fs.img", VOLUME_COPY_ON_WRITE, NULL},
	};

	(void)state;
	strcpy(((struct gpt *)(uintptr_t)registry.disk[0].gpt)->partition[1].label, "next");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(open(rows[i].held, rows[i].held_access, "web"), ERR_NONE);
		assert_int_equal(open(rows[i].wanted, rows[i].wanted_access, "db"),
		                 rows[i].text == NULL ? ERR_NONE : ERR_STATE);
		if (rows[i].text != NULL)
			assert_string_equal(text.text, rows[i].text);
		else
			close_last();
		close_last();
		/* What was closed shuts nobody out. */
		assert_int_equal(open(rows[i].wanted, rows[i].wanted_access, "db"), ERR_NONE);
		close_last();
	}
}

static void nothing(struct volume_request *r, enum volume_result result) {
	(void)r;
	assert_int_equal(result, VOLUME_OK);
}

static void copies_of_one_image_are_private_and_have_ids_of_their_own(void **state) {
	uint8_t memory[512];
	struct volume_segment segment = {memory, sizeof(memory)};
	struct volume_request r = {
	    .operation = VOLUME_WRITE, .count = 1, .segment = &segment, .segment_count = 1, .done = nothing};

	(void)state;
	assert_int_equal(open("image:fs.img", VOLUME_COPY_ON_WRITE, "a"), ERR_NONE);
	assert_int_equal(open("image:fs.img", VOLUME_COPY_ON_WRITE, "b"), ERR_NONE);
	assert_int_equal(open("image:fs.img", VOLUME_READ_ONLY, "a"), ERR_NONE);
	assert_int_equal(open("image:fs.img", VOLUME_READ_ONLY, "b"), ERR_NONE);
	assert_memory_not_equal(opened[0]->slice.volume.id, opened[1]->slice.volume.id, 8);
	assert_memory_not_equal(opened[0]->slice.volume.id, opened[2]->slice.volume.id, 8);
	assert_memory_equal(opened[2]->slice.volume.id, opened[3]->slice.volume.id, 16);
	memset(memory, 0x5a, sizeof(memory));
	volume_submit(&opened[0]->slice.volume, &r);
	r.operation = VOLUME_READ;
	for (unsigned i = 4; i-- > 0;) {
		volume_submit(&opened[i]->slice.volume, &r);
		assert_int_equal(memory[0], i == 0 ? 0x5a : 0);
	}
	assert_int_equal(opened[1]->image.copy_limit, 1);
	assert_int_equal(opened[2]->image.copy_limit, 0);
	assert_true(opened[0]->slice.volume.completes_inside);
}

static void disks_have_names_and_there_is_an_end_to_them(void **state) {
	char name[3] = "x0";

	(void)state;
	assert_int_equal(volume_registry_add_disk(&registry, "sda", &disk[1].volume, &text), ERR_STATE);
	assert_int_equal(volume_registry_add_disk(&registry, "", &disk[1].volume, &text), ERR_FORMAT);
	assert_int_equal(
	    volume_registry_add_disk(&registry, "12345678901234567890123456789012", &disk[1].volume, &text),
	    ERR_FORMAT);
	while (registry.disk_count < VOLUME_DISKS_MAX) {
		name[1]++;
		assert_int_equal(volume_registry_add_disk(&registry, name, &disk[1].volume, &text), ERR_NONE);
	}
	assert_int_equal(volume_registry_add_disk(&registry, "y", &disk[1].volume, &text), ERR_MEMORY);
}

static void check_line(unsigned index, const char *expected) {
	char line[VOLUME_LINE_SIZE];

	assert_true(volume_registry_line(&registry, index, line));
	assert_string_equal(line, expected);
}

static void the_list_shows_who_has_what(void **state) {
	char line[VOLUME_LINE_SIZE];

	(void)state;
	assert_int_equal(open("label:root", VOLUME_READ_WRITE, "web"), ERR_NONE);
	assert_int_equal(open("label:data", VOLUME_READ_ONLY, "web"), ERR_NONE);
	assert_int_equal(open("label:data", VOLUME_READ_ONLY, "db"), ERR_NONE);
	assert_int_equal(open("image:fs.img", VOLUME_COPY_ON_WRITE, "db"), ERR_NONE);
	((struct gpt *)(uintptr_t)registry.disk[1].gpt)->partition[1].label[0] = '\0';
	check_line(0, "disk:nvme0n1                       512 KiB  -");
	check_line(1, "  label:root                        50 KiB  rw   web");
	check_line(2, "  label:both                        25 KiB  -");
	check_line(3, "disk:sda                           512 KiB  -");
	check_line(4, "  label:data                        50 KiB  ro   db, web");
	check_line(5, "  partition 2, no label             50 KiB  -");
	check_line(6, "image:fs.img                         8 KiB  cow  db, 0 of 4 KiB written");
	assert_false(volume_registry_line(&registry, 7, line));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up_scanned, tear_down)
#define U(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    U(a_scan_finds_the_partitions_of_all_disks),
	    U(a_scan_says_what_is_wrong),
	    U(a_disk_that_does_not_answer_holds_nobody_up_and_may_answer_later),
	    T(a_label_opens_its_blocks_and_no_others),
	    T(names_that_lead_nowhere_are_said),
	    T(a_writer_is_alone_on_its_blocks),
	    T(copies_of_one_image_are_private_and_have_ids_of_their_own),
	    U(disks_have_names_and_there_is_an_end_to_them),
	    T(the_list_shows_who_has_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
