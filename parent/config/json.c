/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * jsmn splits the text into tokens; it forgives missing, doubled and trailing
 * separators and does not look into numbers, so a second walk holds every token
 * and every byte between tokens against the grammar.
 */
#include "config/json.h"

#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

struct walk {
	struct json *json;
	const jsmntok_t *token;
	unsigned token_count;
	size_t size;
	size_t cursor; /* everything before it is checked */
	struct err_text *error_text;
};

static enum err fail(const struct walk *w, const char *expected) {
	return err_set(w->error_text, ERR_FORMAT, "not JSON at byte %zu: %s was expected", w->cursor, expected);
}

static void skip_space(struct walk *w) {
	const char *text = w->json->text;

	while (w->cursor < w->size && (text[w->cursor] == ' ' || text[w->cursor] == '\t' || text[w->cursor] == '\r' ||
	                               text[w->cursor] == '\n'))
		w->cursor++;
}

/* Steps over white space and one punctuation mark. */
static bool accept(struct walk *w, char mark) {
	skip_space(w);
	if (w->cursor >= w->size || w->json->text[w->cursor] != mark)
		return false;
	w->cursor++;
	return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* [RFC 8259 6 "Numbers"] */
static bool is_number(const char *p, size_t size) {
	size_t i = 0;
	size_t digits;

	if (i < size && p[i] == '-')
		i++;
	if (i >= size || !is_digit(p[i]))
		return false;
	if (p[i] == '0')
		i++;
	else
		while (i < size && is_digit(p[i]))
			i++;
	if (i < size && p[i] == '.') {
		for (i++, digits = i; i < size && is_digit(p[i]);)
			i++;
		if (i == digits)
			return false;
	}
	if (i < size && (p[i] == 'e' || p[i] == 'E')) {
		i++;
		if (i < size && (p[i] == '+' || p[i] == '-'))
			i++;
		for (digits = i; i < size && is_digit(p[i]);)
			i++;
		if (i == digits)
			return false;
	}
	return i == size;
}

static bool is_word(const char *p, size_t size, const char *word) {
	return size == strlen(word) && memcmp(p, word, size) == 0;
}

static bool classify_primitive(const char *p, size_t size, enum json_type *type) {
	if (is_word(p, size, "true") || is_word(p, size, "false"))
		*type = JSON_BOOLEAN;
	else if (is_word(p, size, "null"))
		*type = JSON_NULL;
	else if (is_number(p, size))
		*type = JSON_NUMBER;
	else
		return false;
	return true;
}

/* A string, number or word whose token is the node's. */
static enum err walk_scalar(struct walk *w, const jsmntok_t *t, struct json_node *node) {
	skip_space(w);
	if (t->type == JSMN_STRING) {
		node->type = JSON_STRING;
		if (!accept(w, '"') || w->cursor != node->start)
			return fail(w, "a string");
		w->cursor = (size_t)node->end + 1;
		return ERR_NONE;
	}
	if (w->cursor != node->start ||
	    !classify_primitive(w->json->text + node->start, node->end - node->start, &node->type))
		return fail(w, "a value");
	w->cursor = node->end;
	return ERR_NONE;
}

static enum err walk_value(struct walk *w, unsigned index, unsigned depth);

/* The children of the container `index`, whose opening bracket has been read. */
static enum err walk_children(struct walk *w, unsigned index, unsigned depth) {
	bool is_object = w->token[index].type == JSMN_OBJECT;
	unsigned child = index + 1;

	for (int n = 0; n < w->token[index].size; n++) {
		enum err error;

		if (n > 0 && !accept(w, ','))
			return fail(w, "a comma");
		if (is_object) {
			if (child >= w->token_count || w->token[child].type != JSMN_STRING || w->token[child].size != 1)
				return fail(w, "a key with one value");
			error = walk_value(w, child, depth);
			if (error != ERR_NONE)
				return error;
			if (!accept(w, ':'))
				return fail(w, "a colon");
			child++;
		}
		error = walk_value(w, child, depth);
		if (error != ERR_NONE)
			return error;
		child = w->json->node[child].next;
	}
	w->json->node[index].next = (uint16_t)child;
	return ERR_NONE;
}

static enum err walk_value(struct walk *w, unsigned index, unsigned depth) {
	const jsmntok_t *t = &w->token[index];
	struct json_node *node = &w->json->node[index];
	bool is_object;
	enum err error;

	if (index >= w->token_count)
		return fail(w, "a value");
	*node = (struct json_node){.start = (uint32_t)t->start, .end = (uint32_t)t->end, .next = (uint16_t)(index + 1)};
	if (t->type != JSMN_OBJECT && t->type != JSMN_ARRAY)
		return walk_scalar(w, t, node);
	if (depth >= JSON_DEPTH_MAX)
		return err_set(w->error_text, ERR_UNSUPPORTED, "JSON nested deeper than %u levels at byte %zu",
		               JSON_DEPTH_MAX, w->cursor);
	is_object = t->type == JSMN_OBJECT;
	node->type = is_object ? JSON_OBJECT : JSON_ARRAY;
	node->child_count = (uint16_t)t->size;
	if (!accept(w, is_object ? '{' : '[') || w->cursor != (size_t)node->start + 1)
		return fail(w, "a value");
	error = walk_children(w, index, depth + 1);
	if (error != ERR_NONE)
		return error;
	if (!accept(w, is_object ? '}' : ']') || w->cursor != node->end)
		return fail(w, is_object ? "'}'" : "']'");
	return ERR_NONE;
}

static enum err split(const char *text, size_t size, jsmntok_t *token, unsigned *count, struct err_text *error_text) {
	jsmn_parser parser;
	int n;

	if (size > JSON_SIZE_MAX)
		return err_set(error_text, ERR_UNSUPPORTED, "the JSON text has %zu bytes; up to %u are possible", size,
		               JSON_SIZE_MAX);
	jsmn_init(&parser);
	n = jsmn_parse(&parser, text, size, token, JSON_VALUES_MAX);
	if (n == JSMN_ERROR_NOMEM)
		return err_set(error_text, ERR_UNSUPPORTED, "the JSON text has more than %u keys and values",
		               JSON_VALUES_MAX);
	if (n == JSMN_ERROR_PART)
		return err_set(error_text, ERR_FORMAT, "not JSON: the text ends too early");
	if (n <= 0)
		return err_set(error_text, ERR_FORMAT, "not JSON at byte %u", parser.pos);
	*count = (unsigned)n;
	return ERR_NONE;
}

enum err json_parse(const char *text, size_t size, struct json *json, struct err_text *error_text) {
	jsmntok_t token[JSON_VALUES_MAX];
	struct walk w = {.json = json, .token = token, .size = size, .error_text = error_text};
	enum err error;

	error = split(text, size, token, &w.token_count, error_text);
	if (error != ERR_NONE)
		return error;
	json->text = text;
	json->count = w.token_count;
	error = walk_value(&w, 0, 0);
	if (error != ERR_NONE)
		return error;
	skip_space(&w);
	if (w.cursor != size)
		return fail(&w, "the end");
	return ERR_NONE;
}
