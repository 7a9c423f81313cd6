/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any headers, bodies, holds and ends of lists of pages. 16 bytes are one
 * operation. Every page of a list that is ready lies in the guest's memory, and
 * the pages counted are the pages there are.
 */
#include <stdlib.h>
#include <string.h>
#include "vmbus/gpadl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGES 8u

static uint8_t ram[PAGES][HV_PAGE_SIZE];
static struct gpadl_table table;

static void require(bool holds) {
	if (!holds)
		abort();
}

static void check_table(void) {
	uint32_t pages = 0;

	for (unsigned i = 0; i < GPADL_COUNT; i++) {
		const struct gpadl *g = &table.list[i];

		pages += g->page_count;
		if (g->state != GPADL_READY)
			continue;
		require(g->arrived == g->page_count);
		require(g->byte_offset + (uint64_t)g->byte_count <= (uint64_t)g->page_count * HV_PAGE_SIZE);
		for (uint32_t p = 0; p < g->page_count; p++)
			require(g->page[p] >= ram[0] && g->page[p] <= ram[PAGES - 1]);
	}
	require(pages == table.pages_used && pages <= GPADL_PAGES_MAX);
}

static void end_all(void) {
	for (unsigned i = 0; i < GPADL_COUNT; i++)
		while (table.list[i].holders > 0)
			gpadl_release(&table.list[i]);
	gpadl_forget_all(&table, 0);
	require(table.pages_used == 0);
}

static void step(const uint8_t *op) {
	uint32_t relid = op[1] % 2 + 1u, id = op[2] % 4, seen;
	uint64_t pfn[28];
	struct vmbus_gpadl_header header = {.relid = relid, .gpadl = id};
	struct gpadl *g;
	bool done;

	for (unsigned i = 0; i < 28; i++)
		pfn[i] = op[3] == 0xff && i == 5 ? ~0ull : (op[3] + i) % (PAGES + (op[3] == 0xfe));
	switch (op[0] % 6) {
	case 0:
		header.range_count = op[4] == 0xff ? 2 : 1;
		memcpy(&header.byte_count, op + 5, 4);
		header.byte_count >>= op[4] % 32;
		memcpy(&header.byte_offset, op + 9, 2);
		(void)!gpadl_begin(&table, &header, pfn, op[11] % 29, &done);
		break;
	case 1:
		(void)!gpadl_continue(&table, id, pfn, op[11] % 29, &seen, &done);
		break;
	case 2:
		(void)!gpadl_tear_down(&table, relid, id);
		break;
	case 3:
		g = gpadl_find(&table, relid, id);
		if (g != NULL)
			gpadl_hold(g);
		break;
	case 4:
		g = &table.list[op[2] % 4];
		if (g->holders > 0)
			gpadl_release(g);
		break;
	default:
		g = gpadl_next_torn(&table);
		if (g != NULL)
			gpadl_forget(&table, g);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct guest_memory memory = {.count = 1};

	memory.extent[0].host = ram[0];
	memory.extent[0].size = sizeof(ram);
	gpadl_init(&table, &memory);
	for (size_t at = 0; at + 16 <= size; at += 16) {
		step(data + at);
		check_table();
	}
	end_all();
	return 0;
}
