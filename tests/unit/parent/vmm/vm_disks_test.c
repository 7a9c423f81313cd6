/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A VM's disks from its start until the last request is done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fake/gpt_disk.h"
#include "fake/parent_kernel.h"
#include "runtime/events.h"
#include "storage/host_volumes.h"
#include "vm_rig.h"
#include "vmm/operator_info.h"
#include "vmm/scrub_pool.h"

#define BOX_WITH(disks) "{\"name\":\"box\",\"memory\":\"16M\",\"boot\":{\"kernel\":\"image\"},\"disks\":[" disks "]}"
#define ROOT            "{\"volume\":\"label:root\",\"access\":\"rw\"}"
#define COPY            "{\"volume\":\"image:fs.img\",\"access\":\"cow\",\"cow_memory\":1}"

static struct fake_volume disk;
static uint8_t fs_image[4096];
static struct scsi_command command;
static uint8_t *guest_page;
static struct volume_segment segment;
static unsigned done_count;
static struct vm *box;

static bool pause_briefly(void *context) {
	(void)context;
	return fake_volume_complete(&disk);
}

static int set_up(void **state) {
	static const struct gpt_disk_partition root[] = {{"root", 100, 199}};

	rig_set_up(state);
	fake_volume_init(&disk);
	gpt_disk_make(&disk, root, 1);
	disk.is_slow = true;
	host_volumes_init(vm_manager_module);
	host_volumes_add("sda", &disk.volume);
	volume_registry_scan(host_volumes(), pause_briefly, NULL);
	rig_module("fs.img", fs_image, sizeof(fs_image));
	done_count = 0;
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	while (fake_volume_complete(&disk))
		;
	vm_manager_reap();
	box = vm_manager_find("box");
	if (box != NULL && vm_state_holds_resources(box->state))
		assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	assert_null(host_volumes()->opening);
	free(host_volumes()->disk[0].scan);
	return 0;
}

/* Every completion must find the lock taken, as a storage controller wants it. */
static void done(struct scsi_command *c) {
	(void)c;
	done_count++;
	assert_false(spinlock_try(&box->lock));
}

/* READ (10) of the first block of a LUN into the VM's memory, under its lock. */
static void read_block(uint8_t lun) {
	guest_page = guest_memory_pointer(&box->memory, 0x200000, 512);
	segment = (struct volume_segment){guest_page, 512};
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
	scsi_execute(vm_disks_target(box), &command);
	spinlock_release(&box->lock);
}

static struct vm *start(const char *json) {
	rig_box(json);
	box = rig_start();
	return box;
}

static void a_vm_has_the_disks_of_its_file(void **state) {
	(void)state;
	start(BOX_WITH(ROOT "," COPY ",{\"volume\":\"image:fs.img\",\"cdrom\":true,\"removable\":true}"));
	assert_int_equal(box->disks.count, 3);
	assert_int_equal(vm_disks_target(box)->lun[0]->volume->block_count, 100);
	assert_false(vm_disks_target(box)->lun[0]->volume->is_read_only);
	assert_int_equal(vm_disks_target(box)->lun[1]->volume->block_count, 8);
	assert_false(vm_disks_target(box)->lun[1]->is_cdrom);
	assert_true(vm_disks_target(box)->lun[2]->is_cdrom && vm_disks_target(box)->lun[2]->is_removable);
	assert_true(vm_disks_target(box)->lun[2]->volume->is_read_only);
	assert_null(vm_disks_target(box)->lun[3]);
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	assert_int_equal(box->state, VM_STOPPED);
	assert_null(host_volumes()->opening);
	assert_null(vm_disks_target(box)->lun[0]);
}

static void a_disk_that_cannot_be_opened_is_why_the_vm_does_not_start(void **state) {
	struct err_text text;

	(void)state;
	rig_box(BOX_WITH(COPY "," ROOT ",{\"volume\":\"disk:sda\"}"));
	vm_manager_define_all();
	box = vm_manager_find("box");
	assert_int_equal(vm_manager_start(box, &text), ERR_STATE);
	assert_string_equal(text.text, "'disk:sda' cannot be opened ro: VM 'box' has 'label:root' open rw");
	assert_int_equal(box->state, VM_CREATED);
	assert_null(host_volumes()->opening);
	assert_null(fake_partition_of(2));
}

static void a_start_that_fails_later_closes_the_disks(void **state) {
	static const enum hv_call_code codes[] = {HV_CALL_CREATE_PARTITION, HV_CALL_INITIALIZE_PARTITION,
	                                          HV_CALL_CREATE_VP, HV_CALL_SET_VP_REGISTERS};

	(void)state;
	start(BOX_WITH(ROOT "," COPY));
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		fake.fail_code = codes[i];
		fake.fail_after = 1;
		fake.fail_status = HV_STATUS_OPERATION_FAILED;
		assert_int_not_equal(vm_manager_start(box, NULL), ERR_NONE);
		assert_null(host_volumes()->opening);
	}
	assert_int_equal(vm_manager_start(box, NULL), ERR_NONE);
}

