/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The shapes of VM names and of file paths. */
#include "config/text_rules.h"

#include <string.h>

bool is_vm_name(const char *name) {
	size_t n = 0;

	for (; name[n] != '\0'; n++) {
		bool is_good =
		    (name[n] >= 'a' && name[n] <= 'z') || (name[n] >= '0' && name[n] <= '9') || name[n] == '-';

		if (!is_good || n + 1 >= VM_NAME_SIZE)
			return false;
	}
	return n > 0;
}

enum err read_vm_name(const struct json_value *v, char out[VM_NAME_SIZE], struct err_text *text) {
	const char *allowed = "1 to 63 of a-z, 0-9 and '-'";
	char name[VM_NAME_SIZE];
	enum err error = json_read_string(v, name, sizeof(name), 1, NULL);

	if (error == ERR_FORMAT)
		return json_read_string(v, name, sizeof(name), 1, text);
	if (error != ERR_NONE || !is_vm_name(name))
		return json_refuse(v, allowed, text);
	memcpy(out, name, sizeof(name));
	return ERR_NONE;
}

static bool is_path(const char *path) {
	while (true) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && memcmp(path, "..", 2) == 0))
			return false;
		for (size_t i = 0; i < n; i++) {
			if (path[i] <= ' ' || path[i] > '~' || path[i] == '\\')
				return false;
		}
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
}

enum err read_path(const struct json_value *v, char out[VM_PATH_SIZE], struct err_text *text) {
	char path[VM_PATH_SIZE];
	enum err error = json_read_string(v, path, sizeof(path), 1, NULL);

	if (error == ERR_FORMAT)
		return json_read_string(v, path, sizeof(path), 1, text);
	if (error != ERR_NONE || !is_path(path))
		return json_refuse(v, "a relative path of 1 to 95 characters without \"..\"", text);
	memcpy(out, path, sizeof(path));
	return ERR_NONE;
}

/* "256M" or "2G" in MiB; 0 for anything else. */
static uint64_t parse_size(const char *p) {
	uint64_t mib = 0;
	unsigned digits = 0;

	for (; p[digits] >= '0' && p[digits] <= '9' && digits < 8; digits++)
		mib = mib * 10 + (uint64_t)(p[digits] - '0');
	if (digits == 0 || (p[digits] != 'M' && p[digits] != 'G') || p[digits + 1] != '\0')
		return 0;
	return p[digits] == 'G' ? mib << 10 : mib;
}

enum err read_mib(const struct json_value *v, uint64_t most, uint64_t *mib) {
	char size[16];

	if (json_read_string(v, size, sizeof(size), 0, NULL) == ERR_NONE)
		*mib = parse_size(size);
	else if (json_read_number(v, 0, most, mib, NULL) != ERR_NONE)
		return ERR_RANGE;
	return *mib > 0 && *mib <= most ? ERR_NONE : ERR_RANGE;
}
