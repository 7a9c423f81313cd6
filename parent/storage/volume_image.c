/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A table says for every page of the image where its bytes are. Copies are cut
 * from a few large runs, since the parent's allocator counts runs; a run without a
 * copy in use goes back.
 */
#include "storage/volume_image.h"

#include <stdlib.h>
#include <string.h>
#include "runtime/memory.h"
#include "vmbus/shared_memory.h"

#define BLOCK_SIZE       512u
#define PAGE_OWN         0u /* as in the image */
#define PAGE_ZERO        1u
#define PAGE_COPY        2u
#define EXTENT_PAGES_MIN 64u

static struct volume_image *image_of(struct volume *v) { return (struct volume_image *)v; }

/* Where in a request's memory we are. */
struct cursor {
	const struct volume_segment *segment;
	uint32_t offset;
};

/* The next run of at most `size` bytes, and past it. */
static uint8_t *take_run(struct cursor *c, uint32_t *size) {
	uint8_t *memory;

	while (c->offset == c->segment->size) {
		c->segment++;
		c->offset = 0;
	}
	memory = c->segment->memory + c->offset;
	if (*size > c->segment->size - c->offset)
		*size = c->segment->size - c->offset;
	c->offset += *size;
	return memory;
}

static void copy_to(struct cursor *c, const uint8_t *from, uint32_t size) {
	while (size > 0) {
		uint32_t run = size;
		uint8_t *memory = take_run(c, &run);

		shared_write(memory, from, run);
		from += run;
		size -= run;
	}
}

static void copy_from(struct cursor *c, uint8_t *to, uint32_t size) {
	while (size > 0) {
		uint32_t run = size;
		const uint8_t *memory = take_run(c, &run);

		shared_read(to, memory, run);
		to += run;
		size -= run;
	}
}

static uint8_t *copy_at(const struct volume_image *image, uint32_t copy) {
	return image->extent[copy / image->extent_pages].memory +
	       (size_t)(copy % image->extent_pages) * VOLUME_IMAGE_PAGE;
}

/* The page's bytes. Behind the end of the image there are none. */
static const uint8_t *page_at(const struct volume_image *image, uint64_t page) {
	static const uint8_t zeros[VOLUME_IMAGE_PAGE];
	uint32_t where = image->map == NULL ? PAGE_OWN : image->map[page];

	if (where == PAGE_ZERO)
		return zeros;
	return where == PAGE_OWN ? image->data + page * VOLUME_IMAGE_PAGE : copy_at(image, where - PAGE_COPY);
}

/* A copy that is not in use in this extent, which has one. */
static uint32_t find_free(const struct volume_image *image, unsigned extent) {
	uint32_t copy = extent * image->extent_pages;

	while (image->used[copy / 64] & 1ull << copy % 64)
		copy += image->used[copy / 64] == UINT64_MAX ? 64 - copy % 64 : 1;
	return copy;
}

static bool take_extent(struct volume_image *image, unsigned extent) {
	image->extent[extent].memory =
	    memory_pointer(memory_take((uint64_t)image->extent_pages * VOLUME_IMAGE_PAGE, VOLUME_IMAGE_PAGE));
	return image->extent[extent].memory != NULL;
}

/* The number of a new copy, contents undefined. False: the limit is reached, or
 * there is no memory. */
static bool take_copy(struct volume_image *image, uint32_t *copy) {
	unsigned extent = 0, taken = VOLUME_IMAGE_EXTENTS;

	if (image->copy_count == image->copy_limit)
		return false;
	for (; extent < VOLUME_IMAGE_EXTENTS; extent++) {
		if (image->extent[extent].memory != NULL && image->extent[extent].count < image->extent_pages)
			break;
		if (image->extent[extent].memory == NULL && taken == VOLUME_IMAGE_EXTENTS)
			taken = extent;
	}
	if (extent == VOLUME_IMAGE_EXTENTS) {
		extent = taken;
		if (extent == VOLUME_IMAGE_EXTENTS || !take_extent(image, extent))
			return false;
	}
	*copy = find_free(image, extent);
	image->used[*copy / 64] |= 1ull << *copy % 64;
	image->extent[extent].count++;
	image->copy_count++;
	return true;
}

static void give_extent(struct volume_image *image, unsigned extent) {
	memory_give((uint64_t)(uintptr_t)image->extent[extent].memory,
	            (uint64_t)image->extent_pages * VOLUME_IMAGE_PAGE);
	image->extent[extent].memory = NULL;
}

static void give_copy(struct volume_image *image, uint32_t copy) {
	unsigned extent = copy / image->extent_pages;

	image->used[copy / 64] &= ~(1ull << copy % 64);
	image->copy_count--;
	if (--image->extent[extent].count == 0)
		give_extent(image, extent);
}

static uint32_t bytes_in_page(const struct volume_image *image, uint64_t page) {
	uint64_t left = image->size - page * VOLUME_IMAGE_PAGE;

	return left < VOLUME_IMAGE_PAGE ? (uint32_t)left : VOLUME_IMAGE_PAGE;
}

/* The page as a copy, with the bytes that it had. NULL: no space. */
static uint8_t *writable_page(struct volume_image *image, uint64_t page) {
	uint32_t copy;

	if (image->map[page] < PAGE_COPY) {
		if (!take_copy(image, &copy))
			return NULL;
		memcpy(copy_at(image, copy), page_at(image, page), bytes_in_page(image, page));
		image->map[page] = PAGE_COPY + copy;
	}
	return copy_at(image, image->map[page] - PAGE_COPY);
}

