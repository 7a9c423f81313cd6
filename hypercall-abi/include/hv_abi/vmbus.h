/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * VMBus as stock guests speak it: control messages, descriptor lists of guest
 * pages (GPADLs), rings and packets. The kernel knows nothing of it: to the
 * kernel it is payload of messages of type 1, and event flags. No public
 * specification has these layouts; Linux's include/linux/hyperv.h does.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/synic.h>
#include <hv_abi/types.h>

#define VMBUS_SINT                 2u
#define VMBUS_MESSAGE_TYPE         1u    /* SynIC message type, both directions */
#define VMBUS_MESSAGE_CONNECTION   1u    /* guest to host, below version 5.0 */
#define VMBUS_MESSAGE_CONNECTION_4 4u    /* from version 5.0 on */
#define VMBUS_RELID_LIMIT          2048u /* relids are 1..2047: flag numbers */

/* Major number in the upper half. */
#define VMBUS_VERSION_4_0          0x00040000u
#define VMBUS_VERSION_4_1          0x00040001u
#define VMBUS_VERSION_5_0          0x00050000u
#define VMBUS_VERSION_5_1          0x00050001u
#define VMBUS_VERSION_5_2          0x00050002u
#define VMBUS_VERSION_5_3          0x00050003u

enum vmbus_message_type {
	VMBUS_OFFER_CHANNEL = 1,
	VMBUS_RESCIND_OFFER = 2,
	VMBUS_REQUEST_OFFERS = 3,
	VMBUS_ALL_OFFERS_DELIVERED = 4,
	VMBUS_OPEN_CHANNEL = 5,
	VMBUS_OPEN_RESULT = 6,
	VMBUS_CLOSE_CHANNEL = 7,
	VMBUS_GPADL_HEADER = 8,
	VMBUS_GPADL_BODY = 9,
	VMBUS_GPADL_CREATED = 10,
	VMBUS_GPADL_TEARDOWN = 11,
	VMBUS_GPADL_TORNDOWN = 12,
	VMBUS_RELID_RELEASED = 13,
	VMBUS_INITIATE_CONTACT = 14,
	VMBUS_VERSION_RESPONSE = 15,
	VMBUS_UNLOAD = 16,
	VMBUS_UNLOAD_RESPONSE = 17,
	VMBUS_TL_CONNECT = 21,
	VMBUS_MODIFY_CHANNEL = 22,
	VMBUS_TL_CONNECT_RESULT = 23,
	VMBUS_MODIFY_RESPONSE = 24,
};

/* Status of a reply: 0, or one of these (NTSTATUS numbers). */
#define VMBUS_STATUS_SUCCESS      0u
#define VMBUS_STATUS_UNSUCCESSFUL 0xc0000001u
#define VMBUS_STATUS_INVALID      0xc000000du
#define VMBUS_STATUS_NO_RESOURCES 0xc000009au

struct hv_guid {
	uint32_t data1;
	uint16_t data2;
	uint16_t data3;
	uint8_t data4[8];
};

struct vmbus_message_header {
	uint32_t type; /* enum vmbus_message_type */
	uint32_t padding;
};

#define VMBUS_USER_DATA_SIZE 120u

struct vmbus_offer_channel {
	struct vmbus_message_header header;
	struct hv_guid interface;
	struct hv_guid instance;
	uint32_t reserved[4];
	uint16_t channel_flags;
	uint16_t mmio_megabytes;
	uint8_t user_data[VMBUS_USER_DATA_SIZE];
	uint16_t subchannel_index; /* 0: the primary channel */
	uint16_t reserved2;
	uint32_t relid;
	uint8_t monitor_id;
	uint8_t is_monitor_allocated;
	uint16_t is_dedicated_interrupt;
	uint32_t connection_id; /* for HvSignalEvent */
};

/* RESCIND_OFFER, CLOSE_CHANNEL, RELID_RELEASED. */
struct vmbus_relid_message {
	struct vmbus_message_header header;
	uint32_t relid;
};

struct vmbus_open_channel {
	struct vmbus_message_header header;
	uint32_t relid;
	uint32_t open_id;
	uint32_t ring_gpadl;
	uint32_t target_vp;
	uint32_t downstream_page; /* where the host's ring to the guest starts */
	uint8_t user_data[VMBUS_USER_DATA_SIZE];
};

