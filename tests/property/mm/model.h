/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A naive model of memory ownership: flat arrays, one cell per frame and per
 * guest page, no tables, no leaves, no pools. It says what each operation of
 * kernel/mm must answer, and what must be so afterwards.
 */
#pragma once

#include "fake/mm_world.h"

#define MODEL_FRAMES   4096u
#define MODEL_PAGES    2560u /* guest pages of each child that are used */
#define MODEL_NONE     (~0ull)
#define MODEL_OVERLAYS 12u

/* What the model knows of a frame; tables are POOL to it. */
struct model_frame {
	enum frame_type type;
	uint32_t owner;     /* POOL, OBJECT, OVERLAY, SHARED */
	uint32_t soiled_by; /* PARENT */
	uint32_t mappings;  /* PARENT: of the loan to soiled_by */
	bool needs_flush;
};

struct model_page {
	uint64_t frame; /* lent, MODEL_NONE if nothing */
	uint32_t access;
	unsigned overlay_count;
	uint64_t overlay[MODEL_OVERLAYS]; /* the last one is seen */
	uint32_t overlay_access[MODEL_OVERLAYS];
};

struct model {
	struct model_frame frame[MODEL_FRAMES];
	struct model_page page[WORLD_CHILDREN][MODEL_PAGES];
	uint64_t deposited[WORLD_CHILDREN];
};

/* The model of a world that world_create has made. */
void model_init(struct model *model);

/* The answers that the operations must give if memory for tables suffices. */
enum hv_status model_judge_deposit(const struct model *model, uint64_t frame);
enum hv_status model_judge_map(const struct model *model, unsigned child, uint64_t gpfn, uint64_t frame,
                               unsigned level);
enum hv_status model_judge_scrub(const struct model *model, uint64_t frame, uint64_t count);

/* Their effects. */
void model_map(struct model *model, unsigned child, uint64_t gpfn, uint64_t frame, unsigned level, uint32_t access);
void model_unmap(struct model *model, unsigned child, uint64_t gpfn, unsigned level);
void model_overlay_set(struct model *model, unsigned child, uint64_t gpfn, uint64_t frame, uint32_t access);
void model_overlay_clear(struct model *model, unsigned child, uint64_t gpfn, uint64_t frame);
void model_flush(struct model *model);

/* Dies unless one guest page, or everything, is in the world as in the model. */
void model_compare_page(const struct model *model, const struct world *world, unsigned child, uint64_t gpfn);
void model_compare(const struct model *model, const struct world *world);
