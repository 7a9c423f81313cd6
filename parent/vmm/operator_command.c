/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Splits a line into command and argument. */
#include <stdbool.h>
#include <string.h>
#include "vmm/operator_command.h"

#define WORDS_MAX 4u

static const struct form {
	const char *name;
	enum operator_action action;
	unsigned least, most; /* words behind it */
	const char *help;
} commands[] = {
    {"help", OPERATOR_HELP, 0, 0, "help              this list"},
    {"list", OPERATOR_LIST, 0, 0, "list              the VMs and their states"},
    {"info", OPERATOR_INFO, 1, 1, "info NAME         a VM, its VMBus, and what its guest says of itself"},
    {"console", OPERATOR_CONSOLE, 1, 1, "console NAME      a VM's console; Ctrl-] comes back here"},
    {"mux", OPERATOR_MUX, 0, 0, "mux               all consoles, line by line; type NAME| text; Ctrl-] comes back"},
    {"create", OPERATOR_CREATE, 1, 2, "create NAME [FROM] make a VM from module vm/NAME.json, or like vm/FROM.json"},
    {"start", OPERATOR_START, 1, 1, "start NAME        start a VM"},
    {"stop", OPERATOR_STOP, 1, 1, "stop NAME         stop a VM at once"},
    {"shutdown", OPERATOR_SHUTDOWN, 1, 1, "shutdown NAME     ask a VM's guest to go off"},
    {"reboot", OPERATOR_REBOOT, 1, 1, "reboot NAME       ask it to reboot"},
    {"pause", OPERATOR_PAUSE, 1, 1, "pause NAME        hold a VM's processors"},
    {"resume", OPERATOR_RESUME, 1, 1, "resume NAME       let them go on"},
    {"reset", OPERATOR_RESET, 1, 1, "reset NAME        stop it and start it again"},
    {"delete", OPERATOR_DELETE, 1, 1, "delete NAME       forget a stopped VM"},
    {"attach", OPERATOR_ATTACH, 3, 4,
     "attach NAME LUN VOLUME [ACCESS] give a VM a disk, as in vm.json: label:data rw; also while it runs"},
    {"detach", OPERATOR_DETACH, 2, 2,
     "detach NAME LUN   take a VM's disk away; controller instead of LUN: the controller when it has none left"},
    {"log", OPERATOR_LOG, 1, 1, "log LEVEL         error, warning, info or debug: what the parent logs"},
    {"disks", OPERATOR_DISKS, 0, 0, "disks             the host's disks, their requests and failures"},
    {"volumes", OPERATOR_VOLUMES, 0, 0, "volumes           disks, partitions, open images, and who has them"},
    {"memory", OPERATOR_MEMORY, 0, 0, "memory            what is free and used"},
    {"counters", OPERATOR_COUNTERS, 0, 0, "counters          the kernel's counters"},
    {"check", OPERATOR_CHECK, 0, 0, "check             the kernel checks its invariants"},
    {"crash", OPERATOR_CRASH, 0, 1, "crash [loop]      the parent dies by a fault, or by silence"},
    {"poweroff", OPERATOR_POWER_OFF, 0, 0, "poweroff          stop all VMs and switch the host off"},
    {"restart", OPERATOR_RESTART, 0, 0, "restart           stop all VMs and start the host again"},
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

/* The next word of the line into `to`, which stays empty where there is none. */
static enum err take_word(const char **line, char *to, size_t to_size, struct err_text *text) {
	size_t length = word(line);

	if (length >= to_size)
		return err_set(text, ERR_FORMAT, "'%.20s...' is too long for a name", *line);
	memcpy(to, *line, length);
	to[length] = '\0';
	*line += length;
	return ERR_NONE;
}

static enum err parse_arguments(const char *line, const struct form *form, struct operator_command *command,
                                struct err_text *text) {
	static const char *const numbers[WORDS_MAX] = {"no words", "one word", "two words", "three words"};
	const struct {
		char *to;
		size_t size;
	} words[WORDS_MAX] = {
	    {command->argument, sizeof(command->argument)},
	    {command->second, sizeof(command->second)},
	    {command->third, sizeof(command->third)},
	    {command->fourth, sizeof(command->fourth)},
	};

	for (unsigned i = 0; i < form->most; i++) {
		enum err error = take_word(&line, words[i].to, words[i].size, text);

		if (error != ERR_NONE)
			return error;
		if (i < form->least && words[i].to[0] == '\0')
			return err_set(text, ERR_FORMAT, "'%s' needs %s behind it; 'help' shows which", form->name,
			               numbers[form->least]);
	}
	if (word(&line) != 0)
		return err_set(text, ERR_FORMAT, "too many words behind '%s'; see 'help'", form->name);
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
		return parse_arguments(at + length, &commands[i], command, text);
	}
	return err_set(text, ERR_NOT_FOUND, "there is no command '%.*s'; 'help' lists them",
	               (int)(length < 40 ? length : 40), at);
}
