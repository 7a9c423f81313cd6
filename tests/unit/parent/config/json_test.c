/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The JSON grammar, where the tokenizer below it is more forgiving. */
#include "config/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct json tree;
static struct err_text text;

/* In a buffer of exactly its size, so that ASan sees a byte too many read. */
static enum err parse(const char *json, size_t size) {
	static char *copy;

	free(copy);
	copy = malloc(size > 0 ? size : 1);
	assert_non_null(copy);
	memcpy(copy, json, size);
	return json_parse(copy, size, &tree, &text);
}

static void well_formed_texts_are_taken(void **state) {
	static const char *const texts[] = {
	    "{}",
	    "[]",
	    " \t\r\n{ \"a\" : 1 , \"b\" : [ true , false , null ] } \n",
	    "{\"a\":{\"b\":{}},\"c\":[[],[{}]]}",
	    "[0,-0,10,-1.5,1e5,1E+05,2.25e-7]",
	    "{\"\":\"\\u0041\\n\\\"\\\\\\/\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (parse(texts[i], strlen(texts[i])) != ERR_NONE)
			fail_msg("%s: %s", texts[i], text.text);
	}
}

static void malformed_texts_are_refused(void **state) {
	static const char *const texts[] = {
	    "",
	    " ",
	    "{",
	    "}",
	    "[1",
	    "{\"a\"",
	    "{\"a\":",
	    "{\"a\":1",
	    "{\"a\" 1}",
	    "{\"a\":1,}",
	    "{,\"a\":1}",
	    "{\"a\":1,,\"b\":2}",
	    "{\"a\":1 \"b\":2}",
	    "{\"a\":1:2}",
	    "{\"a\":\"b\":2}",
	    "{\"a\":{}:1}",
	    "{\"a\"}",
	    "{1:2}",
	    "{\"a\":1]",
	    "[1,]",
	    "[,1]",
	    "[1 2]",
	    "[\"a\":1]",
	    "{\"a\":1} x",
	    "{\"a\":1}{}",
	    "{\"a\":1}}",
	    "{}[]",
	    "\"a\" \"b\"",
	    "{\"a\":truefalse}",
	    "{\"a\":tru}",
	    "{\"a\":nul}",
	    "{\"a\":01}",
	    "{\"a\":1.}",
	    "{\"a\":.5}",
	    "{\"a\":-}",
	    "{\"a\":1e}",
	    "{\"a\":1e+}",
	    "{\"a\":0x10}",
	    "{\"a\":+1}",
	    "{\"a\":'b'}",
	    "{a:1}",
	    "{\"a\":\"\\x\"}",
	    "{\"a\":\"\\u12g4\"}",
	    "{\"a\":\"b}",
	    "// comment\n{}",
	    "\xef\xbb\xbf{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (parse(texts[i], strlen(texts[i])) != ERR_FORMAT)
			fail_msg("'%s' was taken", texts[i]);
		assert_non_null(strstr(text.text, "not JSON"));
	}
}

static void a_zero_byte_ends_no_text(void **state) {
	(void)state;
	assert_int_equal(parse("{\"a\":1}\0", 8), ERR_FORMAT);
	assert_int_equal(parse("{\"a\":1}\0{}", 10), ERR_FORMAT);
	assert_int_equal(parse("{\"a\0\":1}", 8), ERR_FORMAT);
}

static void the_tree_links_each_value_to_the_next(void **state) {
	const char *json = "{\"a\":[1,{\"b\":2}],\"c\":3}";

	(void)state;
	assert_int_equal(parse(json, strlen(json)), ERR_NONE);
	assert_int_equal(tree.count, 9);
	assert_int_equal(tree.node[0].child_count, 2);
	assert_int_equal(tree.node[0].next, 9);
	assert_int_equal(tree.node[2].type, JSON_ARRAY);
	assert_int_equal(tree.node[2].child_count, 2);
	assert_int_equal(tree.node[2].next, 7);
	assert_int_equal(tree.node[4].next, 7);
	assert_int_equal(tree.node[8].type, JSON_NUMBER);
}

