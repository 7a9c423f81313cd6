/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The host's volumes by name, and who has them open:
 *   disk:NAME     a whole disk, as its driver calls it
 *   label:NAME    a GPT partition by its label, on whichever disk
 *   image:MODULE  a file that the loader loaded
 * Any block has one writer and then no reader, or readers only: a partition that is
 * open for writing shuts out its whole disk, and the other way round. Copies on
 * write are private, so their images are read only. Management VP only, but for
 * adding disks, which ends before that VP starts.
 */
#pragma once

#include <stddef.h>
#include "runtime/err.h"
#include "storage/volume_image.h"
#include "storage/volume_slice.h"

#define VOLUME_DISKS_MAX      16u
#define VOLUME_DISK_NAME_SIZE 32u
#define VOLUME_NAME_SIZE      128u
#define VOLUME_HOLDER_SIZE    64u
#define VOLUME_LINE_SIZE      256u

struct gpt;
struct volume_scan; /* private */

struct volume_disk {
	char name[VOLUME_DISK_NAME_SIZE];
	struct volume *volume;    /* its driver's */
	struct volume_scan *scan; /* NULL: not scanned yet */
	const struct gpt *gpt;    /* NULL: no partitions are known */
};

struct volume_opening {
	struct volume_slice slice; /* what the opener uses: slice.volume */
	struct volume_opening *next;
	char name[VOLUME_NAME_SIZE];
	char holder[VOLUME_HOLDER_SIZE];
	enum volume_access access;
	struct volume_disk *disk; /* NULL: an image */
	struct volume_image image;
};

struct hv_boot_module;
typedef const struct hv_boot_module *volume_find_module_t(const char *name);

struct volume_registry {
	volume_find_module_t *find_module;
	struct volume_disk disk[VOLUME_DISKS_MAX];
	unsigned disk_count;
	struct volume_opening *opening;
};

void volume_registry_init(struct volume_registry *r, volume_find_module_t *find_module);

/* `volume` is one that completes later (volume.h); it stays for ever. ERR_MEMORY: the table is
 * full. ERR_STATE: there is a disk of that name. ERR_FORMAT: no name, or too long. */
ERR_CHECKED enum err volume_registry_add_disk(struct volume_registry *r, const char *name, struct volume *volume,
                                              struct err_text *text);

/* Reads the partition tables of all disks that were not scanned yet, and calls `pause`
 * while a disk has not answered, until that returns false; completions run on
 * other VPs meanwhile. What was found, and what is wrong, are lines in the log. A disk
 * that does not answer has no partitions until the host starts again. */
void volume_registry_scan(struct volume_registry *r, bool (*pause)(void *context), void *context);

/* Opens `name` for `holder`, a VM's name. `copy_size` counts for
 * VOLUME_COPY_ON_WRITE only: bytes of memory that may be written. `owner` may be NULL.
 * ERR_FORMAT: no such kind of name, or an image of no whole blocks. ERR_NOT_FOUND. ERR_STATE:
 * somebody has it open, or two partitions have the label. ERR_UNSUPPORTED: an access
 * that the volume does not have. ERR_MEMORY. With a sentence; nothing is held then. */
ERR_CHECKED enum err volume_registry_open(struct volume_registry *r, const char *name, enum volume_access access,
                                          uint64_t copy_size, const char *holder, const struct volume_owner *owner,
                                          struct volume_opening **opening, struct err_text *text);

/* Frees the opening, which must be stopped and idle (volume_slice.h). */
void volume_registry_close(struct volume_registry *r, struct volume_opening *opening);

/* Line `index` of a list of all disks, partitions and open images: name, size,
 * access and holders. False: past the last. */
bool volume_registry_line(const struct volume_registry *r, unsigned index, char line[VOLUME_LINE_SIZE]);

/* "ro", "rw" or "cow". */
const char *volume_access_name(enum volume_access access);
