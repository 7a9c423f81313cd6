/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Reads loader.conf: `key=value` lines, `#` comments, blank lines, LF or CRLF.
 * Strict on purpose: a misspelt key that is silently ignored costs its author
 * an evening. Whether the files exist is not decided here.
 */
#include "loader/config.h"

#include <stdbool.h>

#include <hv_abi/call_args.h>

#include "lib/bits.h"
#include "lib/string.h"

/* A piece of the file; not terminated. */
struct slice {
	const char *at;
	size_t size;
};

static struct slice trim(struct slice s) {
	while (s.size > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = (struct slice){s.at + 1, s.size - 1};
	while (s.size > 0 && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
		s.size--;
	return s;
}

static size_t length_of(const char *text) {
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

static bool is_equal(struct slice s, const char *word) {
	return s.size == length_of(word) && memcmp(s.at, word, s.size) == 0;
}

/* Splits at the first `=`; false if there is none. */
static bool split(struct slice whole, struct slice *left, struct slice *right) {
	size_t i = 0;

	while (i < whole.size && whole.at[i] != '=')
		i++;
	if (i == whole.size)
		return false;
	*left = trim((struct slice){whole.at, i});
	*right = trim((struct slice){whole.at + i + 1, whole.size - i - 1});
	return true;
}

static const char *copy_text(struct slice value, char *to, size_t capacity) {
	if (value.size == 0 || value.size >= capacity)
		return "the value is empty or too long; names have up to 95 bytes, paths 159";
	memcpy(to, value.at, value.size);
	to[value.size] = '\0';
	return NULL;
}

static const char *set_path(struct slice value, char *to) {
	if (to[0] != '\0')
		return "the key is given a second time; remove one of them";
	if (value.size > 0 && value.at[0] != '/')
		return "the path does not begin with /; write it from the partition's root";
	return copy_text(value, to, CONFIG_PATH_SIZE);
}

static const char *add_module(struct slice value, struct config *config) {
	struct slice name, path;
	struct config_module *module;
	const char *fault;

	if (!split(value, &name, &path) || name.size == 0 || path.size == 0)
		return "the module is not written module=NAME=PATH";
	for (uint32_t i = 0; i < config->module_count; i++)
		if (is_equal(name, config->module[i].name))
			return "the module's name is given a second time; names must differ";
	if (config->module_count == HV_BOOT_MAX_MODULES)
		return "there are more than 96 modules; remove some";
	module = &config->module[config->module_count];
	fault = copy_text(name, module->name, sizeof(module->name));
	if (fault == NULL)
		fault = set_path(path, module->path);
	if (fault == NULL)
		config->module_count++;
	return fault;
}

static const char *set_log_level(struct slice value, uint32_t *level) {
	static const char *const names[] = {"error", "warning", "info", "debug"};
	_Static_assert(HV_LOG_ERROR == 0 && HV_LOG_DEBUG == 3, "order of names");

	for (*level = 0; *level < ARRAY_COUNT(names); ++*level)
		if (is_equal(value, names[*level]))
			return NULL;
	return "the level is none of error, warning, info, debug";
}

static const char *parse_line(struct slice line, struct config *config) {
	struct slice key, value;

	for (size_t i = 0; i < line.size; i++)
		if (line.at[i] != '\t' && (line.at[i] < ' ' || line.at[i] > '~'))
			return "a byte is not printable ASCII; save the file as plain text";
	line = trim(line);
	if (line.size == 0 || line.at[0] == '#')
		return NULL;
	if (!split(line, &key, &value))
		return "the line is not key=value; comment it out with #";
	if (is_equal(key, "kernel-svm"))
		return set_path(value, config->kernel_svm);
	if (is_equal(key, "kernel-vmx"))
		return set_path(value, config->kernel_vmx);
	if (is_equal(key, "parent"))
		return set_path(value, config->parent);
	if (is_equal(key, "module"))
		return add_module(value, config);
	if (is_equal(key, "log"))
		return set_log_level(value, &config->log_level);
	return "the key is none of kernel-svm, kernel-vmx, parent, module, log";
}

const char *config_parse(const char *text, size_t size, struct config *config, uint32_t *line) {
	memset(config, 0, sizeof(*config));
	config->log_level = HV_LOG_INFO;
	*line = 0;
	for (size_t at = 0; at < size;) {
		size_t end = at;
		struct slice piece;
		const char *fault;

		while (end < size && text[end] != '\n')
			end++;
		piece = (struct slice){text + at, end - at};
		if (piece.size > 0 && piece.at[piece.size - 1] == '\r')
			piece.size--;
		at = end + 1;
		++*line;
		fault = parse_line(piece, config);
		if (fault != NULL)
			return fault;
	}
	if (config->parent[0] == '\0')
		return "no line names the parent; add parent=PATH";
	if (config->kernel_svm[0] == '\0' && config->kernel_vmx[0] == '\0')
		return "no line names a kernel; add kernel-svm=PATH or kernel-vmx=PATH";
	return NULL;
}
