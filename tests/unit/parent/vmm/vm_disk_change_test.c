/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Disks that come and go, as the operator says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fake/gpt_disk.h"
#include "fake/parent_kernel.h"
#include "runtime/events.h"
#include "storage/host_volumes.h"
#include "vm_rig.h"
#include "vmm/operator_disks.h"
#include "vmm/vm_disk_change.h"
#include "vmm/vm_vmbus.h"

#define BOX_WITH(more) "{\"name\":\"box\",\"memory\":\"16M\",\"boot\":{\"kernel\":\"image\"}" more "}"
#define BOX_ROOT       BOX_WITH(",\"disks\":[{\"volume\":\"label:root\",\"access\":\"rw\"}]")

static struct fake_volume disk;
static uint8_t fs_image[4096];
static struct scsi_command command;
static struct volume_segment segment;
static struct vm *box;
static char printed[512];

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...) {
	va_list args;

	va_start(args, format);
	vsnprintf(printed, sizeof(printed), format, args);
	va_end(args);
}

static bool pause_briefly(void *context) {
	(void)context;
	return fake_volume_complete(&disk);
}

static int set_up(void **state) {
	static const struct gpt_disk_partition partitions[] = {{"root", 100, 199}, {"data", 200, 299}};

	rig_set_up(state);
	fake_volume_init(&disk);
	gpt_disk_make(&disk, partitions, 2);
	disk.is_slow = true;
	host_volumes_init(vm_manager_module);
	host_volumes_add("sda", &disk.volume);
	volume_registry_scan(host_volumes(), pause_briefly, NULL);
	rig_module("fs.img", fs_image, sizeof(fs_image));
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	while (fake_volume_complete(&disk))
		;
	vm_manager_reap();
	if (vm_state_holds_resources(box->state))
		assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	assert_null(host_volumes()->opening);
	free(host_volumes()->disk[0].scan);
	return 0;
}

static void define(const char *json) {
	rig_box(json);
	vm_manager_define_all();
	box = vm_manager_find("box");
}

static void start(const char *json) {
	rig_box(json);
	box = rig_start();
}

/* A line of the operator's; what was printed, without the line's end. */
static const char *say(const char *line) {
	struct operator_command c;
	struct err_text text;

	assert_int_equal(operator_parse(line, &c, &text), ERR_NONE);
	strcpy(printed, "\n");
	if (c.action == OPERATOR_ATTACH)
		operator_attach(box, &c, print);
	else
		operator_detach(box, &c, print);
	printed[strcspn(printed, "\n")] = '\0';
	return printed;
}

static void done(struct scsi_command *c) { (void)c; }

/* READ (10) of the first block of a LUN, as the controller carries it out. */
static void read_block(uint8_t lun) {
	segment = (struct volume_segment){guest_memory_pointer(&box->memory, 0x200000, 512), 512};
	command = (struct scsi_command){
	    .lun = lun,
	    .cdb_size = 10,
	    .cdb = {0x28, [8] = 1},
	    .direction = SCSI_DATA_IN,
	    .data_size = 512,
	    .segment = &segment,
	    .segment_count = 1,
	    .done = done,
	};
	spinlock_acquire(&box->lock);
	box->vmbus->disks.target.attention = 0;
	scsi_execute(&box->vmbus->disks.target, &command);
	spinlock_release(&box->lock);
}

static void a_disk_comes_while_the_vm_runs_and_stays_for_the_next_start(void **state) {
	(void)state;
	start(BOX_ROOT);
	assert_string_equal(say("attach box 3 label:data rw"), "LUN 3 of box is label:data, rw");
	assert_ptr_equal(box->vmbus->disks.target.lun[3], &box->disks.disk[3]);
	read_block(3);
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(command.status, SCSI_GOOD);
	assert_int_equal(segment.memory[0], 200);
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	assert_null(host_volumes()->opening);
	assert_int_equal(vm_manager_start(box, NULL), ERR_NONE);
	assert_int_equal(box->disks.count, 2);
	assert_non_null(box->vmbus->disks.target.lun[3]);
	assert_null(box->vmbus->disks.target.lun[1]);
}

