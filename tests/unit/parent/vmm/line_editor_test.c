/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The prompt's line, key by key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/line_editor.h"

static struct line_editor e;
static char shown[2048];
static unsigned lines;

static int set_up(void **state) {
	(void)state;
	memset(&e, 0, sizeof(e));
	memset(shown, 0, sizeof(shown));
	lines = 0;
	return 0;
}

static void type(const char *keys) {
	for (; *keys != '\0'; keys++) {
		struct line_echo echo;

		if (lines > 0 && e.length > 0)
			line_editor_reset(&e);
		lines += line_editor_feed(&e, (uint8_t)*keys, &echo);
		strncat(shown, echo.text, echo.size);
	}
}

static void a_line_ends_with_either_enter(void **state) {
	(void)state;
	type("list\r");
	assert_int_equal(lines, 1);
	assert_string_equal(e.text, "list");
	assert_string_equal(shown, "list\n");
	type("help\n");
	assert_int_equal(lines, 2);
}

static void carriage_return_and_line_feed_are_one_enter(void **state) {
	(void)state;
	type("a\r\n");
	assert_int_equal(lines, 1);
	type("\n");
	assert_int_equal(lines, 2);
}

static void backspace_takes_one_and_kill_takes_all(void **state) {
	(void)state;
	type("ab\x7f");
	assert_string_equal(shown, "ab\b \b");
	type("\b\b");
	assert_int_equal(e.length, 0);
	assert_string_equal(shown, "ab\b \b\b \b");
	type("xyz\x15ok\r");
	assert_string_equal(e.text, "ok");
}

static void control_bytes_and_what_does_not_fit_are_ignored(void **state) {
	char many[300];

	(void)state;
	type("\x01\x1b\xc3");
	assert_int_equal(e.length, 0);
	memset(many, 'a', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	type(many);
	assert_int_equal(e.length, LINE_EDITOR_SIZE - 1);
	type("\r");
	assert_int_equal(strlen(e.text), LINE_EDITOR_SIZE - 1);
}

#define UP   "\x1b[A"
#define DOWN "\x1b[B"

static void enter(const char *text) {
	lines = 0;
	type(text);
	type("\r");
	line_editor_reset(&e);
	shown[0] = '\0';
}

static void the_arrows_bring_earlier_lines_back(void **state) {
	(void)state;
	enter("list");
	enter("start a");
	enter("start a"); /* remembered once */
	enter("");
	lines = 0;
	type("x" UP);
	assert_string_equal(shown, "x\b \bstart a");
	type(UP);
	assert_string_equal(shown, "x\b \bstart a\b \b\b \b\b \b\b \b\b \b\b \b\b \blist");
	type(UP);
	assert_int_equal(e.length, 4);
	type(DOWN "2\r");
	assert_string_equal(e.text, "start a2");
	line_editor_reset(&e);
	lines = 0;
	type("\x10\x10\x0e\x0e");
	assert_int_equal(e.length, 0);
}

static void only_the_last_lines_are_remembered(void **state) {
	(void)state;
	for (unsigned i = 0; i < 3 * LINE_EDITOR_HISTORY; i++)
		enter((const char[]){(char)('A' + i % 26), (char)('a' + i % 7), '\0'});
	lines = 0;
	for (unsigned i = 0; i < 2 * LINE_EDITOR_HISTORY; i++)
		type(UP);
	assert_int_equal(e.length, 2);
	assert_int_equal(e.text[0], 'A' + 2 * LINE_EDITOR_HISTORY % 26);
}

static void other_escape_sequences_leave_nothing_behind(void **state) {
	(void)state;
	type("a\x1b[3~\x1b[1;5C\x1bOPb\r");
	assert_string_equal(e.text, "ab");
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_line_ends_with_either_enter, set_up),
	    cmocka_unit_test_setup(carriage_return_and_line_feed_are_one_enter, set_up),
	    cmocka_unit_test_setup(backspace_takes_one_and_kill_takes_all, set_up),
	    cmocka_unit_test_setup(the_arrows_bring_earlier_lines_back, set_up),
	    cmocka_unit_test_setup(only_the_last_lines_are_remembered, set_up),
	    cmocka_unit_test_setup(other_escape_sequences_leave_nothing_behind, set_up),
	    cmocka_unit_test_setup(control_bytes_and_what_does_not_fit_are_ignored, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
