/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What each command does and prints. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <hv_abi/frame_rule.h>
#include "drivers/disks.h"
#include "hal/power.h"
#include "runtime/events.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "runtime/time.h"
#include "storage/host_volumes.h"
#include "vmm/com2_view.h"
#include "vmm/deposit.h"
#include "vmm/line_editor.h"
#include "vmm/operator.h"
#include "vmm/operator_command.h"
#include "vmm/operator_disks.h"
#include "vmm/operator_info.h"
#include "vmm/scrub_pool.h"
#include "vmm/vm_manager.h"
#include "vmm/vm_services.h"

#define PROMPT         "bulkhead> "
#define ATTACH_TAIL    2048u /* of the scrollback, shown at `console NAME` */
#define DRAIN_TIME     (2 * HV_REFERENCE_TIME_HZ)
#define DRAIN_INTERVAL (HV_REFERENCE_TIME_HZ / 200)

static struct line_editor editor;

static void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print(const char *format, ...) {
	char text[VOLUME_LINE_SIZE + 8];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > 0)
		com2_view_print(text, strlen(text));
}

static void show_prompt(void) {
	line_editor_reset(&editor);
	print(PROMPT);
}

static void help(void) {
	const char *line;

	for (unsigned i = 0; (line = operator_help(i)) != NULL; i++)
		print("%s\n", line);
}

static void list(void) {
	unsigned count = 0;

	for (unsigned i = 0; i < VMS_MAX; i++) {
		struct vm *vm = vm_manager_at(i);
		char summary[OPERATOR_SUMMARY_SIZE];

		if (vm == NULL)
			continue;
		operator_summary(vm, summary);
		print("%-20s %-8s %2u cpus %6llu MiB  %s\n", vm->config.name, vm_state_name(vm->state), vm->config.cpus,
		      (unsigned long long)(vm->config.memory_size >> 20), summary);
		count++;
	}
	if (count == 0)
		print("there is no VM; describe one in a module vm/NAME.json\n");
}

static void memory(void) {
	struct memory_usage usage;
	unsigned arena, arena_free;

	memory_usage(&usage);
	deposit_usage(&arena, &arena_free);
	print("memory      %8llu MiB\n", (unsigned long long)(usage.total_size >> 20));
	print("free        %8llu MiB, %llu MiB in one piece\n", (unsigned long long)(usage.free_size >> 20),
	      (unsigned long long)(usage.largest_free >> 20));
	print("to scrub    %8llu MiB\n", (unsigned long long)(scrub_pool_size() >> 20));
	print("heap        %8llu KiB\n", (unsigned long long)(usage.heap_size >> 10));
	print("deposits    %8u KiB of %u KiB set aside\n", (arena - arena_free) * 4, arena * 4);
}

static void print_disk(struct disk *d, void *count) {
	char line[DISKS_LINE_SIZE];

	disks_line(d, line);
	print("%s\n", line);
	++*(unsigned *)count;
}

static void disks(void) {
	unsigned count = 0;

	disks_for_each(print_disk, &count);
	if (count == 0)
		print("there is no disk\n");
}

static void volumes(void) {
	char line[VOLUME_LINE_SIZE];
	unsigned count = 0;

	for (; volume_registry_line(host_volumes(), count, line); count++)
		print("%s\n", line);
	if (count == 0)
		print("there is no disk, and no image is open\n");
}

static void counters(void) {
	struct hv_counters c;
	enum hv_status status = hypercall_get_counters(&c);

	if (status != HV_STATUS_SUCCESS) {
		print("the kernel refused: %s\n", hypercall_status_text(status));
		return;
	}
	print("exits %llu, to the parent %llu, hypercalls %llu, failed entries %llu\n",
	      (unsigned long long)c.cpus.exits, (unsigned long long)c.cpus.exits_to_parent,
	      (unsigned long long)c.cpus.hypercalls, (unsigned long long)c.cpus.failed_entries);
	print("interrupts: device %llu, unknown %llu, NMI %llu\n", (unsigned long long)c.cpus.interrupts_device,
	      (unsigned long long)c.cpus.interrupts_unknown, (unsigned long long)c.cpus.nmis);
	print("pages: deposited %llu, lent %llu; partitions %llu; log lines dropped %llu\n",
	      (unsigned long long)c.deposited_pages, (unsigned long long)c.lent_pages, (unsigned long long)c.partitions,
	      (unsigned long long)c.log_lines_dropped);
}

