/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Intrusive doubly linked list. A list head is a node that owns nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *previous;
};

static inline void list_init(struct list *l) {
	l->next = l;
	l->previous = l;
}

static inline bool list_is_empty(const struct list *l) { return l->next == l; }

static inline void list_insert_before(struct list *at, struct list *node) {
	node->next = at;
	node->previous = at->previous;
	at->previous->next = node;
	at->previous = node;
}

static inline void list_append(struct list *head, struct list *node) { list_insert_before(head, node); }

/* Unlinks the node and leaves it a list of its own, so that it may be removed
 * again or asked whether it is linked. */
static inline void list_remove(struct list *node) {
	node->previous->next = node->next;
	node->next->previous = node->previous;
	list_init(node);
}

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
