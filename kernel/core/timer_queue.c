/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A pairing heap: meld, pairing in one pass, removal from the middle. */
#include "core/timer_queue.h"

/* Two heaps without siblings become one. */
static struct timer_node *meld(struct timer_node *a, struct timer_node *b) {
	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	if (b->deadline < a->deadline)
		return meld(b, a);
	b->next = a->child;
	if (b->next != NULL)
		b->next->link = &b->next;
	b->link = &a->child;
	a->child = b;
	return a;
}

/* Melds a list of siblings, pair by pair. Links of a node that wins are stale:
 * they are set again when it loses, and nobody follows those of a root. */
static struct timer_node *pair(struct timer_node *first) {
	struct timer_node *root = NULL;

	while (first != NULL) {
		struct timer_node *a = first;
		struct timer_node *b = a->next;

		first = b != NULL ? b->next : NULL;
		root = meld(root, meld(a, b));
	}
	return root;
}

static void unlink_node(struct timer_queue *q, struct timer_node *n) {
	struct timer_node *children = pair(n->child);

	n->child = NULL;
	if (q->root == n) {
		q->root = children;
		return;
	}
	*n->link = n->next;
	if (n->next != NULL)
		n->next->link = n->link;
	q->root = meld(q->root, children);
}

void timer_queue_set(struct timer_queue *q, struct timer_node *n, uint64_t deadline) {
	if (n->deadline == deadline)
		return;
	if (n->deadline != TIMER_NEVER)
		unlink_node(q, n);
	n->deadline = deadline;
	if (deadline != TIMER_NEVER)
		q->root = meld(q->root, n);
}

struct timer_node *timer_queue_pop(struct timer_queue *q, uint64_t now) {
	struct timer_node *n = q->root;

	if (n == NULL || n->deadline > now)
		return NULL;
	timer_queue_set(q, n, TIMER_NEVER);
	return n;
}
