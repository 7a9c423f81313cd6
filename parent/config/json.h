/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * JSON texts as trees of values, strictly by [RFC 8259 "The JavaScript Object
 * Notation (JSON) Data Interchange Format"], and reading them against a list of
 * fields. Every error names the key by its path, the value seen, and what is
 * allowed. The text stays the caller's; it is not changed. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runtime/err.h"

#define JSON_VALUES_MAX 192u
#define JSON_SIZE_MAX   65536u
#define JSON_DEPTH_MAX  8u
#define JSON_PATH_SIZE  48u

enum json_type { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOLEAN, JSON_NULL };

struct json_node {
	enum json_type type;
	uint32_t start; /* bytes in the text; of a string, between its quotes */
	uint32_t end;
	uint16_t child_count; /* keys of an object, elements of an array */
	uint16_t next;        /* index of the node after this one and its children */
};

struct json {
	const char *text;
	struct json_node node[JSON_VALUES_MAX]; /* a container, then its children; a key, then
	                                         * its value */
	unsigned count;
};

/* A value and the path by which errors call it, as "boot.kernel". */
struct json_value {
	const struct json *json;
	unsigned index;
	const char *path;
};

/* ERR_FORMAT if the text is not one JSON value, ERR_UNSUPPORTED if it is longer,
 * deeper or has more values than the limits above. */
ERR_CHECKED enum err json_parse(const char *text, size_t size, struct json *json, struct err_text *error_text);

struct json_field {
	const char *key;
	/* Puts the value into `target`, which json_read_object was given. */
	enum err (*read)(const struct json_value *value, void *target, struct err_text *text);
	bool is_required;
};

/* Reads an object key by key. ERR_FORMAT if the value is no object or has a key
 * that is unknown or repeated, ERR_NOT_FOUND if a required key is absent, and
 * what a field's `read` returns. At most 32 fields. */
ERR_CHECKED enum err json_read_object(const struct json_value *value, const struct json_field *fields,
                                      unsigned field_count, void *target, struct err_text *text);

ERR_CHECKED enum err json_read_bool(const struct json_value *value, bool *out, struct err_text *text);

/* A whole number from `least` to `most`. */
ERR_CHECKED enum err json_read_number(const struct json_value *value, uint64_t least, uint64_t most, uint64_t *out,
                                      struct err_text *text);

/* A string of printable ASCII and tabs, decoded and zero-terminated into `size`
 * bytes; `least` is the fewest characters. */
ERR_CHECKED enum err json_read_string(const struct json_value *value, char *out, size_t size, size_t least,
                                      struct err_text *text);

/* ERR_RANGE and a sentence: the value's path and text, and what is allowed. */
enum err json_refuse(const struct json_value *value, const char *allowed, struct err_text *text);