/* Why a rule of memory ownership is broken, for who reports it. */
static const char *rule_text(uint64_t rule) {
	static const char *const texts[] = {
	    [HV_FRAME_RULE_NONE] = "every rule holds",
	    [HV_FRAME_RULE_TYPE] = "a frame's type, flags or owner make no sense",
	    [HV_FRAME_RULE_OWNER_UNKNOWN] = "a frame belongs or is lent to a partition that is not there",
	    [HV_FRAME_RULE_LOAN_COUNT] = "a loan counts other mappings than the tables hold",
	    [HV_FRAME_RULE_CHILD_FOREIGN] = "a child's table reaches a frame that is not lent to it",
	    [HV_FRAME_RULE_PARENT_KERNEL] = "the parent's table reaches a frame of the kernel",
	    [HV_FRAME_RULE_PARENT_SHARED] = "a shared frame is not mapped in the parent as it should be",
	    [HV_FRAME_RULE_PARENT_IDENTITY] = "the parent's table maps an address to another one",
	    [HV_FRAME_RULE_PARENT_MISSING] = "a frame of the parent is not mapped there",
	    [HV_FRAME_RULE_TABLE_LINK] = "a table is not linked exactly once in its space",
	    [HV_FRAME_RULE_OVERLAY] = "an overlay is placed and not found, or found twice",
	    [HV_FRAME_RULE_POOL_LIST] = "a pool's queue of free frames is broken",
	    [HV_FRAME_RULE_POOL_COUNT] = "a pool's totals are not what the frame table holds",
	    [HV_FRAME_RULE_TABLE_COUNT] = "the frame table's totals are wrong",
	};

	return rule <= HV_FRAME_RULE_LAST && texts[rule] != NULL ? texts[rule] : "unknown rule";
}

static void check(void) {
	struct hv_check_invariants_out out;
	enum hv_status status = hypercall_check_invariants(&out);

	if (status != HV_STATUS_SUCCESS)
		print("the kernel refused: %s\n", hypercall_status_text(status));
	else if (out.violations == 0)
		print("%llu frames checked, no violation\n", (unsigned long long)out.frames_checked);
	else
		print("%llu frames checked, %llu violations, the first at frame 0x%llx: %s\n",
		      (unsigned long long)out.frames_checked, (unsigned long long)out.violations,
		      (unsigned long long)out.first_bad_frame, rule_text(out.first_bad_rule));
}

static void set_log_level(const char *name) {
	static const char *const names[] = {"error", "warning", "info", "debug"};

	for (unsigned i = 0; i < 4; i++) {
		if (strcmp(name, names[i]) == 0) {
			log_set_level((enum hv_log_level)i);
			return;
		}
	}
	print("'%s' is no level; error, warning, info and debug are\n", name);
}

static void crash(const char *how) {
	if (how[0] != '\0' && strcmp(how, "loop") != 0) {
		print("'crash %s' is not known; 'crash' and 'crash loop' are\n", how);
		return;
	}
	log_warning("the operator ends the parent");
	if (how[0] != '\0')
		parent_signal(0, EVENT_CRASH_LOOP);
	else
		__builtin_trap();
}

static void wait_for_output(void) {
	hv_reference_time_t end = time_now() + DRAIN_TIME;

	com2_view_pump();
	while (com2_view_has_output() && time_now() < end) {
		(void)hypercall_vp_wait(0, HV_SLOT_NONE, time_now() + DRAIN_INTERVAL);
		com2_view_pump();
	}
	/* What the port's FIFO holds is still on its way. */
	(void)hypercall_vp_wait(0, HV_SLOT_NONE, time_now() + DRAIN_INTERVAL);
}

static void end_host(bool is_restart) {
	static bool has_begun; /* the last VM's end may ask for the same */

	if (has_begun)
		return;
	has_begun = true;
	for (unsigned i = 0; i < VMS_MAX; i++) {
		struct vm *vm = vm_manager_at(i);

		/* One that has just ended by itself is torn down already. */
		if (vm != NULL && vm_manager_stop(vm, NULL) != ERR_NONE)
			continue;
	}
	wait_for_output();
	power_off(is_restart);
}

void operator_power_off(void) { end_host(false); }

static void create(const struct operator_command *command) {
	const char *from = command->second[0] != '\0' ? command->second : command->argument;
	struct err_text text;

	if (vm_manager_create(command->argument, from, &text) != ERR_NONE)
		print("%s\n", text.text);
}

/* The guest does it, or not; its end is a line in the log. */
static enum err ask_guest(struct vm *vm, bool is_reboot, struct err_text *text) {
	enum err error;

	spinlock_acquire(&vm->lock);
	error = vm_services_shutdown(vm, is_reboot, text);
	spinlock_release(&vm->lock);
	if (error == ERR_NONE)
		print("the guest is asked to %s\n", is_reboot ? "reboot" : "shut down");
	return error;
}