static void what_a_vm_that_is_off_is_given_it_has_at_its_start(void **state) {
	(void)state;
	define(BOX_WITH(""));
	assert_string_equal(say("attach box 0 image:fs.img cow"), "LUN 0 of box is image:fs.img, cow");
	assert_null(host_volumes()->opening);
	assert_int_equal(box->config.disk[0].copy_size, 64u << 20);
	assert_string_equal(say("attach box 1 label:root"), "LUN 1 of box is label:root, ro");
	assert_string_equal(say("detach box 0"), "LUN 0 of box is detached");
	assert_int_equal(vm_manager_start(box, NULL), ERR_NONE);
	assert_int_equal(box->disks.count, 1);
	assert_non_null(box->vmbus->disks.target.lun[1]);
	assert_string_equal(say("detach box 1"), "LUN 1 of box is detached");
	assert_int_equal(box->config.disk_count, 0);
	assert_null(host_volumes()->opening);
}

static void the_first_disk_brings_its_controller(void **state) {
	(void)state;
	start(BOX_WITH(""));
	assert_false(storvsp_is_offered(&box->vmbus->disks));
	assert_string_equal(say("detach box controller"),
	                    "VM 'box' has no controller; it gets one with its first disk");
	assert_string_equal(say("attach box 2 label:data"), "LUN 2 of box is label:data, ro");
	assert_true(storvsp_is_offered(&box->vmbus->disks));
	assert_string_equal(say("detach box controller"), "LUN 2 of 'box' is label:data; detach the disks first");
	assert_string_equal(say("detach box 2"), "LUN 2 of box is detached");
	assert_true(storvsp_is_offered(&box->vmbus->disks));
	assert_string_equal(say("detach box controller"), "the guest of box is told that its controller goes");
	assert_false(storvsp_is_offered(&box->vmbus->disks)); /* nobody had seen it */
	assert_string_equal(say("attach box 2 label:data"), "LUN 2 of box is label:data, ro");
	assert_true(storvsp_is_offered(&box->vmbus->disks));
}

static void a_controller_that_the_guest_still_holds_takes_no_disk(void **state) {
	struct vmbus_channel *channel;

	(void)state;
	start(BOX_ROOT);
	channel = box->vmbus->disks.queue[0].channel;
	channel->state = VMBUS_CHANNEL_OFFERED;
	assert_string_equal(say("detach box 0"), "LUN 0 of box is detached");
	assert_string_equal(say("detach box controller"), "the guest of box is told that its controller goes");
	assert_true(channel->is_rescinded);
	assert_string_equal(say("detach box controller"),
	                    "the guest of 'box' is told already and has not given it back yet");
	assert_string_equal(say("attach box 0 label:root"),
	                    "the guest has not given back the controller that was taken away; try again");
	assert_null(host_volumes()->opening);
	assert_int_equal(box->config.disk_count, 0);
}

static void a_busy_disk_leaves_when_its_last_request_is_done(void **state) {
	struct err_text text;

	(void)state;
	start(BOX_ROOT);
	read_block(0);
	assert_string_equal(say("detach box 0"), "LUN 0 of box is being detached: 1 request of label:root in flight");
	assert_string_equal(say("detach box 0"), "LUN 0 of 'box' is being detached: 1 request of label:root in "
	                                         "flight; try again when that has ended");
	assert_string_equal(say("attach box 0 label:data"), "LUN 0 of 'box' is being detached: 1 request of label:root "
	                                                    "in flight; try again when that has ended");
	/* The writer still has its blocks. */
	assert_string_equal(say("attach box 1 label:root rw"),
	                    "'label:root' cannot be opened rw: VM 'box' has 'label:root' open rw");
	assert_string_equal(
	    say("detach box controller"),
	    "the guest of 'box' waits: 1 request of label:root in flight; try again when that has ended");
	vm_manager_reap();
	assert_non_null(host_volumes()->opening);
	fake.signaled[2] = 0;
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(command.status, SCSI_GOOD);
	assert_true(fake.signaled[2] & EVENT_BIT(EVENT_VM_ENDED));
	vm_manager_reap();
	assert_null(host_volumes()->opening);
	assert_int_equal(box->state, VM_RUNNING);
	assert_string_equal(say("attach box 0 label:root rw"), "LUN 0 of box is label:root, rw");
	assert_int_equal(vm_disk_detach(box, 0, &text), ERR_NONE);
}

