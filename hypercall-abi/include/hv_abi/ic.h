/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Integration components: small services that talk over a VMBus channel, one
 * in-band packet per message. Layouts as in Linux's include/linux/hyperv.h and
 * include/uapi/linux/hyperv.h.
 */
#pragma once

#include <stdint.h>

struct hv_ic_version {
	uint16_t major;
	uint16_t minor;
};

enum hv_ic_message_type {
	HV_IC_NEGOTIATE = 0,
	HV_IC_HEARTBEAT = 1,
	HV_IC_KVP = 2,
	HV_IC_SHUTDOWN = 3,
	HV_IC_TIMESYNC = 4,
};

#define HV_IC_FLAG_TRANSACTION 1u
#define HV_IC_FLAG_REQUEST     2u
#define HV_IC_FLAG_RESPONSE    4u

#define HV_IC_STATUS_OK        0u
#define HV_IC_STATUS_FAIL      0x80004005u
#define HV_IC_STATUS_END       0x80070103u /* no more items */

struct hv_ic_header {
	uint32_t pipe_flags;
	uint32_t pipe_size; /* bytes behind these two words */
	struct hv_ic_version framework;
	uint16_t type;
	struct hv_ic_version message;
	uint16_t size; /* of the body */
	uint32_t status;
	uint8_t transaction_id;
	uint8_t flags;
	uint8_t reserved[2];
};

#define HV_IC_VERSIONS 8u
struct hv_ic_negotiate {
	uint16_t framework_count;
	uint16_t message_count;
	uint32_t reserved;
	struct hv_ic_version version[HV_IC_VERSIONS]; /* framework's first */
};

struct hv_ic_heartbeat {
	uint64_t sequence; /* the guest answers with one more */
	uint32_t reserved[8];
};

#define HV_IC_SHUTDOWN_FORCE  1u /* with one of these */
#define HV_IC_SHUTDOWN_OFF    0u
#define HV_IC_SHUTDOWN_REBOOT 2u
struct hv_ic_shutdown {
	uint32_t reason;
	uint32_t timeout; /* seconds */
	uint32_t flags;
	uint8_t message[2048];
};

#define HV_IC_TIME_SYNC   1u /* set the clock */
#define HV_IC_TIME_SAMPLE 2u /* only for comparison */
struct hv_ic_time {
	uint64_t parent_time; /* 100 ns since 1601-01-01 */
	uint64_t child_time;
	uint64_t roundtrip;
	uint8_t flags;
	uint8_t padding[7];
};
#define HV_IC_TIME_SIZE 25u
/* From message version 4.0 on. */
struct hv_ic_time_reference {
	uint64_t parent_time;
	uint64_t reference_time; /* the child's, at the same moment */
	uint8_t flags;
	uint8_t leap;
	uint8_t stratum;
	uint8_t reserved[3];
	uint8_t padding[2];
};
#define HV_IC_TIME_REFERENCE_SIZE 22u
#define HV_IC_TIME_1601_TO_1970   116444736000000000ull

enum hv_ic_kvp_operation {
	HV_IC_KVP_GET = 0,
	HV_IC_KVP_SET = 1,
	HV_IC_KVP_DELETE = 2,
	HV_IC_KVP_ENUMERATE = 3,
};
enum hv_ic_kvp_pool {
	HV_IC_KVP_POOL_EXTERNAL = 0,
	HV_IC_KVP_POOL_GUEST = 1,
	HV_IC_KVP_POOL_AUTO = 2, /* what the guest says of itself */
	HV_IC_KVP_POOL_AUTO_EXTERNAL = 3,
	HV_IC_KVP_POOL_COUNT = 5,
};

#define HV_IC_KVP_TYPE_STRING 1u
#define HV_IC_KVP_KEY_SIZE    512u  /* bytes of UTF-16, with the final 0 */
#define HV_IC_KVP_VALUE_SIZE  2048u /* likewise */
struct hv_ic_kvp_header {
	uint8_t operation;
	uint8_t pool;
	uint16_t reserved;
};
struct hv_ic_kvp_pair {
	uint32_t value_type;
	uint32_t key_size;
	uint32_t value_size;
	uint8_t key[HV_IC_KVP_KEY_SIZE];
	uint8_t value[HV_IC_KVP_VALUE_SIZE];
};
struct hv_ic_kvp_key {
	uint32_t key_size;
	uint8_t key[HV_IC_KVP_KEY_SIZE];
};
struct hv_ic_kvp {
	struct hv_ic_kvp_header header;
	union {
		struct hv_ic_kvp_pair pair;  /* get, set */
		struct hv_ic_kvp_key forget; /* delete */
		struct {
			uint32_t index;
			struct hv_ic_kvp_pair pair;
		} item; /* enumerate */
	};
};
