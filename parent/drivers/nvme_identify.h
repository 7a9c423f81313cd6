/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a controller and its namespaces say of themselves, judged. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "drivers/disk_queue.h"
#include "runtime/err.h"

#define NVME_IDENTIFY_SIZE 4096u
#define NVME_SERIAL_SIZE   21u

struct nvme_identity {
	char model[DISK_MODEL_SIZE];
	char serial[NVME_SERIAL_SIZE];
	uint32_t transfer_size; /* bytes, at most DISK_TRANSFER_MAX */
	uint32_t namespaces;    /* numbers go up to it */
	bool has_zeroes;
	bool has_discard;
	bool has_write_cache;
};

/* [NVMe 1.4 5.15.2.2 "Identify Controller data structure"]. ERR_UNSUPPORTED with a
 * sentence: it does no I/O, or has other sizes of queue entries. */
ERR_CHECKED enum err nvme_identify_controller(const uint8_t *data, struct nvme_identity *identity,
                                              struct err_text *text);

/* [NVMe 1.4 5.15.2.1 "Identify Namespace data structure"] into volume, limits and model of `disk`, whose
 * unit is set. ERR_NOT_FOUND the namespace is not active, ERR_UNSUPPORTED with a
 * sentence: blocks that we cannot serve. */
ERR_CHECKED enum err nvme_identify_namespace(const uint8_t *data, const struct nvme_identity *identity,
                                             struct disk *disk, struct err_text *text);