static void zero_page(struct volume_image *image, uint64_t page) {
	if (image->map[page] >= PAGE_COPY)
		give_copy(image, image->map[page] - PAGE_COPY);
	image->map[page] = PAGE_ZERO;
}

/* A part of one page: what all requests are made of. */
struct part {
	uint64_t page;
	uint32_t offset;
	uint32_t size;
};

static enum volume_result write_part(struct volume_image *image, const struct part *part, struct cursor *c) {
	uint8_t *page = writable_page(image, part->page);

	if (page == NULL)
		return VOLUME_NO_SPACE;
	copy_from(c, page + part->offset, part->size);
	return VOLUME_OK;
}

static enum volume_result zero_part(struct volume_image *image, const struct part *part) {
	uint8_t *page;

	if (part->size == bytes_in_page(image, part->page)) {
		zero_page(image, part->page);
		return VOLUME_OK;
	}
	if (image->map[part->page] == PAGE_ZERO)
		return VOLUME_OK;
	page = writable_page(image, part->page);
	if (page == NULL)
		return VOLUME_NO_SPACE;
	memset(page + part->offset, 0, part->size);
	return VOLUME_OK;
}

static enum volume_result do_part(struct volume_image *image, enum volume_operation operation, const struct part *part,
                                  struct cursor *c) {
	switch (operation) {
	case VOLUME_READ:
		copy_to(c, page_at(image, part->page) + part->offset, part->size);
		break;
	case VOLUME_WRITE:
		return write_part(image, part, c);
	case VOLUME_ZERO:
		return zero_part(image, part);
	case VOLUME_DISCARD: /* parts of pages stay */
		if (part->size == bytes_in_page(image, part->page))
			zero_page(image, part->page);
		break;
	case VOLUME_FLUSH:
		break;
	}
	return VOLUME_OK;
}

static void submit(struct volume *v, struct volume_request *r) {
	struct volume_image *image = image_of(v);
	bool is_change = r->operation != VOLUME_READ && r->operation != VOLUME_FLUSH;
	uint64_t at = r->block * BLOCK_SIZE, left = r->count * BLOCK_SIZE;
	struct cursor cursor = {r->segment, 0};
	enum volume_result result = is_change && v->is_read_only ? VOLUME_FAILED : VOLUME_OK;

	while (left > 0 && result == VOLUME_OK) {
		struct part part = {.page = at / VOLUME_IMAGE_PAGE, .offset = (uint32_t)(at % VOLUME_IMAGE_PAGE)};

		part.size = VOLUME_IMAGE_PAGE - part.offset;
		if (part.size > left)
			part.size = (uint32_t)left;
		result = do_part(image, r->operation, &part, &cursor);
		at += part.size;
		left -= part.size;
	}
	r->done(r, result);
}

static bool make_tables(struct volume_image *image, uint64_t copy_size) {
	uint64_t limit = copy_size / VOLUME_IMAGE_PAGE;
	uint64_t extent_pages;

	image->page_count = (image->size + VOLUME_IMAGE_PAGE - 1) / VOLUME_IMAGE_PAGE;
	limit = limit < image->page_count ? limit : image->page_count;
	if (limit > UINT32_MAX / 2)
		return false;
	extent_pages = (limit + VOLUME_IMAGE_EXTENTS - 1) / VOLUME_IMAGE_EXTENTS;
	image->extent_pages = extent_pages > EXTENT_PAGES_MIN ? (uint32_t)extent_pages : EXTENT_PAGES_MIN;
	image->copy_limit = (uint32_t)limit;
	image->map = calloc(image->page_count, sizeof(*image->map));
	image->used = calloc((size_t)image->extent_pages * VOLUME_IMAGE_EXTENTS / 64 + 1, sizeof(*image->used));
	return image->map != NULL && image->used != NULL;
}

enum err volume_image_init(struct volume_image *image, const uint8_t *data, uint64_t size, uint64_t copy_size,
                           struct err_text *text) {
	bool is_copied = copy_size > 0;

	if (size == 0 || size % BLOCK_SIZE != 0)
		return err_set(text, ERR_FORMAT, "the image has %llu bytes, which is no whole number of blocks of 512",
		               (unsigned long long)size);
	*image = (struct volume_image){.data = data, .size = size};
	image->volume = (struct volume){
	    .submit = submit,
	    .block_count = size / BLOCK_SIZE,
	    .block_size = BLOCK_SIZE,
	    .physical_block_size = VOLUME_IMAGE_PAGE,
	    .is_read_only = !is_copied,
	    .can_discard = is_copied,
	    .completes_inside = true,
	};
	if (is_copied && !make_tables(image, copy_size)) {
		volume_image_destroy(image);
		return err_set(text, ERR_MEMORY, "there is no memory for the tables of an image of %llu MiB",
		               (unsigned long long)(size >> 20));
	}
	return ERR_NONE;
}

void volume_image_destroy(struct volume_image *image) {
	for (unsigned i = 0; i < VOLUME_IMAGE_EXTENTS; i++)
		if (image->extent[i].memory != NULL)
			give_extent(image, i);
	free(image->map);
	free(image->used);
	image->map = NULL;
	image->used = NULL;
}
