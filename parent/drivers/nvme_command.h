/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Commands of the NVM command set from what a disk shall do. Pure. */
#pragma once

#include "drivers/disk_queue.h"
#include "drivers/nvme_registers.h"

/* Entries of a command's own list: of pages, or of ranges to discard. */
#define NVME_LIST_ENTRIES 64u

/* `list` is the slot's, NVME_LIST_ENTRIES words inside one page of memory. */
void nvme_command_make(const struct disk_command *from, uint64_t *list, struct nvme_command *command);

/* What a completion's status means for its request. */
enum volume_result nvme_command_result(const struct nvme_completion *completion, bool *may_retry);
