/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The table of transitions. */
#include <stdio.h>
#include "vmm/vm_state.h"

static const struct {
	enum vm_state from;
	enum vm_command command;
	enum vm_state to;
} ways[] = {
    {VM_CREATED, VM_START, VM_RUNNING},         {VM_STOPPED, VM_START, VM_RUNNING},
    {VM_CRASHED, VM_START, VM_RUNNING},         {VM_RUNNING, VM_PAUSE, VM_PAUSED},
    {VM_PAUSED, VM_RESUME, VM_RUNNING},         {VM_RUNNING, VM_END, VM_STOPPING},
    {VM_PAUSED, VM_END, VM_STOPPING},           {VM_STOPPING, VM_FINISH, VM_STOPPED},
    {VM_STOPPING, VM_FINISH_CRASH, VM_CRASHED},
};

const char *vm_state_name(enum vm_state state) {
	static const char *const names[] = {
	    [VM_CREATED] = "created",   [VM_RUNNING] = "running", [VM_PAUSED] = "paused",
	    [VM_STOPPING] = "stopping", [VM_STOPPED] = "stopped", [VM_CRASHED] = "crashed",
	};

	return names[state];
}

static const char *command_name(enum vm_command command) {
	static const char *const names[] = {
	    [VM_START] = "started", [VM_PAUSE] = "paused",     [VM_RESUME] = "resumed",
	    [VM_END] = "stopped",   [VM_FINISH] = "torn down", [VM_FINISH_CRASH] = "torn down",
	};

	return names[command];
}

enum err vm_state_change(enum vm_state *state, enum vm_command command, struct err_text *text) {
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ways[i].from == *state && ways[i].command == command) {
			*state = ways[i].to;
			return ERR_NONE;
		}
	}
	return err_set(text, ERR_STATE, "a VM that is %s cannot be %s", vm_state_name(*state), command_name(command));
}

bool vm_state_holds_resources(enum vm_state state) {
	return state == VM_RUNNING || state == VM_PAUSED || state == VM_STOPPING;
}

void vm_end_text(const struct vm_end_reason *reason, char text[VM_END_TEXT_SIZE]) {
	switch (reason->end) {
	case VM_END_POWER_OFF:
		snprintf(text, VM_END_TEXT_SIZE, "power off");
		break;
	case VM_END_RESET:
		snprintf(text, VM_END_TEXT_SIZE, "reset");
		break;
	case VM_END_DEBUG_EXIT:
		snprintf(text, VM_END_TEXT_SIZE, "debug exit %u", reason->status);
		break;
	case VM_END_STOPPED:
		snprintf(text, VM_END_TEXT_SIZE, "stopped");
		break;
	case VM_END_CRASH:
		snprintf(text, VM_END_TEXT_SIZE, "crash: %s", reason->crash.text);
		break;
	}
}
