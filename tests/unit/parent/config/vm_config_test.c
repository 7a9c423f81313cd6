/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* vm.json: what is taken, and what every refusal says. */
#include "config/vm_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct vm_config config;
static struct err_text text;

static enum err parse(const char *json) { return vm_config_parse(json, strlen(json), &config, &text); }

#define NAME   "{\"memory\":64,\"boot\":{\"kernel\":\"k\"},\"name\":"
#define MEMORY "{\"name\":\"a\",\"boot\":{\"kernel\":\"k\"},\"memory\":"
#define BASE   "{\"name\":\"a\",\"memory\":64,\"boot\":{\"kernel\":\"k\"},"
#define BOOT   "{\"name\":\"a\",\"memory\":64,\"boot\":{\"kernel\":\"k\","
#define KERNEL "{\"name\":\"a\",\"memory\":64,\"boot\":{\"kernel\":"
#define DISK   BASE "\"disks\":[{"
#define A64    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void a_full_configuration_is_read(void **state) {
	(void)state;
	assert_int_equal(
	    parse("{\"name\":\"demo\",\"cpus\":2,\"memory\":\"256M\",\"cpu_level\":\"x86-64-v2\","
	          "\"enlightenments\":\"basic\","
	          "\"boot\":{\"kernel\":\"debian12/vmlinuz\",\"initrd\":\"initramfs.gz\","
	          "\"modules\":[\"x\",\"y/z\"],\"cmdline\":\"console=ttyS0 a=\\\"b\\\"\"},"
	          "\"devices\":{\"debug_exit\":true,\"fw_cfg\":true,\"vmbus\":false},\"autostart\":true,\"on_"
	          "reset\":\"stop\"}"),
	    ERR_NONE);
	assert_string_equal(config.name, "demo");
	assert_int_equal(config.cpus, 2);
	assert_int_equal(config.memory_size, 256ull << 20);
	assert_int_equal(config.cpu_level, CPU_LEVEL_X86_64_V2);
	assert_int_equal(config.enlightenments, VM_ENLIGHTENMENTS_BASIC);
	assert_string_equal(config.kernel, "debian12/vmlinuz");
	assert_string_equal(config.initrd, "initramfs.gz");
	assert_int_equal(config.module_count, 2);
	assert_string_equal(config.module[0], "x");
	assert_string_equal(config.module[1], "y/z");
	assert_string_equal(config.cmdline, "console=ttyS0 a=\"b\"");
	assert_true(config.has_debug_exit && config.has_fw_cfg && config.is_autostarted);
	assert_false(config.has_vmbus);
	assert_false(config.restarts_on_reset);
}

static void what_is_not_named_has_its_default(void **state) {
	(void)state;
	memset(&config, 0xff, sizeof(config));
	assert_int_equal(parse("{\"boot\":{\"kernel\":\"k\"},\"memory\":64,\"name\":\"a\"}"), ERR_NONE);
	assert_int_equal(config.cpus, 1);
	assert_int_equal(config.cpu_level, CPU_LEVEL_HOST);
	assert_int_equal(config.enlightenments, VM_ENLIGHTENMENTS_FULL);
	assert_string_equal(config.initrd, "");
	assert_string_equal(config.cmdline, "");
	assert_int_equal(config.module_count, 0);
	assert_false(config.has_debug_exit || config.has_fw_cfg || config.is_autostarted);
	assert_true(config.has_vmbus);
	assert_true(config.restarts_on_reset);
}

static void disks_are_read_in_their_order(void **state) {
	(void)state;
	assert_int_equal(parse("{\"name\":\"a\",\"memory\":64,\"boot\":{\"kernel\":\"k\"},\"disks\":["
	                       "{\"volume\":\"label:root\",\"access\":\"rw\"},"
	                       "{\"volume\":\"image:a/b.img\",\"access\":\"cow\",\"cow_memory\":\"1G\"},"
	                       "{\"volume\":\"image:a.iso\",\"cdrom\":true,\"removable\":true},"
	                       "{\"volume\":\"image:c\",\"access\":\"cow\"}]}"),
	                 ERR_NONE);
	assert_int_equal(config.disk_count, 4);
	assert_string_equal(config.disk[0].volume, "label:root");
	assert_int_equal(config.disk[0].access, VOLUME_READ_WRITE);
	assert_false(config.disk[0].is_cdrom || config.disk[0].is_removable);
	assert_int_equal(config.disk[1].access, VOLUME_COPY_ON_WRITE);
	assert_int_equal(config.disk[1].copy_size, 1u << 30);
	assert_int_equal(config.disk[2].access, VOLUME_READ_ONLY);
	assert_true(config.disk[2].is_cdrom && config.disk[2].is_removable);
	assert_int_equal(config.disk[3].copy_size, 64u << 20);
}

