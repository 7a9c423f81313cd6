/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Commands as an operator types them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/operator_command.h"

static struct operator_command command;
static struct err_text text;

static void commands_are_found_with_their_argument(void **state) {
	static const struct {
		const char *line;
		enum operator_action action;
		const char *argument;
	} rows[] = {
	    {"", OPERATOR_NONE, ""},
	    {"   ", OPERATOR_NONE, ""},
	    {"help", OPERATOR_HELP, ""},
	    {" list ", OPERATOR_LIST, ""},
	    {"console demo", OPERATOR_CONSOLE, "demo"},
	    {"start\tdemo  ", OPERATOR_START, "demo"},
	    {"stop demo", OPERATOR_STOP, "demo"},
	    {"shutdown demo", OPERATOR_SHUTDOWN, "demo"},
	    {"reboot demo", OPERATOR_REBOOT, "demo"},
	    {"info demo", OPERATOR_INFO, "demo"},
	    {"pause demo", OPERATOR_PAUSE, "demo"},
	    {"resume demo", OPERATOR_RESUME, "demo"},
	    {"delete demo", OPERATOR_DELETE, "demo"},
	    {"log debug", OPERATOR_LOG, "debug"},
	    {"disks", OPERATOR_DISKS, ""},
	    {"volumes", OPERATOR_VOLUMES, ""},
	    {"memory", OPERATOR_MEMORY, ""},
	    {"counters", OPERATOR_COUNTERS, ""},
	    {"check", OPERATOR_CHECK, ""},
	    {"crash", OPERATOR_CRASH, ""},
	    {"crash loop", OPERATOR_CRASH, "loop"},
	    {"mux", OPERATOR_MUX, ""},
	    {"poweroff", OPERATOR_POWER_OFF, ""},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(operator_parse(rows[i].line, &command, &text), ERR_NONE);
		assert_int_equal(command.action, rows[i].action);
		assert_string_equal(command.argument, rows[i].argument);
	}
}

static void an_unknown_command_is_named_and_so_is_help(void **state) {
	(void)state;
	assert_int_equal(operator_parse("lsit all", &command, &text), ERR_NOT_FOUND);
	assert_string_equal(text.text, "there is no command 'lsit'; 'help' lists them");
	assert_int_equal(operator_parse("helpme", &command, &text), ERR_NOT_FOUND);
	assert_int_equal(operator_parse("hel", &command, &text), ERR_NOT_FOUND);
}

static void missing_and_superfluous_words_are_refused(void **state) {
	char line[160] = "stop ";

	(void)state;
	assert_int_equal(operator_parse("start", &command, &text), ERR_FORMAT);
	assert_int_equal(operator_parse("start ", &command, &text), ERR_FORMAT);
	assert_int_equal(operator_parse("list all", &command, &text), ERR_FORMAT);
	assert_int_equal(operator_parse("stop a b", &command, &text), ERR_FORMAT);
	assert_int_equal(operator_parse("create", &command, &text), ERR_FORMAT);
	assert_int_equal(operator_parse("create a b c", &command, &text), ERR_FORMAT);
	memset(line + 5, 'a', 64);
	assert_int_equal(operator_parse(line, &command, &text), ERR_FORMAT);
	line[5 + 63] = '\0';
	assert_int_equal(operator_parse(line, &command, &text), ERR_NONE);
}

static void create_takes_one_name_or_two(void **state) {
	(void)state;
	assert_int_equal(operator_parse("create a", &command, &text), ERR_NONE);
	assert_int_equal(command.action, OPERATOR_CREATE);
	assert_string_equal(command.argument, "a");
	assert_string_equal(command.second, "");
	assert_int_equal(operator_parse("create  a  from-b ", &command, &text), ERR_NONE);
	assert_string_equal(command.argument, "a");
	assert_string_equal(command.second, "from-b");
}

static void attach_takes_what_a_disk_is(void **state) {
	(void)state;
	assert_int_equal(operator_parse("attach a 1 label:data", &command, &text), ERR_NONE);
	assert_int_equal(command.action, OPERATOR_ATTACH);
	assert_string_equal(command.argument, "a");
	assert_string_equal(command.second, "1");
	assert_string_equal(command.third, "label:data");
	assert_string_equal(command.fourth, "");
	assert_int_equal(operator_parse("attach a 1 label:data rw", &command, &text), ERR_NONE);
	assert_string_equal(command.fourth, "rw");
	assert_int_equal(operator_parse("attach a 1 label:data rw x", &command, &text), ERR_FORMAT);
	assert_int_equal(operator_parse("attach a 1", &command, &text), ERR_FORMAT);
	assert_string_equal(text.text, "'attach' needs three words behind it; 'help' shows which");
	assert_int_equal(operator_parse("detach a 1", &command, &text), ERR_NONE);
	assert_int_equal(command.action, OPERATOR_DETACH);
	assert_int_equal(operator_parse("detach a", &command, &text), ERR_FORMAT);
	assert_string_equal(text.text, "'detach' needs two words behind it; 'help' shows which");
	assert_int_equal(operator_parse("start", &command, &text), ERR_FORMAT);
	assert_string_equal(text.text, "'start' needs one word behind it; 'help' shows which");
}

static void every_command_stands_in_the_help(void **state) {
	unsigned count = 0;

	(void)state;
	for (; operator_help(count) != NULL; count++) {
		char name[32] = "";

		strncat(name, operator_help(count), strcspn(operator_help(count), " "));
		for (unsigned words = 0; operator_parse(name, &command, &text) != ERR_NONE; words++) {
			assert_true(words < 3);
			strcat(name, " x");
		}
	}
	assert_int_equal(count, 25);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commands_are_found_with_their_argument),
	    cmocka_unit_test(an_unknown_command_is_named_and_so_is_help),
	    cmocka_unit_test(missing_and_superfluous_words_are_refused),
	    cmocka_unit_test(create_takes_one_name_or_two),
	    cmocka_unit_test(attach_takes_what_a_disk_is),
	    cmocka_unit_test(every_command_stands_in_the_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
