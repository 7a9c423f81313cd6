/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* "disks" of vm.json: each one's keys, then what they say together. */
#include "config/vm_config_disks.h"

#include <stdio.h>
#include <string.h>
#include "config/text_rules.h"
#include "config/vm_config.h"

#define FIELD_COUNT(fields) ((unsigned)(sizeof(fields) / sizeof((fields)[0])))
#define MIB_SHIFT           20
#define COPY_MEMORY_MAX     1048576u /* MiB */
#define COPY_MEMORY_ALLOWED "1 to 1048576 MiB, or text like \"64M\" or \"2G\""
#define VOLUME_ALLOWED      "\"disk:\", \"label:\" or \"image:\" and a name"

/* What is read of one disk. */
struct target {
	struct vm_disk_config *disk;
	bool has_copy_memory;
};

static bool is_kind(const char *volume, const char *kind) { return strncmp(volume, kind, strlen(kind)) == 0; }

static enum err read_volume(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_disk_config *d = ((struct target *)target)->disk;
	enum err error = json_read_string(v, d->volume, sizeof(d->volume), 1, NULL);

	if (error == ERR_FORMAT)
		return json_read_string(v, d->volume, sizeof(d->volume), 1, text);
	if (error != ERR_NONE ||
	    (!is_kind(d->volume, "disk:") && !is_kind(d->volume, "label:") && !is_kind(d->volume, "image:")) ||
	    strchr(d->volume, ':')[1] == '\0')
		return json_refuse(v, VOLUME_ALLOWED, text);
	return ERR_NONE;
}

static enum err read_access(const struct json_value *v, void *target, struct err_text *text) {
	struct vm_disk_config *d = ((struct target *)target)->disk;
	char word[8];

	if (json_read_string(v, word, sizeof(word), 0, NULL) != ERR_NONE)
		word[0] = '\0';
	if (strcmp(word, "ro") == 0)
		d->access = VOLUME_READ_ONLY;
	else if (strcmp(word, "rw") == 0)
		d->access = VOLUME_READ_WRITE;
	else if (strcmp(word, "cow") == 0)
		d->access = VOLUME_COPY_ON_WRITE;
	else
		return json_refuse(v, "\"ro\", \"rw\" or \"cow\"", text);
	return ERR_NONE;
}

static enum err read_copy_memory(const struct json_value *v, void *target, struct err_text *text) {
	struct target *t = target;
	uint64_t mib;

	if (read_mib(v, COPY_MEMORY_MAX, &mib) != ERR_NONE || mib == 0)
		return json_refuse(v, COPY_MEMORY_ALLOWED, text);
	t->disk->copy_size = mib << MIB_SHIFT;
	t->has_copy_memory = true;
	return ERR_NONE;
}

static enum err read_removable(const struct json_value *v, void *target, struct err_text *text) {
	return json_read_bool(v, &((struct target *)target)->disk->is_removable, text);
}

static enum err read_cdrom(const struct json_value *v, void *target, struct err_text *text) {
	return json_read_bool(v, &((struct target *)target)->disk->is_cdrom, text);
}

/* Keys that are good alone may not go together. */
static enum err judge(const struct target *t, const char *path, struct err_text *text) {
	const struct vm_disk_config *d = t->disk;
	bool is_image = is_kind(d->volume, "image:");

	if (is_image && d->access == VOLUME_READ_WRITE)
		return err_set(text, ERR_RANGE, "\"%s.access\" is \"rw\", but must be \"ro\" or \"cow\" for an image",
		               path);
	if (!is_image && d->access == VOLUME_COPY_ON_WRITE)
		return err_set(text, ERR_RANGE, "\"%s.access\" is \"cow\", which is for images only", path);
	if (d->is_cdrom && d->access != VOLUME_READ_ONLY)
		return err_set(text, ERR_RANGE, "\"%s.access\" must be \"ro\" for a CD-ROM", path);
	if (t->has_copy_memory && d->access != VOLUME_COPY_ON_WRITE)
		return err_set(text, ERR_RANGE, "\"%s.cow_memory\" is for access \"cow\" only", path);
	return ERR_NONE;
}

static enum err read_disk(const struct json_value *v, struct vm_disk_config *disk, struct err_text *text) {
	static const struct json_field fields[] = {
	    {"volume", read_volume, true},
	    {"access", read_access, false},
	    {"cow_memory", read_copy_memory, false},
	    {"removable", read_removable, false},
	    {"cdrom", read_cdrom, false},
	};
	struct target target = {.disk = disk};
	enum err error;

	*disk = (struct vm_disk_config){.copy_size = VM_COPY_SIZE_DEFAULT};
	error = json_read_object(v, fields, FIELD_COUNT(fields), &target, text);
	return error == ERR_NONE ? judge(&target, v->path, text) : error;
}

enum err vm_config_read_disks(const struct json_value *v, struct vm_config *config, struct err_text *text) {
	const struct json_node *array = &v->json->node[v->index];
	unsigned index = v->index + 1;

	if (array->type != JSON_ARRAY || array->child_count > VM_DISKS_MAX)
		return json_refuse(v, "an array of up to 8 disks", text);
	for (unsigned i = 0; i < array->child_count; i++) {
		char path[JSON_PATH_SIZE];
		struct json_value element = {v->json, index, path};
		enum err error;

		(void)snprintf(path, sizeof(path), "%s[%u]", v->path, i);
		error = read_disk(&element, &config->disk[i], text);
		if (error != ERR_NONE)
			return error;
		index = v->json->node[index].next;
	}
	config->disk_count = array->child_count;
	return ERR_NONE;
}
