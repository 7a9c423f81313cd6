/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Names become ranges of disks, or images; then one rule decides who may have them. */
#include "storage/volume_registry.h"

#include <hv_abi/boot_info.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "runtime/invariant.h"
#include "storage/gpt.h"

#define DISK  "disk:"
#define LABEL "label:"
#define IMAGE "image:"

/* What a name stands for. */
struct range {
	struct volume_disk *disk; /* NULL: an image */
	uint64_t first, count;
	const uint8_t *id; /* NULL: the disk's */
	const struct hv_boot_module *module;
};

const char *volume_access_name(enum volume_access access) {
	switch (access) {
	case VOLUME_READ_ONLY:
		return "ro";
	case VOLUME_READ_WRITE:
		return "rw";
	case VOLUME_COPY_ON_WRITE:
		return "cow";
	}
	return "?";
}

void volume_registry_init(struct volume_registry *r, volume_find_module_t *find_module) {
	*r = (struct volume_registry){.find_module = find_module};
}

static struct volume_disk *find_disk(struct volume_registry *r, const char *name) {
	for (unsigned i = 0; i < r->disk_count; i++)
		if (strcmp(r->disk[i].name, name) == 0)
			return &r->disk[i];
	return NULL;
}

enum err volume_registry_add_disk(struct volume_registry *r, const char *name, struct volume *volume,
                                  struct err_text *text) {
	struct volume_disk *disk = &r->disk[r->disk_count];

	if (name[0] == '\0' || strlen(name) >= VOLUME_DISK_NAME_SIZE)
		return err_set(text, ERR_FORMAT, "'%.40s' is no name for a disk", name);
	if (find_disk(r, name) != NULL)
		return err_set(text, ERR_STATE, "there is a disk '%s' already", name);
	if (r->disk_count == VOLUME_DISKS_MAX)
		return err_set(text, ERR_MEMORY, "disk %s is left out: there are %u already", name, VOLUME_DISKS_MAX);
	*disk = (struct volume_disk){.volume = volume};
	memcpy(disk->name, name, strlen(name) + 1);
	r->disk_count++;
	return ERR_NONE;
}

static enum err find_label(struct volume_registry *r, const char *label, struct range *range, struct err_text *text) {
	const struct gpt_partition *found = NULL;

	for (unsigned d = 0; d < r->disk_count; d++) {
		const struct gpt *gpt = r->disk[d].gpt;

		for (unsigned i = 0; gpt != NULL && i < gpt->count; i++) {
			const struct gpt_partition *p = &gpt->partition[i];

			if (p->label[0] == '\0' || strcmp(p->label, label) != 0)
				continue;
			if (found != NULL)
				return err_set(text, ERR_STATE,
				               "two partitions have the label '%.40s': %u of disk %s and %u of disk %s",
				               label, found->number, range->disk->name, p->number, r->disk[d].name);
			found = p;
			*range = (struct range){.disk = &r->disk[d], .first = p->first, .count = p->count, .id = p->id};
		}
	}
	if (found == NULL)
		return err_set(text, ERR_NOT_FOUND, "no partition has the label '%.60s'; 'volumes' lists them", label);
	return ERR_NONE;
}

static enum err find(struct volume_registry *r, const char *name, struct range *range, struct err_text *text) {
	*range = (struct range){0};
	if (strncmp(name, DISK, strlen(DISK)) == 0) {
		range->disk = find_disk(r, name + strlen(DISK));
		if (range->disk == NULL)
			return err_set(text, ERR_NOT_FOUND, "there is no disk '%.60s'; 'volumes' lists them",
			               name + strlen(DISK));
		range->count = range->disk->volume->block_count;
		return ERR_NONE;
	}
	if (strncmp(name, LABEL, strlen(LABEL)) == 0)
		return find_label(r, name + strlen(LABEL), range, text);
	if (strncmp(name, IMAGE, strlen(IMAGE)) == 0) {
		range->module = r->find_module(name + strlen(IMAGE));
		if (range->module == NULL)
			return err_set(text, ERR_NOT_FOUND, "the host has no module '%.60s'", name + strlen(IMAGE));
		return ERR_NONE;
	}
	return err_set(text, ERR_FORMAT, "'%.60s' is no volume: names begin with disk:, label: or image:", name);
}

