/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* [NVMe 1.4 6 "NVM Command Set", 4.3 "Physical Region Page Entry and List"] */
#include "drivers/nvme_command.h"
#include <stddef.h>

_Static_assert(NVME_LIST_ENTRIES + 1 == DISK_RUNS_MAX, "one entry stands in the command itself");

static uint64_t physical(const void *pointer) { return (uint64_t)(uintptr_t)pointer; }

/* One page: PRP 1. Two: both. More: PRP 2 is a list. */
static void point(const struct disk_command *from, uint64_t *list, struct nvme_command *command) {
	command->prp1 = from->run[0].address;
	if (from->run_count == 2)
		command->prp2 = from->run[1].address;
	if (from->run_count <= 2)
		return;
	for (unsigned i = 1; i < from->run_count; i++)
		list[i - 1] = from->run[i].address;
	command->prp2 = physical(list);
}

static void set_blocks(const struct disk_command *from, struct nvme_command *command) {
	command->dword[0] = (uint32_t)from->block;
	command->dword[1] = (uint32_t)(from->block >> 32);
	command->dword[2] = (uint32_t)(from->count - 1);
}

/* [NVMe 1.4 6.7 "Dataset Management command"]: one range of attributes, length, start. */
static void set_range(const struct disk_command *from, uint64_t *list, struct nvme_command *command) {
	list[0] = from->count << 32;
	list[1] = from->block;
	command->prp1 = physical(list);
	command->dword[0] = 0; /* ranges, less one */
	command->dword[1] = NVME_DEALLOCATE;
}

void nvme_command_make(const struct disk_command *from, uint64_t *list, struct nvme_command *command) {
	static const uint8_t opcodes[] = {
	    [VOLUME_READ] = NVME_READ,         [VOLUME_WRITE] = NVME_WRITE,
	    [VOLUME_FLUSH] = NVME_FLUSH,       [VOLUME_DISCARD] = NVME_DATASET_MANAGEMENT,
	    [VOLUME_ZERO] = NVME_WRITE_ZEROES,
	};

	*command = (struct nvme_command){
	    .opcode = opcodes[from->operation] | (uint32_t)from->tag << 16,
	    .nsid = from->disk->unit,
	};
	switch (from->operation) {
	case VOLUME_READ:
	case VOLUME_WRITE:
		point(from, list, command);
		set_blocks(from, command);
		command->dword[2] |= from->is_durable ? NVME_FORCE_UNIT_ACCESS : 0;
		break;
	case VOLUME_ZERO:
		set_blocks(from, command);
		break;
	case VOLUME_DISCARD:
		set_range(from, list, command);
		break;
	case VOLUME_FLUSH:
		break;
	}
}

enum volume_result nvme_command_result(const struct nvme_completion *completion, bool *may_retry) {
	*may_retry = !(completion->status & NVME_DO_NOT_RETRY);
	if (NVME_STATUS(completion) == 0)
		return VOLUME_OK;
	if (NVME_STATUS(completion) == NVME_STATUS_NO_CAPACITY) {
		*may_retry = false;
		return VOLUME_NO_SPACE;
	}
	return VOLUME_FAILED;
}
