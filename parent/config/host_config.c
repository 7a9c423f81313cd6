/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which keys host.json has and what each may hold (docs/host.schema.json). */
#include "config/host_config.h"

#include <string.h>
#include "config/json.h"
#include "config/text_rules.h"

#define FIELD_COUNT(fields) ((unsigned)(sizeof(fields) / sizeof((fields)[0])))
#define ATTACH              "attach:"
#define ATTACH_SIZE         (sizeof(ATTACH) - 1)

static enum err read_on_all_stopped(const struct json_value *v, void *target, struct err_text *text) {
	struct host_config *c = target;
	char word[16];

	if (json_read_string(v, word, sizeof(word), 0, NULL) != ERR_NONE)
		word[0] = '\0';
	if (strcmp(word, "poweroff") == 0)
		c->on_all_stopped = HOST_POWEROFF;
	else if (strcmp(word, "stay") == 0)
		c->on_all_stopped = HOST_STAY;
	else
		return json_refuse(v, "\"poweroff\" or \"stay\"", text);
	return ERR_NONE;
}

static enum err read_com2(const struct json_value *v, void *target, struct err_text *text) {
	struct host_config *c = target;
	char word[ATTACH_SIZE + VM_NAME_SIZE];

	c->com2_vm[0] = '\0';
	if (json_read_string(v, word, sizeof(word), 0, NULL) != ERR_NONE)
		word[0] = '\0';
	if (strcmp(word, "prompt") == 0) {
		c->com2 = HOST_COM2_PROMPT;
	} else if (strcmp(word, "mux") == 0) {
		c->com2 = HOST_COM2_MUX;
	} else if (strncmp(word, ATTACH, ATTACH_SIZE) == 0 && is_vm_name(word + ATTACH_SIZE)) {
		c->com2 = HOST_COM2_ATTACH;
		memcpy(c->com2_vm, word + ATTACH_SIZE, strlen(word + ATTACH_SIZE) + 1);
	} else {
		return json_refuse(v, "\"prompt\", \"mux\" or \"attach:\" and the name of a VM", text);
	}
	return ERR_NONE;
}

static enum err read_pci_interrupts(const struct json_value *v, void *target, struct err_text *text) {
	struct host_config *c = target;
	char word[16];

	if (json_read_string(v, word, sizeof(word), 0, NULL) != ERR_NONE)
		word[0] = '\0';
	if (strcmp(word, "messages") == 0)
		c->pci_interrupts = HOST_PCI_MESSAGES;
	else if (strcmp(word, "pins") == 0)
		c->pci_interrupts = HOST_PCI_PINS;
	else
		return json_refuse(v, "\"messages\" or \"pins\"", text);
	return ERR_NONE;
}

void host_config_default(struct host_config *config) {
	*config = (struct host_config){.on_all_stopped = HOST_STAY, .com2 = HOST_COM2_PROMPT};
}

enum err host_config_parse(const char *json, size_t size, struct host_config *config, struct err_text *text) {
	static const struct json_field fields[] = {
	    {"on_all_stopped", read_on_all_stopped, false},
	    {"com2", read_com2, false},
	    {"pci_interrupts", read_pci_interrupts, false},
	};
	struct host_config read;
	struct json tree;
	struct json_value root = {&tree, 0, ""};
	enum err error = json_parse(json, size, &tree, text);

	host_config_default(&read);
	if (error == ERR_NONE)
		error = json_read_object(&root, fields, FIELD_COUNT(fields), &read, text);
	if (error == ERR_NONE)
		*config = read;
	return error;
}
