/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Lists of a guest's pages, from their announcement to their end. */
#include "vmbus/gpadl.h"

#include <stdlib.h>
#include <string.h>
#include "runtime/invariant.h"

void gpadl_init(struct gpadl_table *t, const struct guest_memory *memory) {
	memset(t, 0, sizeof(*t));
	t->memory = memory;
}

static struct gpadl *find_any(struct gpadl_table *t, uint32_t id) {
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		if (t->list[i].state != GPADL_FREE && t->list[i].id == id)
			return &t->list[i];
	return NULL;
}

static struct gpadl *find_free(struct gpadl_table *t) {
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		if (t->list[i].state == GPADL_FREE)
			return &t->list[i];
	return NULL;
}

void gpadl_forget(struct gpadl_table *t, struct gpadl *g) {
	invariant(g->holders == 0);
	t->pages_used -= g->page_count;
	free(g->pfn);
	free(g->page);
	memset(g, 0, sizeof(*g));
}

static enum err make(struct gpadl_table *t, uint32_t relid, uint32_t id, uint32_t byte_count, uint32_t byte_offset,
                     struct gpadl **made) {
	uint64_t pages = ((uint64_t)byte_offset + byte_count + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE;
	struct gpadl *g = find_free(t);

	if (id == 0 || byte_count == 0 || byte_offset >= HV_PAGE_SIZE)
		return ERR_RANGE;
	if (find_any(t, id) != NULL)
		return ERR_STATE;
	if (g == NULL || pages > GPADL_PAGES_MAX - t->pages_used)
		return ERR_MEMORY;
	*g = (struct gpadl){
	    .state = GPADL_GROWING,
	    .id = id,
	    .relid = relid,
	    .byte_count = byte_count,
	    .byte_offset = byte_offset,
	    .page_count = (uint32_t)pages,
	    .pfn = malloc(pages * sizeof(*g->pfn)),
	    .page = malloc(pages * sizeof(*g->page)),
	};
	t->pages_used += g->page_count;
	if (g->pfn == NULL || g->page == NULL) {
		gpadl_forget(t, g);
		return ERR_MEMORY;
	}
	*made = g;
	return ERR_NONE;
}

/* The range's length stands in byte_count; the header's 16-bit size wraps for
 * long lists and is not used. */
static enum err append(struct gpadl_table *t, struct gpadl *g, const uint64_t *pfn, uint32_t count, bool *done) {
	if (count > g->page_count - g->arrived || count == 0) {
		gpadl_forget(t, g);
		return ERR_RANGE;
	}
	for (uint32_t i = 0; i < count; i++) {
		void *page = pfn[i] > UINT64_MAX >> HV_PAGE_SHIFT
		                 ? NULL
		                 : guest_memory_pointer(t->memory, pfn[i] << HV_PAGE_SHIFT, HV_PAGE_SIZE);

		g->is_refused |= page == NULL;
		g->pfn[g->arrived] = pfn[i];
		g->page[g->arrived++] = page;
	}
	*done = g->arrived == g->page_count;
	if (!*done)
		return ERR_NONE;
	if (g->is_refused) {
		gpadl_forget(t, g);
		return ERR_RANGE;
	}
	g->state = GPADL_READY;
	return ERR_NONE;
}

enum err gpadl_begin(struct gpadl_table *t, const struct vmbus_gpadl_header *header, const uint64_t *pfn,
                     uint32_t count, bool *done) {
	struct gpadl *g;
	enum err err;

	*done = true;
	if (header->range_count != 1)
		return ERR_UNSUPPORTED;
	err = make(t, header->relid, header->gpadl, header->byte_count, header->byte_offset, &g);
	return err != ERR_NONE ? err : append(t, g, pfn, count, done);
}

enum err gpadl_continue(struct gpadl_table *t, uint32_t id, const uint64_t *pfn, uint32_t count, uint32_t *relid,
                        bool *done) {
	struct gpadl *g = find_any(t, id);

	*done = true;
	if (g == NULL || g->state != GPADL_GROWING)
		return ERR_NOT_FOUND;
	*relid = g->relid;
	return append(t, g, pfn, count, done);
}

struct gpadl *gpadl_find(struct gpadl_table *t, uint32_t relid, uint32_t id) {
	struct gpadl *g = find_any(t, id);

	return g != NULL && g->relid == relid && g->state == GPADL_READY ? g : NULL;
}

void gpadl_hold(struct gpadl *g) {
	invariant(g->state == GPADL_READY);
	g->holders++;
}

struct gpadl *gpadl_hold_again(struct gpadl_table *t, uint32_t relid, uint32_t id) {
	struct gpadl *g = find_any(t, id);

	if (g == NULL || g->relid != relid || (g->state != GPADL_READY && g->state != GPADL_LEAVING))
		return NULL;
	g->holders++;
	return g;
}

void gpadl_release(struct gpadl *g) {
	invariant(g->holders > 0);
	if (--g->holders == 0 && g->state == GPADL_LEAVING)
		g->state = GPADL_TORN;
}

enum err gpadl_tear_down(struct gpadl_table *t, uint32_t relid, uint32_t id) {
	struct gpadl *g = find_any(t, id);

	if (g == NULL || g->relid != relid || g->state == GPADL_LEAVING || g->state == GPADL_TORN)
		return ERR_NOT_FOUND;
	g->state = g->holders > 0 ? GPADL_LEAVING : GPADL_TORN;
	return ERR_NONE;
}

struct gpadl *gpadl_next_torn(struct gpadl_table *t) {
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		if (t->list[i].state == GPADL_TORN)
			return &t->list[i];
	return NULL;
}

void gpadl_forget_all(struct gpadl_table *t, uint32_t relid) {
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		if (t->list[i].state != GPADL_FREE && (relid == 0 || t->list[i].relid == relid))
			gpadl_forget(t, &t->list[i]);
}

enum err gpadl_restore(struct gpadl_table *t, const struct gpadl *saved, const void *pfn) {
	const uint8_t *at = pfn;
	struct gpadl *g;
	bool done = false;
	enum err err;

	if (saved->state == GPADL_FREE || saved->state > GPADL_TORN || saved->arrived == 0 ||
	    saved->arrived > saved->page_count ||
	    (saved->state == GPADL_GROWING && saved->arrived == saved->page_count) ||
	    ((saved->state == GPADL_READY || saved->state == GPADL_LEAVING) && saved->arrived != saved->page_count))
		return ERR_RANGE;
	err = make(t, saved->relid, saved->id, saved->byte_count, saved->byte_offset, &g);
	if (err != ERR_NONE)
		return err;
	if (g->page_count != saved->page_count) {
		gpadl_forget(t, g);
		return ERR_RANGE;
	}
	for (uint32_t i = 0; i < saved->arrived && err == ERR_NONE; i++) {
		uint64_t number;

		memcpy(&number, at + i * sizeof(number), sizeof(number));
		err = append(t, g, &number, 1, &done);
	}
	if (err == ERR_NONE)
		g->state = saved->state;
	return err;
}
