/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Registers, commands and completions [NVMe 1.4 3.1 "Register Definition", 4.2 "Submission
 * Queue Entry", 4.6 "Completion Queue Entry"]. */
#pragma once

#include <stdint.h>

#define NVME_CAP_LOW    0x00u
#define NVME_CAP_HIGH   0x04u
#define NVME_VERSION    0x08u
#define NVME_CC         0x14u
#define NVME_CSTS       0x1cu
#define NVME_AQA        0x24u
#define NVME_ASQ        0x28u
#define NVME_ACQ        0x30u
#define NVME_DOORBELLS  0x1000u

#define NVME_GONE       0xffffffffu /* what registers of a removed device read as */

#define NVME_CC_ENABLE  (1u << 0)
#define NVME_CC_SIZES   (6u << 16 | 4u << 20) /* queue entries of 64 and 16 bytes */

#define NVME_CSTS_READY (1u << 0)
#define NVME_CSTS_FATAL (1u << 1)

enum nvme_admin_opcode {
	NVME_CREATE_SQ = 0x01,
	NVME_CREATE_CQ = 0x05,
	NVME_IDENTIFY = 0x06,
	NVME_ABORT = 0x08,
	NVME_SET_FEATURES = 0x09,
};

enum nvme_opcode {
	NVME_FLUSH = 0x00,
	NVME_WRITE = 0x01,
	NVME_READ = 0x02,
	NVME_WRITE_ZEROES = 0x08,
	NVME_DATASET_MANAGEMENT = 0x09,
};

#define NVME_FEATURE_QUEUES    0x07u
#define NVME_FORCE_UNIT_ACCESS (1u << 30)
#define NVME_DEALLOCATE        (1u << 2)

struct nvme_command {
	uint32_t opcode; /* and the command identifier in the upper half */
	uint32_t nsid;
	uint64_t reserved;
	uint64_t metadata;
	uint64_t prp1;
	uint64_t prp2;
	uint32_t dword[6]; /* 10 to 15 */
};
_Static_assert(sizeof(struct nvme_command) == 64, "size of the specification");

struct nvme_completion {
	uint32_t result;
	uint32_t reserved;
	uint16_t sq_head;
	uint16_t sq_id;
	uint16_t command_id;
	uint16_t status; /* bit 0: phase */
};
_Static_assert(sizeof(struct nvme_completion) == 16, "size of the specification");

#define NVME_PHASE              0x1u
#define NVME_STATUS(c)          ((c)->status >> 1 & 0x7ffu) /* type and code */
#define NVME_DO_NOT_RETRY       0x8000u
#define NVME_STATUS_NO_CAPACITY 0x081u
