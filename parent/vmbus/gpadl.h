/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * GPADLs: lists of a guest's pages that it lends to a channel, each under a
 * handle of the guest's choice. A list arrives in one header and any number of
 * bodies; each page is looked up once, when its number arrives, and must be RAM
 * (architecture.md D3: the look-up is the mapping). Lists are bounded in number
 * and in pages, for the whole VM. Pure; the caller serializes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/vmbus.h>
#include "runtime/err.h"
#include "vmm/guest_memory.h"

#define GPADL_COUNT     256u    /* lists of a VM */
#define GPADL_PAGES_MAX 131072u /* pages in all lists of a VM */

enum gpadl_state {
	GPADL_FREE = 0,
	GPADL_GROWING, /* bodies are still to come */
	GPADL_READY,
	GPADL_LEAVING, /* the guest wants it back, somebody still holds it */
	GPADL_TORN,    /* nobody holds it; the guest has not been told yet */
};

struct gpadl {
	enum gpadl_state state;
	uint32_t id;
	uint32_t relid;
	uint32_t byte_count;
	uint32_t byte_offset; /* in the first page */
	uint32_t page_count;
	uint32_t arrived; /* page numbers that came; all, once ready */
	uint32_t holders;
	bool is_refused; /* a page was none; said when the last body is here */
	uint64_t *pfn;   /* page_count numbers; owned */
	uint8_t **page;  /* where those pages are; owned */
};

struct gpadl_table {
	const struct guest_memory *memory; /* not owned */
	struct gpadl list[GPADL_COUNT];
	uint32_t pages_used;
};

void gpadl_init(struct gpadl_table *t, const struct guest_memory *memory);

/* Begins a list: `count` page numbers came with the header, which may be fewer
 * than it announces. *done: no body is awaited. An error refuses the list: it
 * does not exist then, and what else comes for it finds nothing.
 * ERR_UNSUPPORTED: not exactly one range. ERR_RANGE: handle 0, no bytes, an
 * offset beyond a page, surplus page numbers, or, only once *done, a page that
 * is not RAM. ERR_STATE: the handle is in use. ERR_MEMORY: a limit. */
ERR_CHECKED enum err gpadl_begin(struct gpadl_table *t, const struct vmbus_gpadl_header *header, const uint64_t *pfn,
                                 uint32_t count, bool *done);

/* More page numbers for the growing list `id`; *relid says whose it is. Errors
 * as above; ERR_NOT_FOUND: no such list is growing, and nothing is to be said. */
ERR_CHECKED enum err gpadl_continue(struct gpadl_table *t, uint32_t id, const uint64_t *pfn, uint32_t count,
                                    uint32_t *relid, bool *done);

/* The list of that handle and owner in state GPADL_READY, or NULL. */
struct gpadl *gpadl_find(struct gpadl_table *t, uint32_t relid, uint32_t id);

/* The list of that handle and owner, ready or leaving, held once more; or NULL. For
 * a holder that comes back with a saved state. */
struct gpadl *gpadl_hold_again(struct gpadl_table *t, uint32_t relid, uint32_t id);

/* Who uses the pages holds the list. */
void gpadl_hold(struct gpadl *g);
void gpadl_release(struct gpadl *g);

/* The guest wants the list back. It becomes GPADL_TORN, at once or when its last
 * holder lets go. ERR_NOT_FOUND: no such list, or one of another channel, or
 * it leaves already. */
ERR_CHECKED enum err gpadl_tear_down(struct gpadl_table *t, uint32_t relid, uint32_t id);

/* A list in state GPADL_TORN, or NULL; gpadl_forget frees it. */
struct gpadl *gpadl_next_torn(struct gpadl_table *t);
void gpadl_forget(struct gpadl_table *t, struct gpadl *g);

/* Frees the lists of one channel, or all with relid 0. Nobody may hold them. */
void gpadl_forget_all(struct gpadl_table *t, uint32_t relid);

/* Brings a saved list back, of which state, numbers and sizes are looked at, not
 * the pointers; `pfn` has as many numbers as had arrived, at any alignment.
 * ERR_RANGE, ERR_STATE, ERR_MEMORY as gpadl_begin. */
ERR_CHECKED enum err gpadl_restore(struct gpadl_table *t, const struct gpadl *saved, const void *pfn);