static void eight_full_disks_fit(void **state) {
	static char json[4096];
	size_t n = (size_t)snprintf(json, sizeof(json), "%s", BASE "\"disks\":[");

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		n += (size_t)snprintf(json + n, sizeof(json) - n,
		                      "%s{\"volume\":\"image:%u\",\"access\":\"cow\",\"cow_memory\":2,"
		                      "\"removable\":false,\"cdrom\":false}",
		                      i > 0 ? "," : "", i);
	strcpy(json + n, "]}");
	assert_int_equal(parse(json), ERR_NONE);
	assert_int_equal(config.disk_count, 8);
	assert_string_equal(config.disk[7].volume, "image:7");
}

static void memory_is_a_number_of_mib_or_text_with_a_unit(void **state) {
	static const struct {
		const char *json;
		uint64_t mib;
	} good[] = {{"4", 4},         {"256", 256},           {"\"4M\"", 4},       {"\"2G\"", 2048},
	            {"\"3G\"", 3072}, {"\"1024G\"", 1 << 20}, {"1048576", 1 << 20}};
	char json[128];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(json, sizeof(json), "{\"name\":\"a\",\"memory\":%s,\"boot\":{\"kernel\":\"k\"}}",
		               good[i].json);
		assert_int_equal(parse(json), ERR_NONE);
		assert_int_equal(config.memory_size, good[i].mib << 20);
	}
}

/* A key's value in an otherwise good file, and what the refusal must say. */
struct flaw {
	const char *before; /* text of the file up to the value */
	const char *value;
	const char *after;
	enum err error;
	const char *words[2];
};

