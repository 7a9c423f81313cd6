/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Files of the EFI system partition that the loader itself came from. */
#pragma once

#include "loader/handoff.h"

struct file {
	void *data;    /* whole pages, from firmware_allocate() */
	uint64_t size; /* exact bytes of the file */
};

/* Opens the partition, or fails. */
void files_open_volume(void);

/* Closes what is open. */
void files_close(void);

/* Reads the whole file at `path` (from the root, with slashes), or fails; `what`
 * names it then. Empty files and ones above max_size bytes are refused. */
struct file files_read(const char *what, const char *path, uint64_t max_size, enum handoff_memory_type type);