struct vmbus_open_result {
	struct vmbus_message_header header;
	uint32_t relid;
	uint32_t open_id;
	uint32_t status;
};

/* The page numbers follow; a range of 4 GiB at most. */
struct vmbus_gpadl_header {
	struct vmbus_message_header header;
	uint32_t relid;
	uint32_t gpadl;      /* the guest's choice, not 0 */
	uint16_t range_size; /* wraps: byte_count says the length */
	uint16_t range_count;
	uint32_t byte_count;
	uint32_t byte_offset;
};
#define VMBUS_GPADL_HEADER_PAGES 26u

/* The page numbers follow. */
struct vmbus_gpadl_body {
	struct vmbus_message_header header;
	uint32_t message_number;
	uint32_t gpadl;
};
#define VMBUS_GPADL_BODY_PAGES 28u

struct vmbus_gpadl_created {
	struct vmbus_message_header header;
	uint32_t relid;
	uint32_t gpadl;
	uint32_t status;
};

struct vmbus_gpadl_teardown {
	struct vmbus_message_header header;
	uint32_t relid;
	uint32_t gpadl;
};

struct vmbus_gpadl_torndown {
	struct vmbus_message_header header;
	uint32_t gpadl;
};

struct vmbus_initiate_contact {
	struct vmbus_message_header header;
	uint32_t version;
	uint32_t target_vp; /* where the host's messages go */
	union {
		uint64_t interrupt_page; /* below 5.0; unused */
		struct {
			uint8_t sint; /* from 5.2 on */
			uint8_t vtl;
			uint16_t reserved;
			uint32_t feature_flags;
		} target;
	};
	uint64_t monitor_page[2];
};

struct vmbus_version_response {
	struct vmbus_message_header header;
	uint8_t is_supported;
	uint8_t connection_state; /* 0: success */
	uint16_t padding;
	uint32_t message_connection_id; /* from 5.0 on */
};

struct vmbus_modify_channel {
	struct vmbus_message_header header;
	uint32_t relid;
	uint32_t target_vp;
};

struct vmbus_modify_response {
	struct vmbus_message_header header;
	uint32_t relid;
	uint32_t status;
};

struct vmbus_tl_connect {
	struct vmbus_message_header header;
	struct hv_guid endpoint;
	struct hv_guid service;
};

struct vmbus_tl_connect_result {
	struct vmbus_message_header header;
	struct hv_guid endpoint;
	struct hv_guid service;
	uint32_t status;
};

/* First page of a ring; the data follow it. Indices are offsets into the data,
 * multiples of 8. */
struct vmbus_ring_control {
	uint32_t write_index;
	uint32_t read_index;
	uint32_t interrupt_mask;    /* the reader's: not 0, do not signal me */
	uint32_t pending_send_size; /* the writer's: signal me when there is more room */
	uint32_t reserved[12];
	uint32_t feature_bits;
	uint8_t reserved2[HV_PAGE_SIZE - 68];
};
#define VMBUS_RING_FEATURE_PENDING_SEND_SIZE 0x1u

enum vmbus_packet_type {
	VMBUS_PACKET_INBAND = 6,
	VMBUS_PACKET_TRANSFER_PAGES = 7,
	VMBUS_PACKET_GPA_DIRECT = 9,
	VMBUS_PACKET_COMPLETION = 11,
};

#define VMBUS_PACKET_COMPLETION_REQUESTED 0x1u

/* Offset and size count units of 8 bytes from the descriptor on, without the
 * 8-byte trailer {u32 0, u32 offset of the descriptor in the ring}. */
struct vmbus_packet_descriptor {
	uint16_t type;
	uint16_t payload_offset8;
	uint16_t size8;
	uint16_t flags;
	uint64_t transaction_id;
};
#define VMBUS_PACKET_TRAILER_SIZE 8u

/* After the descriptor of a GPA-direct packet; the ranges follow. */
struct vmbus_gpa_direct_header {
	uint32_t reserved;
	uint32_t range_count;
};

/* The page numbers follow: ceil((offset + size) / 4096) of them. */
struct vmbus_gpa_range {
	uint32_t size;
	uint32_t offset;
};