static const struct flaw flaws[] = {
    {NAME, "\"\"", "}", ERR_RANGE, {"\"name\" is \"\"", "a-z"}},
    {NAME, "\"Demo\"", "}", ERR_RANGE, {"\"name\" is \"Demo\"", "a-z"}},
    {NAME, "\"a_b\"", "}", ERR_RANGE, {"\"a_b\"", "a-z"}},
    {NAME, "\"" A64 "\"", "}", ERR_RANGE, {"aaa...\"", "1 to 63"}},
    {NAME, "5", "}", ERR_FORMAT, {"\"name\" is 5", "a string"}},
    {MEMORY, "\"256\"", "}", ERR_RANGE, {"\"memory\" is \"256\"", "MiB"}},
    {MEMORY, "\"256K\"", "}", ERR_RANGE, {"\"256K\"", "\"256M\""}},
    {MEMORY, "\"M\"", "}", ERR_RANGE, {"\"M\"", "MiB"}},
    {MEMORY, "\"256MB\"", "}", ERR_RANGE, {"\"256MB\"", "MiB"}},
    {MEMORY, "\"-1G\"", "}", ERR_RANGE, {"\"-1G\"", "MiB"}},
    {MEMORY, "\"99999999G\"", "}", ERR_RANGE, {"99999999G", "MiB"}},
    {MEMORY, "\"18446744073709551616M\"", "}", ERR_RANGE, {"18446744073709551616M", "MiB"}},
    {MEMORY, "2", "}", ERR_RANGE, {"\"memory\" is 2", "MiB"}},
    {MEMORY, "65", "}", ERR_RANGE, {"\"memory\" is 65", "even"}},
    {MEMORY, "1048578", "}", ERR_RANGE, {"1048578", "1048576"}},
    {MEMORY, "64.5", "}", ERR_RANGE, {"64.5", "MiB"}},
    {MEMORY, "true", "}", ERR_RANGE, {"true", "MiB"}},
    {BASE "\"cpus\":", "0", "}", ERR_RANGE, {"\"cpus\" is 0", "1 to 64"}},
    {BASE "\"cpus\":", "65", "}", ERR_RANGE, {"\"cpus\" is 65", "1 to 64"}},
    {BASE "\"cpus\":", "\"2\"", "}", ERR_FORMAT, {"\"cpus\" is \"2\"", "1 to 64"}},
    {BASE "\"cpu_level\":", "\"v9\"", "}", ERR_RANGE, {"\"v9\"", "\"x86-64-v2\""}},
    {BASE "\"enlightenments\":", "\"none\"", "}", ERR_RANGE, {"\"none\"", "\"basic\" or \"full\""}},
    {BASE "\"enlightenments\":", "true", "}", ERR_RANGE, {"\"enlightenments\" is true", "\"full\""}},
    {BASE "\"cpu_level\":", "3", "}", ERR_RANGE, {"\"cpu_level\" is 3", "\"host\""}},
    {BASE "\"on_reset\":", "\"boot\"", "}", ERR_RANGE, {"\"on_reset\" is \"boot\"", "\"restart\" or \"stop\""}},
    {BASE "\"autostart\":", "1", "}", ERR_FORMAT, {"\"autostart\" is 1", "true or false"}},
    {BASE "\"devices\":", "[]", "}", ERR_FORMAT, {"\"devices\" is []", "an object"}},
    {BASE "\"devices\":{\"fw_cfg\":", "\"yes\"", "}}", ERR_FORMAT, {"\"devices.fw_cfg\" is \"yes\"", "true or false"}},
    {BASE "\"devices\":{\"debug_exit\":",
     "null",
     "}}",
     ERR_FORMAT,
     {"\"devices.debug_exit\" is null", "true or false"}},
    {BASE "\"devices\":{\"tpm\":",
     "true",
     "}}",
     ERR_FORMAT,
     {"\"devices.tpm\" is no known key", "debug_exit, fw_cfg, vmbus"}},
    {DISK, "", "}]}", ERR_NOT_FOUND, {"\"disks[0].volume\" is missing", ""}},
    {DISK "\"volume\":", "\"root\"", "}]}", ERR_RANGE, {"\"disks[0].volume\" is \"root\"", "\"label:\""}},
    {DISK "\"volume\":", "\"disk:\"", "}]}", ERR_RANGE, {"\"disk:\"", "a name"}},
    {DISK "\"volume\":", "7", "}]}", ERR_FORMAT, {"\"disks[0].volume\" is 7", "string"}},
    {DISK "\"volume\":\"disk:a\",\"access\":", "\"w\"", "}]}", ERR_RANGE, {"\"w\"", "\"ro\", \"rw\" or \"cow\""}},
    {DISK "\"volume\":\"disk:a\",\"access\":", "\"cow\"", "}]}", ERR_RANGE, {"\"disks[0].access\"", "images only"}},
    {DISK "\"access\":\"rw\",\"volume\":", "\"image:a\"", "}]}", ERR_RANGE, {"\"disks[0].access\" is \"rw\"", "image"}},
    {DISK "\"volume\":\"disk:a\",\"access\":\"rw\",\"cdrom\":", "true", "}]}", ERR_RANGE, {"\"ro\" for a CD-ROM", ""}},
    {DISK "\"volume\":\"image:a\",\"cow_memory\":", "8", "}]}", ERR_RANGE, {"\"disks[0].cow_memory\"", "\"cow\" only"}},
    {DISK "\"cow_memory\":", "0", "}]}", ERR_RANGE, {"\"disks[0].cow_memory\" is 0", "MiB"}},
    {DISK "\"cow_memory\":", "\"8K\"", "}]}", ERR_RANGE, {"\"8K\"", "MiB"}},
    {DISK "\"removable\":", "1", "}]}", ERR_FORMAT, {"\"disks[0].removable\" is 1", "true or false"}},
    {DISK "\"size\":", "1", "}]}", ERR_FORMAT, {"\"disks[0].size\" is no known key", "volume, access"}},
    {BASE "\"disks\":[{\"volume\":\"disk:a\"},", "5", "]}", ERR_FORMAT, {"\"disks[1]\" is 5", "an object"}},
    {BASE "\"disks\":", "{}", "}", ERR_RANGE, {"\"disks\" is {}", "up to 8 disks"}},
    {BASE "\"disks\":", "[0,0,0,0,0,0,0,0,0]", "}", ERR_RANGE, {"\"disks\"", "up to 8 disks"}},
    {BASE "\"cpu\":", "1", "}", ERR_FORMAT, {"\"cpu\" is no known key", "name, cpus, memory"}},
    {BASE "\"name\":", "\"b\"", "}", ERR_FORMAT, {"\"name\" is given twice", ""}},
    {BOOT "\"kernel\":", "\"l\"", "}}", ERR_FORMAT, {"\"boot.kernel\" is given twice", ""}},
    {BOOT "\"args\":", "\"\"", "}}", ERR_FORMAT, {"\"boot.args\" is no known key", "kernel, initrd, modules, cmdline"}},
    {BOOT "\"initrd\":", "false", "}}", ERR_FORMAT, {"\"boot.initrd\" is false", "string"}},
    {BOOT "\"cmdline\":", "\"a\\nb\"", "}}", ERR_RANGE, {"\"boot.cmdline\"", "printable"}},
    {BOOT "\"modules\":", "\"x\"", "}}", ERR_RANGE, {"\"boot.modules\" is \"x\"", "array"}},
    {BOOT "\"modules\":", "[\"a\",\"/b\"]", "}}", ERR_RANGE, {"is \"/b\"", "relative"}},
    {BOOT "\"modules\":", "[1]", "}}", ERR_FORMAT, {"\"boot.modules\" is 1", "string"}},
    {BOOT "\"modules\":",
     "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]",
     "}}",
     ERR_RANGE,
     {"\"boot.modules\"", "up to 8"}},
    {KERNEL, "\"\"", "}}", ERR_RANGE, {"\"boot.kernel\" is \"\"", "relative path"}},
    {KERNEL, "\"/etc\"", "}}", ERR_RANGE, {"\"/etc\"", "relative path"}},
    {KERNEL, "\"a/../b\"", "}}", ERR_RANGE, {"\"a/../b\"", "\"..\""}},
    {KERNEL, "\"a//b\"", "}}", ERR_RANGE, {"\"a//b\"", "relative path"}},
    {KERNEL, "\"a/\"", "}}", ERR_RANGE, {"\"a/\"", "relative path"}},
    {KERNEL, "\"./a\"", "}}", ERR_RANGE, {"\"./a\"", "relative path"}},
    {KERNEL, "\"a b\"", "}}", ERR_RANGE, {"\"a b\"", "relative path"}},
    {KERNEL, "\"a\\\\b\"", "}}", ERR_RANGE, {"\"boot.kernel\"", "relative path"}},
    {KERNEL, "\"" A64 A64 "\"", "}}", ERR_RANGE, {"aaa...\"", "1 to 95"}},
    {"{\"name\":\"a\",\"memory\":64,\"boot\":", "{}", "}", ERR_NOT_FOUND, {"\"boot.kernel\" is missing", ""}},
    {"{\"name\":\"a\",\"memory\":64", "", "}", ERR_NOT_FOUND, {"\"boot\" is missing", ""}},
    {"{\"memory\":64,\"boot\":{\"kernel\":\"k\"}", "", "}", ERR_NOT_FOUND, {"\"name\" is missing", ""}},
    {"{\"name\":\"a\",\"boot\":{\"kernel\":\"k\"}", "", "}", ERR_NOT_FOUND, {"\"memory\" is missing", ""}},
    {"", "[]", "", ERR_FORMAT, {"must hold a JSON object", ""}},
    {"", "\"name\"", "", ERR_FORMAT, {"must hold a JSON object", ""}},
    {BASE, "\"x\\ny\":1", "}", ERR_FORMAT, {"is no known key", ""}},
};

