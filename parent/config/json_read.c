/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Reads checked JSON values into C, with the sentences that refuse them. */
#include "config/json.h"

#include <stdio.h>
#include <string.h>

#define EXCERPT_SIZE 40u
#define LIST_SIZE    80u

static const struct json_node *node_of(const struct json_value *v) { return &v->json->node[v->index]; }

static const char *text_of(const struct json_value *v, size_t *size) {
	const struct json_node *n = node_of(v);

	*size = n->end - n->start;
	return v->json->text + n->start;
}

/* The value's text, cut and made printable. */
static void excerpt(const struct json_value *v, char out[EXCERPT_SIZE]) {
	bool is_string = node_of(v)->type == JSON_STRING;
	size_t size;
	size_t n = 0;
	const char *text = text_of(v, &size);
	size_t room = EXCERPT_SIZE - 6;
	size_t shown = size < room ? size : room;

	if (is_string)
		out[n++] = '"';
	for (size_t i = 0; i < shown; i++)
		out[n++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	if (shown < size) {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	if (is_string)
		out[n++] = '"';
	out[n] = '\0';
}

static enum err refuse(const struct json_value *v, enum err error, const char *allowed, struct err_text *text) {
	char seen[EXCERPT_SIZE];

	excerpt(v, seen);
	return err_set(text, error, "\"%s\" is %s, but must be %s", v->path, seen, allowed);
}

enum err json_refuse(const struct json_value *value, const char *allowed, struct err_text *text) {
	return refuse(value, ERR_RANGE, allowed, text);
}

enum err json_read_bool(const struct json_value *value, bool *out, struct err_text *text) {
	if (node_of(value)->type != JSON_BOOLEAN)
		return refuse(value, ERR_FORMAT, "true or false", text);
	*out = value->json->text[node_of(value)->start] == 't';
	return ERR_NONE;
}

enum err json_read_number(const struct json_value *value, uint64_t least, uint64_t most, uint64_t *out,
                          struct err_text *text) {
	char allowed[LIST_SIZE];
	size_t size;
	const char *digits = text_of(value, &size);
	uint64_t number = 0;
	bool is_good = size <= 18; /* fits in 64 bits */

	(void)snprintf(allowed, sizeof(allowed), "a whole number from %llu to %llu", (unsigned long long)least,
	               (unsigned long long)most);
	if (node_of(value)->type != JSON_NUMBER)
		return refuse(value, ERR_FORMAT, allowed, text);
	for (size_t i = 0; is_good && i < size; i++) {
		is_good = digits[i] >= '0' && digits[i] <= '9';
		number = number * 10 + (uint64_t)(unsigned char)(digits[i] - '0');
	}
	if (!is_good || number < least || number > most)
		return refuse(value, ERR_RANGE, allowed, text);
	*out = number;
	return ERR_NONE;
}

static unsigned hex_digit(char c) {
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a') + 10;
}

/* One character, plain or escaped; jsmn has checked the escape's form. Returns
 * the bytes taken, and 0 as the character for one that we do not allow. */
static size_t decode(const char *p, size_t size, char *out) {
	unsigned code = (unsigned char)p[0];
	size_t taken = 1;

	if (code == '\t') /* only its escape may stand for it [RFC 8259 7 "Strings"] */
		code = 0;
	if (code == '\\' && size >= 2) {
		taken = 2;
		code = (unsigned char)p[1];
		if (code == 't') {
			code = '\t';
		} else if (code == 'u') {
			code = 0;
			for (taken = 2; taken < 6 && taken < size; taken++)
				code = code << 4 | hex_digit(p[taken]);
		} else if (code != '"' && code != '\\' && code != '/') {
			code = 0;
		}
	}
	*out = (code >= ' ' && code <= '~') || code == '\t' ? (char)code : '\0';
	return taken;
}

enum err json_read_string(const struct json_value *value, char *out, size_t size, size_t least, struct err_text *text) {
	char allowed[LIST_SIZE];
	size_t left;
	size_t n = 0;
	const char *p = text_of(value, &left);

	(void)snprintf(allowed, sizeof(allowed), "a string of %zu to %zu printable characters", least, size - 1);
	if (node_of(value)->type != JSON_STRING)
		return refuse(value, ERR_FORMAT, allowed, text);
	while (left > 0) {
		char c;
		size_t taken = decode(p, left, &c);

		if (c == '\0' || n + 1 >= size)
			return refuse(value, ERR_RANGE, allowed, text);
		out[n++] = c;
		p += taken;
		left -= taken;
	}
	if (n < least)
		return refuse(value, ERR_RANGE, allowed, text);
	out[n] = '\0';
	return ERR_NONE;
}

static enum err unknown_key(const char *path, const struct json_field *fields, unsigned field_count,
                            struct err_text *text) {
	char known[LIST_SIZE];
	size_t n = 0;

	known[0] = '\0';
	for (unsigned i = 0; i < field_count && n < sizeof(known); i++) {
		int added = snprintf(known + n, sizeof(known) - n, "%s%s", i > 0 ? ", " : "", fields[i].key);

		n += added > 0 ? (size_t)added : 0;
	}
	return err_set(text, ERR_FORMAT, "\"%s\" is no known key; allowed are %s", path, known);
}

/* "boot" and a key make "boot.kernel"; unprintable bytes of the key become '?'. */
static void join_path(const char *path, const struct json_value *key, char out[JSON_PATH_SIZE]) {
	size_t size;
	const char *text = text_of(key, &size);
	int n = snprintf(out, JSON_PATH_SIZE, "%s%s%.*s", path, path[0] != '\0' ? "." : "",
	                 (int)(size < JSON_PATH_SIZE ? size : JSON_PATH_SIZE), text);

	for (int i = 0; i < n && i < (int)JSON_PATH_SIZE - 1; i++) {
		if (out[i] < ' ' || out[i] > '~')
			out[i] = '?';
	}
}

static unsigned find_field(const struct json_value *key, const struct json_field *fields, unsigned field_count) {
	size_t size;
	const char *text = text_of(key, &size);

	for (unsigned i = 0; i < field_count; i++) {
		if (strlen(fields[i].key) == size && memcmp(fields[i].key, text, size) == 0)
			return i;
	}
	return field_count;
}

static enum err check_required(const struct json_value *object, const struct json_field *fields, unsigned field_count,
                               uint32_t seen, struct err_text *text) {
	for (unsigned i = 0; i < field_count; i++) {
		if (fields[i].is_required && !(seen & 1u << i))
			return err_set(text, ERR_NOT_FOUND, "\"%s%s%s\" is missing", object->path,
			               object->path[0] != '\0' ? "." : "", fields[i].key);
	}
	return ERR_NONE;
}

enum err json_read_object(const struct json_value *value, const struct json_field *fields, unsigned field_count,
                          void *target, struct err_text *text) {
	const struct json_node *object = node_of(value);
	unsigned index = value->index + 1;
	uint32_t seen = 0;

	if (object->type != JSON_OBJECT && value->path[0] == '\0')
		return err_set(text, ERR_FORMAT, "the file must hold a JSON object, {...}");
	if (object->type != JSON_OBJECT)
		return refuse(value, ERR_FORMAT, "an object, {...}", text);
	for (unsigned n = 0; n < object->child_count; n++) {
		struct json_value key = {value->json, index, value->path};
		unsigned field = find_field(&key, fields, field_count);
		char path[JSON_PATH_SIZE];
		enum err error;

		join_path(value->path, &key, path);
		if (field == field_count)
			return unknown_key(path, fields, field_count, text);
		if (seen & 1u << field)
			return err_set(text, ERR_FORMAT, "\"%s\" is given twice", path);
		seen |= 1u << field;
		key = (struct json_value){value->json, index + 1, path};
		error = fields[field].read(&key, target, text);
		if (error != ERR_NONE)
			return error;
		index = value->json->node[index + 1].next;
	}
	return check_required(value, fields, field_count, seen, text);
}
