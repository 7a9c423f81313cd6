/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The storage protocol over VMBus: fixed packets of 64 bytes, SCSI inside.
 * Layouts as in Linux's drivers/scsi/storvsc_drv.c.
 */
#pragma once

#include <stdint.h>

#define HV_STORVSC_VERSION_5_1 0x0501u
#define HV_STORVSC_VERSION_6_0 0x0600u
#define HV_STORVSC_VERSION_6_2 0x0602u

enum hv_storvsc_operation {
	HV_STORVSC_COMPLETE_IO = 1, /* every reply */
	HV_STORVSC_REMOVE_DEVICE = 2,
	HV_STORVSC_EXECUTE_SRB = 3,
	HV_STORVSC_RESET_LUN = 4,
	HV_STORVSC_RESET_ADAPTER = 5,
	HV_STORVSC_RESET_BUS = 6,
	HV_STORVSC_BEGIN_INITIALIZATION = 7,
	HV_STORVSC_END_INITIALIZATION = 8,
	HV_STORVSC_QUERY_VERSION = 9,
	HV_STORVSC_QUERY_PROPERTIES = 10,
	HV_STORVSC_ENUMERATE_BUS = 11,
	HV_STORVSC_CREATE_SUBCHANNELS = 13,
};

#define HV_STORVSC_STATUS_SUCCESS       0u
#define HV_STORVSC_STATUS_INVALID       0xc000000du
#define HV_STORVSC_STATUS_REVISION      0xc0000059u /* version not spoken */
#define HV_STORVSC_STATUS_NOT_SUPPORTED 0xc00000bbu
#define HV_STORVSC_STATUS_STATE         0xc0000184u /* not now */

struct hv_storvsc_version {
	uint16_t version; /* major << 8 | minor */
	uint16_t revision;
};

#define HV_STORVSC_MULTICHANNEL 0x1u
struct hv_storvsc_properties {
	uint32_t reserved;
	uint16_t subchannel_max;
	uint16_t reserved2;
	uint32_t flags;
	uint32_t transfer_max; /* bytes */
	uint32_t reserved3[2];
};

#define HV_SRB_STATUS_SUCCESS         0x01u
#define HV_SRB_STATUS_INVALID_REQUEST 0x06u
#define HV_SRB_STATUS_INVALID_LUN     0x20u
#define HV_SRB_STATUS_ERROR           0x04u
#define HV_SRB_STATUS_SENSE_VALID     0x80u /* with another */

enum hv_srb_direction {
	HV_SRB_WRITE = 0,
	HV_SRB_READ = 1,
	HV_SRB_NO_DATA = 2,
};

#define HV_SRB_CDB_SIZE   16u
#define HV_SRB_SENSE_SIZE 20u
struct hv_storvsc_srb {
	uint16_t length; /* of this structure */
	uint8_t srb_status;
	uint8_t scsi_status;
	uint8_t port;
	uint8_t path;
	uint8_t target;
	uint8_t lun;
	uint8_t cdb_size;
	uint8_t sense_size;
	uint8_t direction; /* enum hv_srb_direction */
	uint8_t reserved;
	uint32_t transfer_size; /* reply: bytes moved */
	union {
		uint8_t cdb[HV_SRB_CDB_SIZE];
		uint8_t sense[HV_SRB_SENSE_SIZE]; /* reply */
	};
	uint16_t reserved2;
	uint8_t queue_tag;
	uint8_t queue_action;
	uint32_t srb_flags;
	uint32_t timeout;
	uint32_t queue_sort_key;
};

/* Guests that have not agreed on a version yet may send the older, shorter packet,
 * and have no room for a longer reply. */
#define HV_STORVSC_PACKET_SIZE_MIN 48u
struct hv_storvsc_packet {
	uint32_t operation;
	uint32_t flags;
	uint32_t status;
	union {
		struct hv_storvsc_srb srb;
		struct hv_storvsc_version version;
		struct hv_storvsc_properties properties;
		uint16_t subchannel_count;
		uint8_t bytes[52];
	};
};
