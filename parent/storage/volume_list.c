/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The registry as lines: every disk with its partitions, then the open images. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storage/gpt.h"
#include "storage/volume_registry.h"

struct list {
	const struct volume_registry *registry;
	unsigned skip; /* lines before the wanted one */
	char *line;
	size_t used;
};

static void add(struct list *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct list *l, const char *format, ...) {
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->line + l->used, VOLUME_LINE_SIZE - l->used, format, args);
	va_end(args);
	if (n > 0)
		l->used += (size_t)n < VOLUME_LINE_SIZE - l->used ? (size_t)n : VOLUME_LINE_SIZE - l->used - 1;
}

static void add_size(struct list *l, const char *name, uint64_t bytes) {
	bool is_small = bytes < 10u << 20;

	add(l, "%-28s %9llu %s", name, (unsigned long long)(bytes >> (is_small ? 10 : 20)), is_small ? "KiB" : "MiB");
}

/* Who has exactly these blocks open; readers may be many. */
static void add_holders(struct list *l, const struct volume_disk *disk, uint64_t first, uint64_t count) {
	const char *separator = NULL;

	for (const struct volume_opening *o = l->registry->opening; o != NULL; o = o->next) {
		if (o->disk != disk || o->slice.first != first || o->slice.volume.block_count != count)
			continue;
		if (separator == NULL)
			add(l, "  %-3s  ", volume_access_name(o->access));
		add(l, "%s%s", separator == NULL ? "" : separator, o->holder);
		separator = ", ";
	}
	if (separator == NULL)
		add(l, "  -");
}

/* True: this is the line that is wanted. */
static bool is_next(struct list *l) { return l->skip-- == 0; }

static bool list_disk(struct list *l, const struct volume_disk *disk) {
	unsigned partitions = disk->gpt == NULL ? 0 : disk->gpt->count;
	uint32_t block_size = disk->volume->block_size;
	char name[VOLUME_NAME_SIZE];

	if (is_next(l)) {
		(void)snprintf(name, sizeof(name), "disk:%s", disk->name);
		add_size(l, name, disk->volume->block_count * block_size);
		add_holders(l, disk, 0, disk->volume->block_count);
		return true;
	}
	for (unsigned i = 0; i < partitions; i++) {
		const struct gpt_partition *p = &disk->gpt->partition[i];

		if (!is_next(l))
			continue;
		if (p->label[0] != '\0')
			(void)snprintf(name, sizeof(name), "  label:%s", p->label);
		else
			(void)snprintf(name, sizeof(name), "  partition %u, no label", p->number);
		add_size(l, name, p->count * block_size);
		add_holders(l, disk, p->first, p->count);
		return true;
	}
	return false;
}

static bool list_image(struct list *l, const struct volume_opening *o) {
	if (!is_next(l))
		return false;
	add_size(l, o->name, o->image.size);
	add(l, "  %-3s  %s", volume_access_name(o->access), o->holder);
	if (o->access == VOLUME_COPY_ON_WRITE)
		add(l, ", %u of %u KiB written", o->image.copy_count * (VOLUME_IMAGE_PAGE / 1024),
		    o->image.copy_limit * (VOLUME_IMAGE_PAGE / 1024));
	return true;
}

bool volume_registry_line(const struct volume_registry *r, unsigned index, char line[VOLUME_LINE_SIZE]) {
	struct list l = {r, index, line, 0};

	line[0] = '\0';
	for (unsigned i = 0; i < r->disk_count; i++)
		if (list_disk(&l, &r->disk[i]))
			return true;
	for (const struct volume_opening *o = r->opening; o != NULL; o = o->next)
		if (o->disk == NULL && list_image(&l, o))
			return true;
	return false;
}