static void nesting_values_and_length_have_limits(void **state) {
	static char big[JSON_SIZE_MAX + 1];

	(void)state;
	assert_int_equal(parse("[[[[[[[[]]]]]]]]", 16), ERR_NONE);
	assert_int_equal(parse("[[[[[[[[[]]]]]]]]]", 18), ERR_UNSUPPORTED);
	memset(big, ' ', sizeof(big));
	memcpy(big, "{}", 2);
	assert_int_equal(parse(big, JSON_SIZE_MAX), ERR_NONE);
	assert_int_equal(parse(big, sizeof(big)), ERR_UNSUPPORTED);
	big[0] = '[';
	for (unsigned i = 0; i < JSON_VALUES_MAX; i++)
		memcpy(big + 1 + 2 * i, "1,", 2);
	big[2 * JSON_VALUES_MAX - 2] = ']';
	assert_int_equal(parse(big, 2 * JSON_VALUES_MAX - 1), ERR_NONE); /* 95 and the array */
	big[2 * JSON_VALUES_MAX - 2] = ',';
	big[2 * JSON_VALUES_MAX] = ']';
	assert_int_equal(parse(big, 2 * JSON_VALUES_MAX + 1), ERR_UNSUPPORTED);
}

static void strings_are_decoded_and_hold_printable_ascii_only(void **state) {
	static const char *const bad[] = {"\"\\n\"",     "\"\\u0000\"", "\"\\u00e9\"", "\"\xc3\xa9\"",
	                                  "\"\\u0141\"", "\"a\tb\"",    "\"\\b\"",     "\"\x7f\""};
	struct json_value root = {&tree, 0, "k"};
	const char *json = "\"a\\u0042\\t\\\"\\\\\\/ ~\"";
	char out[16];

	(void)state;
	assert_int_equal(parse(json, strlen(json)), ERR_NONE);
	assert_int_equal(json_read_string(&root, out, sizeof(out), 0, &text), ERR_NONE);
	assert_string_equal(out, "aB\t\"\\/ ~");
	assert_int_equal(json_read_string(&root, out, 9, 8, &text), ERR_NONE);
	assert_int_equal(json_read_string(&root, out, 8, 0, &text), ERR_RANGE);
	assert_int_equal(json_read_string(&root, out, 16, 9, &text), ERR_RANGE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i], strlen(bad[i])), ERR_NONE);
		assert_int_equal(json_read_string(&root, out, sizeof(out), 0, &text), ERR_RANGE);
		for (const char *p = text.text; *p != '\0'; p++)
			assert_in_range(*p, ' ', '~');
	}
}

static void numbers_are_whole_and_in_range(void **state) {
	static const char *const bad[] = {
	    "[0]", "[4]", "[-1]", "[1.0]", "[1e0]", "[18446744073709551617]", "[1000000000000000001]"};
	struct json_value element = {&tree, 1, "k"};
	uint64_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i], strlen(bad[i])), ERR_NONE);
		assert_int_equal(json_read_number(&element, 1, 3, &n, &text), ERR_RANGE);
		assert_memory_equal(text.text + strlen("\"k\" is "), bad[i] + 1, strlen(bad[i]) - 2);
		assert_int_equal(n, 7);
	}
	assert_int_equal(parse("[3]", 3), ERR_NONE);
	assert_int_equal(json_read_number(&element, 1, 3, &n, &text), ERR_NONE);
	assert_int_equal(n, 3);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(well_formed_texts_are_taken),
	    cmocka_unit_test(malformed_texts_are_refused),
	    cmocka_unit_test(a_zero_byte_ends_no_text),
	    cmocka_unit_test(the_tree_links_each_value_to_the_next),
	    cmocka_unit_test(nesting_values_and_length_have_limits),
	    cmocka_unit_test(strings_are_decoded_and_hold_printable_ascii_only),
	    cmocka_unit_test(numbers_are_whole_and_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
