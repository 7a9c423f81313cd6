/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The prompt's commands, as typed: one table of names, arguments and help. Pure. */
#pragma once

#include "config/vm_config.h"
#include "runtime/err.h"

enum operator_action {
	OPERATOR_NONE, /* an empty line */
	OPERATOR_HELP,
	OPERATOR_LIST,
	OPERATOR_CONSOLE,
	OPERATOR_MUX,
	OPERATOR_CREATE,
	OPERATOR_START,
	OPERATOR_STOP,
	OPERATOR_SHUTDOWN,
	OPERATOR_REBOOT,
	OPERATOR_INFO,
	OPERATOR_PAUSE,
	OPERATOR_RESUME,
	OPERATOR_RESET,
	OPERATOR_DELETE,
	OPERATOR_ATTACH,
	OPERATOR_DETACH,
	OPERATOR_LOG,
	OPERATOR_DISKS,
	OPERATOR_VOLUMES,
	OPERATOR_MEMORY,
	OPERATOR_COUNTERS,
	OPERATOR_CHECK,
	OPERATOR_CRASH,
	OPERATOR_POWER_OFF,
	OPERATOR_RESTART,
};

struct operator_command {
	enum operator_action action;
	char argument[VM_NAME_SIZE]; /* empty where none was given; the same below */
	char second[VM_NAME_SIZE];
	char third[VM_VOLUME_SIZE];
	char fourth[VM_NAME_SIZE];
};

/* ERR_NOT_FOUND for an unknown command, ERR_FORMAT for a missing or superfluous
 * argument; the sentence says what to type instead. */
ERR_CHECKED enum err operator_parse(const char *line, struct operator_command *command, struct err_text *text);

/* Line `index` of the help, without a line end; NULL past the last. */
const char *operator_help(unsigned index);
