/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* loader.conf: what it says, and every way to write it wrong. */
#include "loader/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fault.h"

#include <hv_abi/call_args.h>

#define MINIMAL "kernel-svm=/k\nparent=/p\n"

static struct config config;
static uint32_t line;

static const char *parse(const char *text) { return config_parse(text, strlen(text), &config, &line); }

static void a_whole_file_is_understood(void **state) {
	(void)state;
	assert_sound(parse("# host\r\n"
	                   "\n"
	                   "log=warning\n"
	                   "  kernel-svm = /bulkhead/kernel-svm.elf \r\n"
	                   "kernel-vmx=/bulkhead/kernel-vmx.elf\n"
	                   "\tparent=/bulkhead/parent.elf\n"
	                   "module=vm/demo.json=/bulkhead/modules/vm/demo.json\n"
	                   "module=a=/b=c"));
	assert_string_equal(config.kernel_svm, "/bulkhead/kernel-svm.elf");
	assert_string_equal(config.kernel_vmx, "/bulkhead/kernel-vmx.elf");
	assert_string_equal(config.parent, "/bulkhead/parent.elf");
	assert_int_equal(config.log_level, HV_LOG_WARNING);
	assert_int_equal(config.module_count, 2);
	assert_string_equal(config.module[0].name, "vm/demo.json");
	assert_string_equal(config.module[0].path, "/bulkhead/modules/vm/demo.json");
	assert_string_equal(config.module[1].name, "a");
	assert_string_equal(config.module[1].path, "/b=c");
}

static void the_log_level_is_info_unless_given(void **state) {
	static const struct {
		const char *text;
		uint32_t level;
	} rows[] = {
	    {MINIMAL, HV_LOG_INFO},
	    {MINIMAL "log=error", HV_LOG_ERROR},
	    {MINIMAL "log=warning", HV_LOG_WARNING},
	    {MINIMAL "log=info", HV_LOG_INFO},
	    {MINIMAL "log=debug", HV_LOG_DEBUG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_sound(parse(rows[i].text));
		assert_int_equal(config.log_level, rows[i].level);
	}
}

static void each_mistake_is_named_with_its_line(void **state) {
	static const struct {
		const char *text;
		const char *words;
		uint32_t line;
	} rows[] = {
	    {"", "no line names the parent", 0},
	    {"kernel-svm=/k\n", "no line names the parent", 1},
	    {"parent=/p\n", "no line names a kernel", 1},
	    {MINIMAL "kernal-svm=/k\n", "the key is none of", 3},
	    {MINIMAL "\n# x\nparent\n", "not key=value", 5},
	    {MINIMAL "=x\n", "the key is none of", 3},
	    {MINIMAL "parent=/q\n", "the key is given a second time", 3},
	    {"parent=\n", "empty or too long", 1},
	    {"parent=p\n", "does not begin with /", 1},
	    {MINIMAL "log=loud\n", "the level is none of", 3},
	    {MINIMAL "log=\n", "the level is none of", 3},
	    {MINIMAL "module=a\n", "not written module=NAME=PATH", 3},
	    {MINIMAL "module==/a\n", "not written module=NAME=PATH", 3},
	    {MINIMAL "module=a=\n", "not written module=NAME=PATH", 3},
	    {MINIMAL "module=a=b\n", "does not begin with /", 3},
	    {MINIMAL "module=a=/a\nmodule=a=/b\n", "the module's name is given a second time", 4},
	    {MINIMAL "log=info\x7f\n", "not printable", 3},
	    {MINIMAL "# caf\xc3\xa9\n", "not printable", 3},
	    {MINIMAL "log=info\r\r\n", "not printable", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_fault(parse(rows[i].text), rows[i].words);
		assert_int_equal(line, rows[i].line);
	}
}

static void a_zero_byte_does_not_end_the_file(void **state) {
	static const char text[] = MINIMAL "\0log=nonsense\n";

	(void)state;
	assert_fault(config_parse(text, sizeof(text) - 1, &config, &line), "not printable");
	assert_int_equal(line, 3);
}

static void a_path_may_fill_its_space_and_no_more(void **state) {
	char text[400] = "kernel-svm=/k\nparent=/";
	size_t start = strlen(text);

	(void)state;
	memset(text + start, 'x', CONFIG_PATH_SIZE - 2);
	assert_sound(parse(text));
	assert_int_equal(strlen(config.parent), CONFIG_PATH_SIZE - 1);
	text[start + CONFIG_PATH_SIZE - 2] = 'x';
	assert_fault(parse(text), "empty or too long");
	assert_int_equal(line, 2);
}

static void a_module_name_may_fill_its_space_and_no_more(void **state) {
	char name[HV_BOOT_NAME_SIZE + 1] = {0};
	char text[400];

	(void)state;
	memset(name, 'n', HV_BOOT_NAME_SIZE - 1);
	snprintf(text, sizeof(text), MINIMAL "module=%s=/m\n", name);
	assert_sound(parse(text));
	name[HV_BOOT_NAME_SIZE - 1] = 'n';
	snprintf(text, sizeof(text), MINIMAL "module=%s=/m\n", name);
	assert_fault(parse(text), "empty or too long");
}

static void one_module_too_many_is_refused(void **state) {
	static char text[HV_BOOT_MAX_MODULES * 32 + 100];
	int length = snprintf(text, sizeof(text), MINIMAL);

	(void)state;
	for (unsigned i = 0; i < HV_BOOT_MAX_MODULES; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, "module=m%u=/m\n", i);
	assert_sound(parse(text));
	assert_int_equal(config.module_count, HV_BOOT_MAX_MODULES);
	snprintf(text + length, sizeof(text) - (size_t)length, "module=last=/m\n");
	assert_fault(parse(text), "more than 96 modules");
	assert_int_equal(line, HV_BOOT_MAX_MODULES + 3);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_file_is_understood),
	    cmocka_unit_test(the_log_level_is_info_unless_given),
	    cmocka_unit_test(each_mistake_is_named_with_its_line),
	    cmocka_unit_test(a_zero_byte_does_not_end_the_file),
	    cmocka_unit_test(a_path_may_fill_its_space_and_no_more),
	    cmocka_unit_test(a_module_name_may_fill_its_space_and_no_more),
	    cmocka_unit_test(one_module_too_many_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