static enum err judge_access(const char *name, const struct range *range, enum volume_access access,
                             struct err_text *text) {
	if (range->disk == NULL && access == VOLUME_READ_WRITE)
		return err_set(text, ERR_UNSUPPORTED, "'%.60s' is an image: it is opened ro or cow", name);
	if (range->disk != NULL && access == VOLUME_COPY_ON_WRITE)
		return err_set(text, ERR_UNSUPPORTED, "'%.60s' is no image: it is opened ro or rw", name);
	if (range->disk != NULL && access == VOLUME_READ_WRITE && range->disk->volume->is_read_only)
		return err_set(text, ERR_UNSUPPORTED, "'%.60s' is on disk %s, which is read-only", name,
		               range->disk->name);
	return ERR_NONE;
}

/* The rule: a writer is alone on its blocks. Images are never written. */
static enum err judge_holders(const struct volume_registry *r, const char *name, const struct range *range,
                              enum volume_access access, struct err_text *text) {
	for (const struct volume_opening *o = r->opening; range->disk != NULL && o != NULL; o = o->next) {
		const struct volume_slice *s = &o->slice;
		bool overlaps = o->disk == range->disk && s->first < range->first + range->count &&
		                range->first < s->first + s->volume.block_count;

		if (overlaps && (access == VOLUME_READ_WRITE || o->access == VOLUME_READ_WRITE))
			return err_set(text, ERR_STATE, "'%.40s' cannot be opened %s: VM '%.32s' has '%.40s' open %s",
			               name, volume_access_name(access), o->holder, o->name,
			               volume_access_name(o->access));
	}
	return ERR_NONE;
}

/* [FNV-1a, 64 bits] */
static uint64_t hash(uint64_t seed, const char *text) {
	for (; *text != '\0'; text++)
		seed = (seed ^ (uint8_t)*text) * 0x100000001b3;
	return seed;
}

/* An image's id comes from its name, a copy's from its holder's as well. */
static void make_id(const struct volume_opening *o, uint8_t id[16]) {
	static const uint64_t seed[2] = {0xcbf29ce484222325, 0x9ae16a3b2f90404f};

	for (unsigned i = 0; i < 2; i++) {
		uint64_t half = hash(seed[i], o->name);

		if (o->access == VOLUME_COPY_ON_WRITE)
			half = hash(half ^ 0xff, o->holder);
		memcpy(id + 8 * i, &half, 8);
	}
}

static enum err make_volume(struct volume_opening *o, const struct range *range, uint64_t copy_size,
                            const struct volume_owner *owner, struct err_text *text) {
	bool is_read_only = o->access == VOLUME_READ_ONLY;
	enum err error;

	if (range->disk != NULL) {
		volume_slice_init(&o->slice, range->disk->volume, range->first, range->count, is_read_only, owner);
		if (range->id != NULL)
			memcpy(o->slice.volume.id, range->id, sizeof(o->slice.volume.id));
		return ERR_NONE;
	}
	error = volume_image_init(&o->image, (const uint8_t *)(uintptr_t)range->module->base, range->module->size,
	                          is_read_only ? 0 : copy_size, text);
	if (error != ERR_NONE)
		return error;
	make_id(o, o->image.volume.id);
	volume_slice_init(&o->slice, &o->image.volume, 0, o->image.volume.block_count, is_read_only, owner);
	return ERR_NONE;
}

enum err volume_registry_open(struct volume_registry *r, const char *name, enum volume_access access,
                              uint64_t copy_size, const char *holder, const struct volume_owner *owner,
                              struct volume_opening **opening, struct err_text *text) {
	struct volume_opening *o;
	struct range range;
	enum err error = find(r, name, &range, text);

	if (error == ERR_NONE)
		error = judge_access(name, &range, access, text);
	if (error == ERR_NONE)
		error = judge_holders(r, name, &range, access, text);
	if (error != ERR_NONE)
		return error;
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return err_set(text, ERR_MEMORY, "there is no memory to open '%.60s'", name);
	(void)snprintf(o->name, sizeof(o->name), "%s", name);
	(void)snprintf(o->holder, sizeof(o->holder), "%s", holder);
	o->access = access;
	o->disk = range.disk;
	error = make_volume(o, &range, copy_size, owner, text);
	if (error != ERR_NONE) {
		free(o);
		return error;
	}
	o->next = r->opening;
	r->opening = o;
	*opening = o;
	return ERR_NONE;
}

void volume_registry_close(struct volume_registry *r, struct volume_opening *opening) {
	struct volume_opening **link = &r->opening;

	invariant(volume_slice_is_idle(&opening->slice));
	while (*link != NULL && *link != opening)
		link = &(*link)->next;
	invariant(*link == opening);
	*link = opening->next;
	if (opening->disk == NULL)
		volume_image_destroy(&opening->image);
	free(opening);
}
