/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A naive model of memory ownership, see model.h. */
#include "model.h"
#include "fake/frame_facts.h"

#include <string.h>

#include "lib/check.h"

static uint64_t pages_of(unsigned level) { return level == 1 ? 1 : 512; }

void model_init(struct model *model) {
	memset(model, 0, sizeof(*model));
	for (uint64_t n = 0; n < MODEL_FRAMES; n++) {
		model->frame[n].type = n < WORLD_KERNEL         ? FRAME_FIRMWARE
		                       : n < WORLD_PARENT       ? FRAME_KERNEL
		                       : n < world_end_of_ram() ? FRAME_PARENT
		                                                : FRAME_NONE;
	}
	for (unsigned c = 0; c < WORLD_CHILDREN; c++) {
		for (uint64_t n = 0; n < MODEL_PAGES; n++)
			model->page[c][n].frame = MODEL_NONE;
	}
}

static enum hv_status judge_type(const struct model *model, uint64_t frame) {
	if (frame >= MODEL_FRAMES || model->frame[frame].type == FRAME_NONE)
		return HV_STATUS_INVALID_PARAMETER;
	if (model->frame[frame].type != FRAME_PARENT)
		return HV_STATUS_ACCESS_DENIED;
	return HV_STATUS_SUCCESS;
}

enum hv_status model_judge_deposit(const struct model *model, uint64_t frame) {
	enum hv_status status = judge_type(model, frame);

	if (status == HV_STATUS_SUCCESS && model->frame[frame].mappings > 0)
		return HV_STATUS_OBJECT_IN_USE;
	return status;
}

enum hv_status model_judge_map(const struct model *model, unsigned child, uint64_t gpfn, uint64_t frame,
                               unsigned level) {
	uint32_t id = WORLD_CHILD_ID + child;

	if (gpfn % pages_of(level) != 0 || frame % pages_of(level) != 0)
		return HV_STATUS_INVALID_PARAMETER;
	if (frame + pages_of(level) > MODEL_FRAMES)
		return HV_STATUS_INVALID_PARAMETER;
	for (uint64_t n = frame; n < frame + pages_of(level); n++) {
		const struct model_frame *f = &model->frame[n];

		if (judge_type(model, n) != HV_STATUS_SUCCESS)
			return judge_type(model, n);
		if (f->soiled_by != 0 && f->soiled_by != id)
			return f->mappings > 0 ? HV_STATUS_OBJECT_IN_USE : HV_STATUS_OPERATION_DENIED;
	}
	for (uint64_t n = gpfn; n < gpfn + pages_of(level); n++) {
		if (model->page[child][n].frame != MODEL_NONE)
			return HV_STATUS_OBJECT_IN_USE;
	}
	return HV_STATUS_SUCCESS;
}

enum hv_status model_judge_scrub(const struct model *model, uint64_t frame, uint64_t count) {
	bool needs_flush = false;

	if (frame + count > MODEL_FRAMES)
		return HV_STATUS_INVALID_PARAMETER;
	for (uint64_t n = frame; n < frame + count; n++) {
		enum hv_status status = model_judge_deposit(model, n);

		if (status != HV_STATUS_SUCCESS)
			return status;
		needs_flush |= model->frame[n].needs_flush;
	}
	return needs_flush ? HV_STATUS_OBJECT_IN_USE : HV_STATUS_SUCCESS;
}

void model_map(struct model *model, unsigned child, uint64_t gpfn, uint64_t frame, unsigned level, uint32_t access) {
	for (uint64_t i = 0; i < pages_of(level); i++) {
		model->page[child][gpfn + i].frame = frame + i;
		model->page[child][gpfn + i].access = access;
		model->frame[frame + i].soiled_by = WORLD_CHILD_ID + child;
		model->frame[frame + i].mappings++;
	}
}

void model_unmap(struct model *model, unsigned child, uint64_t gpfn, unsigned level) {
	for (uint64_t i = 0; i < pages_of(level); i++) {
		struct model_page *page = &model->page[child][gpfn + i];

		if (page->frame == MODEL_NONE)
			continue;
		model->frame[page->frame].mappings--;
		model->frame[page->frame].needs_flush = true;
		page->frame = MODEL_NONE;
	}
}

void model_overlay_set(struct model *model, unsigned child, uint64_t gpfn, uint64_t frame, uint32_t access) {
	struct model_page *page = &model->page[child][gpfn];

	check(page->overlay_count < MODEL_OVERLAYS);
	page->overlay[page->overlay_count] = frame;
	page->overlay_access[page->overlay_count++] = access;
}

void model_overlay_clear(struct model *model, unsigned child, uint64_t gpfn, uint64_t frame) {
	struct model_page *page = &model->page[child][gpfn];
	unsigned kept = 0;

	for (unsigned i = 0; i < page->overlay_count; i++) {
		if (page->overlay[i] == frame)
			continue;
		page->overlay[kept] = page->overlay[i];
		page->overlay_access[kept++] = page->overlay_access[i];
	}
	check(kept == page->overlay_count - 1);
	page->overlay_count = kept;
	model->frame[frame].needs_flush = true;
}

void model_flush(struct model *model) {
	for (uint64_t n = 0; n < MODEL_FRAMES; n++)
		model->frame[n].needs_flush = false;
}

void model_compare_page(const struct model *model, const struct world *world, unsigned child, uint64_t gpfn) {
	const struct model_page *page = &model->page[child][gpfn];
	uint64_t frame = page->frame;
	uint32_t access = page->access;
	struct gpa_translation to;
	enum hv_status status = world_translate(&world->child[child].space, gpa(gpfn << PAGE_SHIFT), 0, &to);

	if (page->overlay_count > 0) {
		frame = page->overlay[page->overlay_count - 1];
		access = page->overlay_access[page->overlay_count - 1];
	}
	if (frame == MODEL_NONE) {
		check(status == HV_STATUS_NOT_FOUND);
		return;
	}
	check(status == HV_STATUS_SUCCESS);
	check(spa_to_sfn(to.spa).v == frame);
	check(to.access == access);
}

static void compare_frame(const struct model *model, const struct world *world, uint64_t n) {
	const struct model_frame *m = &model->frame[n];
	struct frame *f = &frame_table.frames[n];

	if (m->type == FRAME_KERNEL) /* the parent's own pool */
		check(f->partition == WORLD_PARENT_ID);
	else if (m->type == FRAME_POOL)
		check(f->type == FRAME_POOL || f->type == FRAME_TABLE);
	else
		check(frame_type(f) == m->type);
	if (m->owner != 0)
		check(f->partition == m->owner);
	if (m->type == FRAME_PARENT) {
		check(frame_soiled_by(f) == m->soiled_by);
		check(frame_mapping_count(f) == m->mappings);
		check(frame_is_flushed(f) == !m->needs_flush);
	}
	check((world_frame_at(&world->parent, n) == n) == (m->type == FRAME_PARENT || m->type == FRAME_SHARED ||
	                                                   m->type == FRAME_FIRMWARE || m->type == FRAME_NONE));
}

void model_compare(const struct model *model, const struct world *world) {
	for (uint64_t n = 0; n < MODEL_FRAMES; n++)
		compare_frame(model, world, n);
	for (unsigned c = 0; c < WORLD_CHILDREN; c++) {
		check(world->child[c].pool.total_count == model->deposited[c]);
		for (uint64_t n = 0; n < MODEL_PAGES; n++)
			model_compare_page(model, world, c, n);
	}
}