static void nothing_reaches_a_disk_that_leaves(void **state) {
	struct scsi_command late;

	(void)state;
	start(BOX_ROOT);
	read_block(0);
	late = command;
	say("detach box 0");
	spinlock_acquire(&box->lock);
	scsi_execute(&box->vmbus->disks.target, &late);
	spinlock_release(&box->lock);
	assert_int_equal(late.status, SCSI_CHECK_CONDITION);
	assert_true(late.is_lun_absent);
	assert_int_equal(disk.queued, 1);
}

static void a_vm_that_stops_takes_a_leaving_disk_with_it(void **state) {
	(void)state;
	start(BOX_ROOT);
	read_block(0);
	say("detach box 0");
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	assert_int_equal(box->state, VM_STOPPING);
	assert_string_equal(say("attach box 1 label:data"),
	                    "VM 'box' is stopping, and its disks stay until it has: try again then");
	operator_show_stopping(box, print);
	assert_string_equal(printed, "box is stopping: 1 request of label:root in flight\n");
	assert_true(fake_volume_complete(&disk));
	vm_manager_reap();
	assert_int_equal(box->state, VM_STOPPED);
	assert_null(host_volumes()->opening);
	assert_int_equal(box->config.disk_count, 0);
}

static void what_is_wrong_is_said(void **state) {
	static const struct {
		const char *line, *answer;
	} rows[] = {
	    {"attach box x label:data", "'x' is no LUN; 0 to 7 are"},
	    {"attach box 8 label:data", "'8' is no LUN; 0 to 7 are"},
	    {"attach box 10 label:data", "'10' is no LUN; 0 to 7 are"},
	    {"attach box 1 label:data wr", "'wr' is no access; ro, rw and cow are"},
	    {"attach box 1 data", "'data' is no volume: names begin with disk:, label: or image:"},
	    {"attach box 1 label:none", "no partition has the label 'none'; 'volumes' lists them"},
	    {"attach box 1 label:data cow", "'label:data' is no image: it is opened ro or rw"},
	    {"attach box 1 label:root", "'label:root' cannot be opened ro: VM 'box' has 'label:root' open rw"},
	    {"attach box 0 label:data", "LUN 0 of 'box' is label:root; detach that first, or take another LUN"},
	    {"detach box 1", "LUN 1 of 'box' has no disk; 'info box' shows which have"},
	    {"detach box all", "'all' is no LUN; 0 to 7 are"},
	};
	struct vm_disk_config d = {.volume = "label:data"};

	(void)state;
	start(BOX_ROOT);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(say(rows[i].line), rows[i].answer);
	assert_int_equal(vm_disk_attach(box, VM_DISKS_MAX, &d, NULL), ERR_RANGE);
	assert_int_equal(vm_disk_detach(box, VM_DISKS_MAX, NULL), ERR_RANGE);
	assert_int_equal(box->disks.count, 1);
	assert_int_equal(box->config.disk_count, 1);
}

static void a_vm_without_vmbus_takes_no_disk(void **state) {
	(void)state;
	start(BOX_WITH(",\"devices\":{\"vmbus\":false}"));
	assert_string_equal(say("attach box 0 label:data"),
	                    "VM 'box' has no VMBus to reach disks by; see \"vmbus\" in its vm.json");
	assert_null(host_volumes()->opening);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_disk_comes_while_the_vm_runs_and_stays_for_the_next_start),
	    T(what_a_vm_that_is_off_is_given_it_has_at_its_start),
	    T(the_first_disk_brings_its_controller),
	    T(a_controller_that_the_guest_still_holds_takes_no_disk),
	    T(a_busy_disk_leaves_when_its_last_request_is_done),
	    T(nothing_reaches_a_disk_that_leaves),
	    T(a_vm_that_stops_takes_a_leaving_disk_with_it),
	    T(what_is_wrong_is_said),
	    T(a_vm_without_vmbus_takes_no_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
