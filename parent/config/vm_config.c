/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which keys vm.json has and what each may hold (docs/vm.schema.json). */
#include "config/vm_config.h"

#include <string.h>
#include "config/json.h"
#include "config/text_rules.h"
#include "config/vm_config_disks.h"
#include "loaders/layout.h"

#define FIELD_COUNT(fields) ((unsigned)(sizeof(fields) / sizeof((fields)[0])))
#define MIB_SHIFT           20
#define MEMORY_ALLOWED      "an even number of MiB from 4 to 1048576, or text like \"256M\" or \"2G\""

static enum err read_name(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;

	return read_vm_name(v, c->name, text);
}

static enum err read_cpus(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;
	uint64_t cpus;
	enum err error = json_read_number(v, 1, VM_CPUS_MAX, &cpus, text);

	if (error == ERR_NONE)
		c->cpus = (unsigned)cpus;
	return error;
}

static enum err read_memory(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;
	uint64_t mib;

	if (read_mib(v, LAYOUT_MEMORY_MAX >> MIB_SHIFT, &mib) != ERR_NONE)
		mib = 0;
	mib <<= MIB_SHIFT;
	if (mib < LAYOUT_MEMORY_MIN || mib > LAYOUT_MEMORY_MAX || mib % LAYOUT_MEMORY_UNIT != 0)
		return json_refuse(v, MEMORY_ALLOWED, text);
	c->memory_size = mib;
	return ERR_NONE;
}

static enum err read_cpu_level(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;
	char level[16];

	if (json_read_string(v, level, sizeof(level), 0, NULL) != ERR_NONE)
		level[0] = '\0';
	if (strcmp(level, "host") == 0)
		c->cpu_level = CPU_LEVEL_HOST;
	else if (strcmp(level, "x86-64-v2") == 0)
		c->cpu_level = CPU_LEVEL_X86_64_V2;
	else if (strcmp(level, "x86-64-v3") == 0)
		c->cpu_level = CPU_LEVEL_X86_64_V3;
	else
		return json_refuse(v, "\"host\", \"x86-64-v2\" or \"x86-64-v3\"", text);
	return ERR_NONE;
}

static enum err read_enlightenments(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;
	char word[8];

	if (json_read_string(v, word, sizeof(word), 0, NULL) != ERR_NONE)
		word[0] = '\0';
	if (strcmp(word, "basic") != 0 && strcmp(word, "full") != 0)
		return json_refuse(v, "\"basic\" or \"full\"", text);
	c->enlightenments = word[0] == 'f' ? VM_ENLIGHTENMENTS_FULL : VM_ENLIGHTENMENTS_BASIC;
	return ERR_NONE;
}

static enum err read_kernel(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;

	return read_path(v, c->kernel, text);
}

static enum err read_initrd(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;

	return read_path(v, c->initrd, text);
}

static enum err read_modules(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;
	const struct json_node *array = &v->json->node[v->index];
	struct json_value element = {v->json, v->index + 1, v->path};

	if (array->type != JSON_ARRAY || array->child_count > VM_MODULES_MAX)
		return json_refuse(v, "an array of up to 8 paths", text);
	for (unsigned i = 0; i < array->child_count; i++) {
		enum err error = read_path(&element, c->module[i], text);

		if (error != ERR_NONE)
			return error;
		element.index = v->json->node[element.index].next;
	}
	c->module_count = array->child_count;
	return ERR_NONE;
}

static enum err read_cmdline(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;

	return json_read_string(v, c->cmdline, sizeof(c->cmdline), 0, text);
}

static enum err read_boot(const struct json_value *v, void *target, struct err_text *text) {
	static const struct json_field fields[] = {
	    {"kernel", read_kernel, true},
	    {"initrd", read_initrd, false},
	    {"modules", read_modules, false},
	    {"cmdline", read_cmdline, false},
	};

	return json_read_object(v, fields, FIELD_COUNT(fields), target, text);
}

static enum err read_debug_exit(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;

	return json_read_bool(v, &c->has_debug_exit, text);
}

static enum err read_fw_cfg(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;

	return json_read_bool(v, &c->has_fw_cfg, text);
}

static enum err read_vmbus(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;

	return json_read_bool(v, &c->has_vmbus, text);
}

static enum err read_devices(const struct json_value *v, void *target, struct err_text *text) {
	static const struct json_field fields[] = {
	    {"debug_exit", read_debug_exit, false},
	    {"fw_cfg", read_fw_cfg, false},
	    {"vmbus", read_vmbus, false},
	};

	return json_read_object(v, fields, FIELD_COUNT(fields), target, text);
}

static enum err read_autostart(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;

	return json_read_bool(v, &c->is_autostarted, text);
}

static enum err read_on_reset(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_config *c = target;
	char word[8];

	if (json_read_string(v, word, sizeof(word), 0, NULL) != ERR_NONE)
		word[0] = '\0';
	if (strcmp(word, "restart") != 0 && strcmp(word, "stop") != 0)
		return json_refuse(v, "\"restart\" or \"stop\"", text);
	c->restarts_on_reset = word[0] == 'r';
	return ERR_NONE;
}

static enum err read_disks(const struct json_value *v, void *target, struct err_text *text) {
	return vm_config_read_disks(v, target, text);
}

enum err vm_config_parse(const char *json, size_t size, struct vm_config *config, struct err_text *text) {
	static const struct json_field fields[] = {
	    {"name", read_name, true},
	    {"cpus", read_cpus, false},
	    {"memory", read_memory, true},
	    {"cpu_level", read_cpu_level, false},
	    {"enlightenments", read_enlightenments, false},
	    {"boot", read_boot, true},
	    {"disks", read_disks, false},
	    {"devices", read_devices, false},
	    {"autostart", read_autostart, false},
	    {"on_reset", read_on_reset, false},
	};
	struct vm_config read = {.cpus = 1,
	                         .cpu_level = CPU_LEVEL_HOST,
	                         .enlightenments = VM_ENLIGHTENMENTS_FULL,
	                         .has_vmbus = true,
	                         .restarts_on_reset = true};
	struct json tree;
	struct json_value root = {&tree, 0, ""};
	enum err error = json_parse(json, size, &tree, text);

	if (error == ERR_NONE)
		error = json_read_object(&root, fields, FIELD_COUNT(fields), &read, text);
	if (error == ERR_NONE)
		*config = read;
	return error;
}
