/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The states of a VM and the only ways between them. Pure.
 *
 *   created --start--> running <--pause, resume--> paused
 *   running, paused --end--> stopping --finish--> stopped
 *                                     --finish_crash--> crashed
 *   stopped, crashed --start--> running
 *
 * A VM holds a partition and memory in running, paused and stopping only, so
 * created, stopped and crashed are the states in which it may be deleted.
 */
#pragma once

#include <stdbool.h>
#include "runtime/err.h"

enum vm_state {
	VM_CREATED,
	VM_RUNNING,
	VM_PAUSED,
	VM_STOPPING, /* ended; the manager has not given its resources back yet */
	VM_STOPPED,
	VM_CRASHED,
};

enum vm_command {
	VM_START,
	VM_PAUSE,
	VM_RESUME,
	VM_END,
	VM_FINISH,
	VM_FINISH_CRASH,
};

/* "running" and so on. */
const char *vm_state_name(enum vm_state state);

/* The state after the command, in *state. ERR_STATE, a sentence that names both,
 * and *state unchanged if there is no such way. */
ERR_CHECKED enum err vm_state_change(enum vm_state *state, enum vm_command command, struct err_text *text);

bool vm_state_holds_resources(enum vm_state state);

/* Why a VM ended. */
enum vm_end {
	VM_END_POWER_OFF,
	VM_END_RESET,
	VM_END_DEBUG_EXIT, /* with a status */
	VM_END_STOPPED,    /* by the operator */
	VM_END_CRASH,      /* with a sentence */
};

struct vm_end_reason {
	enum vm_end end;
	unsigned status;
	struct err_text crash;
};

/* "power off", "debug exit 33", "crash: TEXT", ...: the words of the log line
 * "vm NAME ended: REASON". `text` holds at least 200 characters. */
#define VM_END_TEXT_SIZE 200u
void vm_end_text(const struct vm_end_reason *reason, char text[VM_END_TEXT_SIZE]);
