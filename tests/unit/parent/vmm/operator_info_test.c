/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What `info` and `list` say of a VM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "vm_rig.h"
#include "vmm/operator_info.h"
#include "vmm/vm_vmbus.h"

static char printed[8192];

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...) {
	size_t used = strlen(printed);
	va_list args;

	va_start(args, format);
	vsnprintf(printed + used, sizeof(printed) - used, format, args);
	va_end(args);
}

static int set_up(void **state) {
	printed[0] = '\0';
	return rig_set_up(state);
}

static void a_vm_whose_guest_has_no_driver_is_not_connected(void **state) {
	char text[OPERATOR_SUMMARY_SIZE];
	struct vm *vm = rig_start();

	(void)state;
	operator_info(vm, print);
	assert_string_equal(printed, "box: running, 2 cpus, 16 MiB\nVMBus not connected\n"
	                             "  channel 1   shutdown   not offered yet\n"
	                             "  channel 2   heartbeat  not offered yet\n"
	                             "  channel 3   timesync   not offered yet\n"
	                             "  channel 4   kvp        not offered yet\n");
	operator_summary(vm, text);
	assert_string_equal(text, "");
}

static void a_connected_guest_is_shown_with_its_channels_and_words(void **state) {
	char text[OPERATOR_SUMMARY_SIZE];
	struct vm *vm = rig_start();
	struct vm_vmbus *v = vm->vmbus;

	(void)state;
	v->server.state = VMBUS_CONNECTED;
	v->server.version = VMBUS_VERSION_5_3;
	v->server.channel[1].state = VMBUS_CHANNEL_OPEN;
	v->services.heartbeat.has_answered = true;
	v->services.facts.count = 1;
	v->services.facts.fact[0] = (struct vm_fact){"OSName", "Linux"};
	operator_info(vm, print);
	assert_non_null(strstr(printed, "\nVMBus 5.3, heartbeat\n"));
	assert_non_null(strstr(printed, "\n  channel 2   heartbeat  open, processor 0\n"));
	assert_non_null(strstr(printed, "\n  OSName: Linux\n"));
	operator_summary(vm, text);
	assert_string_equal(text, "VMBus 5.3, heartbeat");
	v->services.heartbeat.misses = IC_HEARTBEAT_MISSES;
	operator_summary(vm, text);
	assert_string_equal(text, "VMBus 5.3, heartbeat lost");
	v->server.channel[1].state = VMBUS_CHANNEL_WAITING;
	v->server.state = VMBUS_DISCONNECTED;
}

static void without_vmbus_or_after_the_end_it_says_so(void **state) {
	char text[OPERATOR_SUMMARY_SIZE];
	struct vm *vm;

	(void)state;
	rig_box("{\"name\":\"box\",\"memory\":\"16M\",\"boot\":{\"kernel\":\"image\"},\"devices\":{\"vmbus\":false}}");
	vm = rig_start();
	operator_info(vm, print);
	assert_string_equal(printed, "box: running, 1 cpus, 16 MiB\nno VMBus\n");
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	operator_summary(vm, text);
	assert_string_equal(text, "stopped");
	printed[0] = '\0';
	operator_info(vm, print);
	assert_string_equal(printed, "box: stopped, 1 cpus, 16 MiB\n");
}

static void disks_are_listed_by_their_luns(void **state) {
	struct vm *vm = rig_start();

	(void)state;
	vm->config.disk_count = 3;
	vm->config.disk[0] = (struct vm_disk_config){.volume = "label:root", .access = VOLUME_READ_WRITE};
	vm->config.disk[1] = (struct vm_disk_config){.volume = ""};
	vm->config.disk[2] = (struct vm_disk_config){.volume = "image:a.iso"};
	operator_info(vm, print);
	assert_non_null(strstr(printed, "16 MiB\n  LUN 0       label:root, rw\n  LUN 2       image:a.iso, ro\nVMBus"));
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_vm_whose_guest_has_no_driver_is_not_connected),
	    T(a_connected_guest_is_shown_with_its_channels_and_words),
	    T(disks_are_listed_by_their_luns),
	    T(without_vmbus_or_after_the_end_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
