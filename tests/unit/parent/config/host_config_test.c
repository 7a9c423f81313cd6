/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* host.json: what is taken, and what every refusal says. */
#include "config/host_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct host_config config;
static struct err_text text;

static enum err parse(const char *json) { return host_config_parse(json, strlen(json), &config, &text); }

static void an_empty_object_means_the_defaults(void **state) {
	struct host_config defaults;

	(void)state;
	host_config_default(&defaults);
	memset(&config, 0xff, sizeof(config));
	assert_int_equal(parse("{}"), ERR_NONE);
	assert_int_equal(config.on_all_stopped, HOST_STAY);
	assert_int_equal(config.com2, HOST_COM2_PROMPT);
	assert_memory_equal(&config, &defaults, sizeof(config));
}

static void every_word_is_read(void **state) {
	(void)state;
	assert_int_equal(parse("{\"on_all_stopped\":\"poweroff\",\"com2\":\"attach:vm-1\"}"), ERR_NONE);
	assert_int_equal(config.on_all_stopped, HOST_POWEROFF);
	assert_int_equal(config.com2, HOST_COM2_ATTACH);
	assert_string_equal(config.com2_vm, "vm-1");
	assert_int_equal(parse("{\"on_all_stopped\":\"stay\",\"com2\":\"mux\"}"), ERR_NONE);
	assert_int_equal(config.on_all_stopped, HOST_STAY);
	assert_int_equal(config.com2, HOST_COM2_MUX);
	assert_string_equal(config.com2_vm, "");
	assert_int_equal(parse("{\"com2\":\"prompt\"}"), ERR_NONE);
	assert_int_equal(config.com2, HOST_COM2_PROMPT);
	assert_int_equal(parse("{\"pci_interrupts\":\"pins\"}"), ERR_NONE);
	assert_int_equal(config.pci_interrupts, HOST_PCI_PINS);
	assert_int_equal(parse("{\"pci_interrupts\":\"messages\"}"), ERR_NONE);
	assert_int_equal(config.pci_interrupts, HOST_PCI_MESSAGES);
}

static void the_longest_vm_name_fits(void **state) {
	(void)state;
	assert_int_equal(parse("{\"com2\":\"attach:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	                       "aaaaaa\"}"),
	                 ERR_NONE);
	assert_int_equal(strlen(config.com2_vm), VM_NAME_SIZE - 1);
}

static void every_refusal_names_the_key_and_what_is_allowed(void **state) {
	static const struct {
		const char *json;
		enum err error;
		const char *words[2];
	} flaws[] = {
	    {"{\"on_all_stopped\":\"reboot\"}", ERR_RANGE, {"is \"reboot\"", "\"stay\""}},
	    {"{\"on_all_stopped\":true}", ERR_RANGE, {"is true", "\"poweroff\""}},
	    {"{\"pci_interrupts\":\"none\"}", ERR_RANGE, {"is \"none\"", "\"pins\""}},
	    {"{\"com2\":\"attach:\"}", ERR_RANGE, {"is \"attach:\"", "\"mux\""}},
	    {"{\"com2\":\"attach:A\"}", ERR_RANGE, {"is \"attach:A\"", "name of a VM"}},
	    {"{\"com2\":\"attach\"}", ERR_RANGE, {"is \"attach\"", "\"attach:\""}},
	    {"{\"com2\":\"attach:"
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	     ERR_RANGE,
	     {"aaa...\"", "name of a VM"}},
	    {"{\"com2\":1}", ERR_RANGE, {"is 1", "\"prompt\""}},
	    {"{\"com3\":\"mux\"}", ERR_FORMAT, {"\"com3\" is no known key", "com2"}},
	    {"{\"com2\":\"mux\",\"com2\":\"mux\"}", ERR_FORMAT, {"given twice", "com2"}},
	    {"[]", ERR_FORMAT, {"JSON object", ""}},
	    {"{\"com2\":\"mux\"", ERR_FORMAT, {"not JSON", "too early"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		struct host_config before;

		memset(&config, 0x5a, sizeof(config));
		before = config;
		assert_int_equal(parse(flaws[i].json), flaws[i].error);
		for (unsigned n = 0; n < 2; n++) {
			if (strstr(text.text, flaws[i].words[n]) == NULL)
				fail_msg("%s: \"%s\"", flaws[i].json, text.text);
		}
		assert_memory_equal(&config, &before, sizeof(config));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_object_means_the_defaults),
	    cmocka_unit_test(every_word_is_read),
	    cmocka_unit_test(the_longest_vm_name_fits),
	    cmocka_unit_test(every_refusal_names_the_key_and_what_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