static void completions_come_under_the_vms_lock(void **state) {
	(void)state;
	start(BOX_WITH(ROOT "," COPY));
	read_block(0);
	assert_int_equal(done_count, 0);
	assert_false(vm_disks_are_idle(box));
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(done_count, 1);
	assert_int_equal(command.status, SCSI_GOOD);
	assert_int_equal(guest_page[0], 100);
	assert_true(vm_disks_are_idle(box));
	assert_int_equal(fake.signaled[2] & EVENT_BIT(EVENT_VM_ENDED), 0);
	read_block(1); /* an image: inside, under the submitter's lock */
	assert_int_equal(done_count, 2);
	assert_true(spinlock_try(&box->lock));
	spinlock_release(&box->lock);
}

static void a_vm_ends_when_its_last_request_is_done_and_not_before(void **state) {
	(void)state;
	start(BOX_WITH(ROOT));
	read_block(0);
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	assert_int_equal(box->state, VM_STOPPING);
	assert_true(fake_partition_of(box->partition)->is_suspended);
	assert_non_null(guest_memory_pointer(&box->memory, 0x200000, 512));
	assert_int_equal(vm_manager_start(box, NULL), ERR_STATE);
	vm_manager_reap();
	assert_int_equal(box->state, VM_STOPPING);
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(done_count, 1);
	assert_int_equal(guest_page[0], 100); /* the memory was still the VM's */
	assert_true(fake.signaled[2] & EVENT_BIT(EVENT_VM_ENDED));
	vm_manager_reap();
	assert_int_equal(box->state, VM_STOPPED);
	assert_null(host_volumes()->opening);
}

/* The device never ends the request: the list says what the VM waits for, the memory stays the
 * VM's, and the end comes when the driver gives the device up. */
static void a_vm_that_is_stopping_says_what_it_waits_for(void **state) {
	char text[OPERATOR_SUMMARY_SIZE];
	uint64_t taken;

	(void)state;
	start(BOX_WITH(COPY "," ROOT));
	operator_summary(box, text);
	assert_string_equal(text, "");
	read_block(1);
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	taken = fake.memory_taken;
	for (unsigned i = 0; i < 3; i++) {
		vm_manager_reap();
		assert_int_equal(box->state, VM_STOPPING);
		operator_summary(box, text);
		assert_string_equal(text, "1 request of label:root in flight");
	}
	assert_int_equal(fake.memory_taken, taken);
	assert_ptr_equal(guest_memory_pointer(&box->memory, 0x200000, 512), guest_page);
	disk.result = VOLUME_GONE;
	assert_true(fake_volume_complete(&disk));
	assert_int_equal(command.status, SCSI_CHECK_CONDITION);
	vm_manager_reap();
	operator_summary(box, text);
	assert_string_equal(text, "stopped");
}

static void nothing_new_reaches_the_disks_of_a_vm_that_has_ended(void **state) {
	struct scsi_command first;

	(void)state;
	start(BOX_WITH(ROOT));
	read_block(0);
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	first = command; /* `command` is with the disk: another one beside it */
	first.done = done;
	spinlock_acquire(&box->lock);
	scsi_execute(vm_disks_target(box), &first);
	spinlock_release(&box->lock);
	assert_int_equal(first.status, SCSI_CHECK_CONDITION);
	assert_int_equal(disk.queued, 1);
}

static void a_reset_waits_for_the_disks_and_then_starts_again(void **state) {
	(void)state;
	start(BOX_WITH(ROOT));
	read_block(0);
	assert_int_equal(vm_manager_reset(box, NULL), ERR_NONE);
	assert_int_equal(box->state, VM_STOPPING);
	assert_int_equal(vm_manager_reset(box, NULL), ERR_NONE);
	assert_true(fake_volume_complete(&disk));
	vm_manager_reap();
	assert_int_equal(box->state, VM_RUNNING);
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	assert_int_equal(box->state, VM_STOPPED);
	assert_int_equal(vm_manager_reset(box, NULL), ERR_NONE);
	assert_int_equal(box->state, VM_RUNNING);
}

static void what_a_copy_took_comes_back(void **state) {
	uint64_t taken;

	(void)state;
	start(BOX_WITH(COPY));
	taken = fake.memory_taken;
	read_block(0);
	segment.memory[0] = 7;
	command.cdb[0] = 0x2a;
	command.direction = SCSI_DATA_OUT;
	spinlock_acquire(&box->lock);
	scsi_execute(vm_disks_target(box), &command);
	spinlock_release(&box->lock);
	assert_int_equal(command.status, SCSI_GOOD);
	assert_true(fake.memory_taken > taken);
	assert_int_equal(vm_manager_stop(box, NULL), ERR_NONE);
	while (scrub_pool_step())
		;
	assert_true(fake.memory_taken <= 2u << 20); /* the arena's piece */
	assert_int_equal(fs_image[0], 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_vm_has_the_disks_of_its_file),
	    T(a_disk_that_cannot_be_opened_is_why_the_vm_does_not_start),
	    T(a_start_that_fails_later_closes_the_disks),
	    T(completions_come_under_the_vms_lock),
	    T(a_vm_ends_when_its_last_request_is_done_and_not_before),
	    T(a_vm_that_is_stopping_says_what_it_waits_for),
	    T(nothing_new_reaches_the_disks_of_a_vm_that_has_ended),
	    T(a_reset_waits_for_the_disks_and_then_starts_again),
	    T(what_a_copy_took_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