static void on_vm(const struct operator_command *command, struct vm *vm) {
	struct err_text text;
	enum err error = ERR_NONE;

	switch (command->action) {
	case OPERATOR_CONSOLE:
		com2_view_attach(vm, console_tail(&vm->console, ATTACH_TAIL));
		break;
	case OPERATOR_START:
		error = vm_manager_start(vm, &text);
		break;
	case OPERATOR_STOP:
		error = vm_manager_stop(vm, &text);
		if (error == ERR_NONE)
			operator_show_stopping(vm, print);
		break;
	case OPERATOR_SHUTDOWN:
		error = ask_guest(vm, false, &text);
		break;
	case OPERATOR_REBOOT:
		error = ask_guest(vm, true, &text);
		break;
	case OPERATOR_INFO:
		operator_info(vm, print);
		break;
	case OPERATOR_PAUSE:
		error = vm_manager_pause(vm, &text);
		break;
	case OPERATOR_RESUME:
		error = vm_manager_resume(vm, &text);
		break;
	case OPERATOR_RESET:
		error = vm_manager_reset(vm, &text);
		break;
	case OPERATOR_DELETE:
		error = vm_manager_delete(vm, &text);
		break;
	case OPERATOR_ATTACH:
		operator_attach(vm, command, print);
		break;
	case OPERATOR_DETACH:
		operator_detach(vm, command, print);
		break;
	case OPERATOR_NONE:
	case OPERATOR_HELP:
	case OPERATOR_LIST:
	case OPERATOR_MUX:
	case OPERATOR_LOG:
	case OPERATOR_DISKS:
	case OPERATOR_VOLUMES:
	case OPERATOR_MEMORY:
	case OPERATOR_COUNTERS:
	case OPERATOR_CHECK:
	case OPERATOR_CRASH:
	case OPERATOR_POWER_OFF:
	case OPERATOR_RESTART:
	case OPERATOR_CREATE:
		break;
	}
	if (error != ERR_NONE)
		print("%s\n", text.text);
}

static void run(const struct operator_command *command) {
	struct vm *vm;

	switch (command->action) {
	case OPERATOR_NONE:
		break;
	case OPERATOR_HELP:
		help();
		break;
	case OPERATOR_LIST:
		list();
		break;
	case OPERATOR_MUX:
		com2_view_mux();
		break;
	case OPERATOR_LOG:
		set_log_level(command->argument);
		break;
	case OPERATOR_DISKS:
		disks();
		break;
	case OPERATOR_VOLUMES:
		volumes();
		break;
	case OPERATOR_MEMORY:
		memory();
		break;
	case OPERATOR_COUNTERS:
		counters();
		break;
	case OPERATOR_CHECK:
		check();
		break;
	case OPERATOR_CRASH:
		crash(command->argument);
		break;
	case OPERATOR_POWER_OFF:
		operator_power_off();
		break;
	case OPERATOR_RESTART:
		end_host(true);
		break;
	case OPERATOR_CREATE:
		create(command);
		break;
	case OPERATOR_CONSOLE:
	case OPERATOR_START:
	case OPERATOR_STOP:
	case OPERATOR_SHUTDOWN:
	case OPERATOR_REBOOT:
	case OPERATOR_INFO:
	case OPERATOR_PAUSE:
	case OPERATOR_RESUME:
	case OPERATOR_RESET:
	case OPERATOR_DELETE:
	case OPERATOR_ATTACH:
	case OPERATOR_DETACH:
		vm = vm_manager_find(command->argument);
		if (vm == NULL)
			print("there is no VM '%s'; 'list' shows them\n", command->argument);
		else
			on_vm(command, vm);
		break;
	}
}

static void take_line(void) {
	struct operator_command command;
	struct err_text text;

	if (operator_parse(editor.text, &command, &text) != ERR_NONE)
		print("%s\n", text.text);
	else
		run(&command);
	if (com2_view_mode() == HOST_COM2_PROMPT)
		show_prompt();
}

static void take_byte(uint8_t byte) {
	struct line_echo echo;
	bool is_complete;

	if (byte == COM2_KEY_PROMPT) {
		com2_view_prompt();
		print("\n");
		show_prompt();
		return;
	}
	if (com2_view_mode() != HOST_COM2_PROMPT) {
		com2_view_pass_on(&byte, 1);
		return;
	}
	is_complete = line_editor_feed(&editor, byte, &echo);
	com2_view_print(echo.text, echo.size);
	if (is_complete)
		take_line();
}

void operator_service(void) {
	uint8_t byte;

	for (; com2_view_typed(&byte); com2_view_typed_done())
		take_byte(byte);
}

void operator_init(const struct host_config *host) {
	struct vm *vm;

	line_editor_reset(&editor);
	switch (host->com2) {
	case HOST_COM2_MUX:
		com2_view_mux();
		return;
	case HOST_COM2_ATTACH:
		vm = vm_manager_find(host->com2_vm);
		if (vm != NULL) {
			com2_view_attach(vm, 0);
			return;
		}
		log_warning("host.json: com2 names VM '%s', which does not exist", host->com2_vm);
		break;
	case HOST_COM2_PROMPT:
		break;
	}
	show_prompt();
}