static void every_refusal_names_the_key_the_value_and_what_is_allowed(void **state) {
	char json[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		const struct flaw *f = &flaws[i];
		struct vm_config before;
		enum err error;

		memset(&config, 0x5a, sizeof(config));
		before = config;
		(void)snprintf(json, sizeof(json), "%s%s%s", f->before, f->value, f->after);
		error = parse(json);
		if (error != f->error)
			fail_msg("%s: error %d, not %d: %s", json, error, f->error, text.text);
		for (unsigned n = 0; n < 2; n++) {
			if (strstr(text.text, f->words[n]) == NULL)
				fail_msg("%s: \"%s\" does not say %s", json, text.text, f->words[n]);
		}
		assert_memory_equal(&config, &before, sizeof(config));
	}
}

static void the_longest_name_and_path_fit(void **state) {
	char json[512];

	(void)state;
	(void)snprintf(json, sizeof(json), "{\"name\":\"%.63s\",\"memory\":64,\"boot\":{\"kernel\":\"%.95s\"}}", A64,
	               A64 A64);
	assert_int_equal(parse(json), ERR_NONE);
	assert_int_equal(strlen(config.name), 63);
	assert_int_equal(strlen(config.kernel), 95);
}

static void the_longest_command_line_fits_and_no_longer_one(void **state) {
	static char json[VM_CMDLINE_SIZE + 128];
	const size_t n = strlen(BOOT "\"cmdline\":\"");

	(void)state;
	strcpy(json, BOOT "\"cmdline\":\"");
	memset(json + n, 'x', VM_CMDLINE_SIZE);
	strcpy(json + n + VM_CMDLINE_SIZE - 1, "\"}}");
	assert_int_equal(parse(json), ERR_NONE);
	assert_int_equal(strlen(config.cmdline), VM_CMDLINE_SIZE - 1);
	json[n + VM_CMDLINE_SIZE - 1] = 'x';
	strcpy(json + n + VM_CMDLINE_SIZE, "\"}}");
	assert_int_equal(parse(json), ERR_RANGE);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_configuration_is_read),
	    cmocka_unit_test(what_is_not_named_has_its_default),
	    cmocka_unit_test(disks_are_read_in_their_order),
	    cmocka_unit_test(eight_full_disks_fit),
	    cmocka_unit_test(memory_is_a_number_of_mib_or_text_with_a_unit),
	    cmocka_unit_test(every_refusal_names_the_key_the_value_and_what_is_allowed),
	    cmocka_unit_test(the_longest_name_and_path_fit),
	    cmocka_unit_test(the_longest_command_line_fits_and_no_longer_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
