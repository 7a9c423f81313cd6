/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Splits a line into command and argument. */
#include <stdbool.h>
#include <string.h>
#include "vmm/operator_command.h"

/* How many words a command takes. */
enum argument { NO_ARGUMENT, MAY_ARGUMENT, NEEDS_ARGUMENT, NEEDS_ONE_MAY_TWO };

static const struct {
	const char *name;
	enum operator_action action;
	enum argument argument;
	const char *help;
} commands[] = {
    {"help", OPERATOR_HELP, NO_ARGUMENT, "help              this list"},
    {"list", OPERATOR_LIST, NO_ARGUMENT, "list              the VMs and their states"},
    {"info", OPERATOR_INFO, NEEDS_ARGUMENT, "info NAME         a VM, its VMBus, and what its guest says of itself"},
    {"console", OPERATOR_CONSOLE, NEEDS_ARGUMENT, "console NAME      a VM's console; Ctrl-] comes back here"},
    {"mux", OPERATOR_MUX, NO_ARGUMENT,
     "mux               all consoles, line by line; type NAME| text; Ctrl-] comes back"},
    {"create", OPERATOR_CREATE, NEEDS_ONE_MAY_TWO,
     "create NAME [FROM] make a VM from module vm/NAME.json, or like vm/FROM.json"},
    {"start", OPERATOR_START, NEEDS_ARGUMENT, "start NAME        start a VM"},
    {"stop", OPERATOR_STOP, NEEDS_ARGUMENT, "stop NAME         stop a VM at once"},
    {"shutdown", OPERATOR_SHUTDOWN, NEEDS_ARGUMENT, "shutdown NAME     ask a VM's guest to go off"},
    {"reboot", OPERATOR_REBOOT, NEEDS_ARGUMENT, "reboot NAME       ask it to reboot"},
    {"pause", OPERATOR_PAUSE, NEEDS_ARGUMENT, "pause NAME        hold a VM's processors"},
    {"resume", OPERATOR_RESUME, NEEDS_ARGUMENT, "resume NAME       let them go on"},
    {"reset", OPERATOR_RESET, NEEDS_ARGUMENT, "reset NAME        stop it and start it again"},
    {"delete", OPERATOR_DELETE, NEEDS_ARGUMENT, "delete NAME       forget a stopped VM"},
    {"log", OPERATOR_LOG, NEEDS_ARGUMENT, "log LEVEL         error, warning, info or debug: what the parent logs"},
    {"disks", OPERATOR_DISKS, NO_ARGUMENT, "disks             the host's disks, their requests and failures"},
    {"volumes", OPERATOR_VOLUMES, NO_ARGUMENT, "volumes           disks, partitions, open images, and who has them"},
    {"memory", OPERATOR_MEMORY, NO_ARGUMENT, "memory            what is free and used"},
    {"counters", OPERATOR_COUNTERS, NO_ARGUMENT, "counters          the kernel's counters"},
    {"check", OPERATOR_CHECK, NO_ARGUMENT, "check             the kernel checks its invariants"},
    {"crash", OPERATOR_CRASH, MAY_ARGUMENT, "crash [loop]      the parent dies by a fault, or by silence"},
    {"poweroff", OPERATOR_POWER_OFF, NO_ARGUMENT, "poweroff          stop all VMs and switch the host off"},
    {"restart", OPERATOR_RESTART, NO_ARGUMENT, "restart           stop all VMs and start the host again"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const char *operator_help(unsigned index) { return index < COMMAND_COUNT ? commands[index].help : NULL; }

/* The next word of the line; its length, 0 at the end. */
static size_t word(const char **line) {
	*line += strspn(*line, " \t");
	return strcspn(*line, " \t");
}

static bool is_name(const char *name, const char *at, size_t length) {
	return strlen(name) == length && memcmp(name, at, length) == 0;
}

/* The next word of the line into `name`, which stays empty where there is none. */
static enum err take_word(const char **line, char name[VM_NAME_SIZE], struct err_text *text) {
	size_t length = word(line);

	if (length >= VM_NAME_SIZE)
		return err_set(text, ERR_FORMAT, "'%.20s...' is too long for a name", *line);
	memcpy(name, *line, length);
	name[length] = '\0';
	*line += length;
	return ERR_NONE;
}

static enum err parse_arguments(const char *line, enum argument argument, const char *name,
                                struct operator_command *command, struct err_text *text) {
	enum err error = ERR_NONE;

	if (argument != NO_ARGUMENT)
		error = take_word(&line, command->argument, text);
	if (error == ERR_NONE && argument == NEEDS_ONE_MAY_TWO)
		error = take_word(&line, command->second, text);
	if (error != ERR_NONE)
		return error;
	if (argument >= NEEDS_ARGUMENT && command->argument[0] == '\0')
		return err_set(text, ERR_FORMAT, "'%s' needs one word behind it; 'help' shows which", name);
	if (word(&line) != 0)
		return err_set(text, ERR_FORMAT, "too many words behind '%s'; see 'help'", name);
	return ERR_NONE;
}

enum err operator_parse(const char *line, struct operator_command *command, struct err_text *text) {
	const char *at = line;
	size_t length = word(&at);

	memset(command, 0, sizeof(*command));
	if (length == 0)
		return ERR_NONE;
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		if (!is_name(commands[i].name, at, length))
			continue;
		command->action = commands[i].action;
		return parse_arguments(at + length, commands[i].argument, commands[i].name, command, text);
	}
	return err_set(text, ERR_NOT_FOUND, "there is no command '%.*s'; 'help' lists them",
	               (int)(length < 40 ? length : 40), at);
}
