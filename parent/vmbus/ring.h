/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One direction of a VMBus ring, both ends of it: the parent and the guest SDK
 * read one ring and write the other. The peer is not trusted. Its index is
 * loaded once per call and checked; a packet is copied out before anything in it
 * is looked at; our own index is kept here and never read back. A ring whose
 * peer breaks the rules is broken for good.
 * Layout: hv_abi/vmbus.h. Pure: no locks; the caller serializes calls on one end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hv_abi/vmbus.h>

/* Where a ring lies: pages that need not be neighbors. */
struct ring_memory {
	struct vmbus_ring_control *control;
	uint8_t *const *page; /* data pages, not owned */
	uint32_t page_count;  /* 1 .. RING_PAGES_MAX */
};
#define RING_PAGES_MAX 0x7ffffu

enum ring_result {
	RING_OK = 0,
	RING_EMPTY,  /* nothing to read now */
	RING_FULL,   /* no room to write now */
	RING_BROKEN, /* the peer broke the protocol, now or before */
};

struct ring_reader {
	struct ring_memory memory;
	uint32_t size;     /* of the data, in bytes */
	uint32_t read;     /* our index, of which the peer sees `released` */
	uint32_t released; /* what was published last */
	bool is_masked;
	bool is_broken;
};

struct ring_writer {
	struct ring_memory memory;
	uint32_t size;
	uint32_t write;     /* our index, of which the peer sees `published` */
	uint32_t published; /* what was published last */
	bool is_waiting;    /* pending_send_size is set */
	bool is_broken;
};

/* A packet that was read: the descriptor in units of bytes, and where its parts
 * are in the caller's buffer. Nothing of it changes any more. */
struct ring_packet {
	uint16_t type;
	uint16_t flags;
	uint64_t transaction_id;
	const uint8_t *header; /* between descriptor and payload: ranges, or nothing */
	uint32_t header_size;
	const uint8_t *payload; /* padded to 8 bytes */
	uint32_t payload_size;
};

/* A packet to be written: header and payload as above; `header_size` is a
 * multiple of 8. */
struct ring_send {
	uint16_t type;
	uint16_t flags;
	uint64_t transaction_id;
	const void *header;
	uint32_t header_size;
	const void *payload;
	uint32_t payload_size;
};

/* Both begin at `index`, which is 0 for a ring just opened. False if the memory
 * or the index is impossible. */
bool ring_reader_init(struct ring_reader *r, const struct ring_memory *memory, uint32_t index);
bool ring_writer_init(struct ring_writer *w, const struct ring_memory *memory, uint32_t index);

/* Copies the next packet to `buffer` (8-byte aligned) and describes it. A packet
 * larger than buffer_size breaks the ring: the channel's protocol has a largest
 * packet, and the buffer has its size. The trailer carries nothing and is not
 * looked at. The packet's room is the writer's again after ring_release. */
enum ring_result ring_read(struct ring_reader *r, void *buffer, uint32_t buffer_size, struct ring_packet *packet);

/* Bytes read and not given back. */
uint32_t ring_unreleased(const struct ring_reader *r);

/* Gives the room of all packets read back. True: the writer waits for it and is
 * to be signaled. */
bool ring_release(struct ring_reader *r);

/* Masked: the writer need not signal. After unmasking, true: something arrived
 * meanwhile, or the ring is broken, and the reader must look again. */
void ring_mask(struct ring_reader *r);
bool ring_unmask(struct ring_reader *r);

/* Bytes of the ring that a packet takes. */
uint32_t ring_packet_size(uint32_t header_size, uint32_t payload_size);

/* Copies a packet into the ring; the peer sees it after ring_publish. RING_FULL
 * leaves the ring as it was; so does a packet that can never fit, which also
 * gives RING_FULL: the caller compares with ring_largest_packet. */
enum ring_result ring_write(struct ring_writer *w, const struct ring_send *packet);

/* The largest ring_packet_size that an empty ring takes. */
uint32_t ring_largest_packet(const struct ring_writer *w);

/* Makes all packets written visible. True: the reader found the ring empty
 * before, does not mask, and is to be signaled. */
bool ring_publish(struct ring_writer *w);

/* Asks the reader to signal when more than `size` bytes are free. True: they are
 * free already, and nothing was asked for. False too if the ring is broken. */
bool ring_wait_for_room(struct ring_writer *w, uint32_t size);

/* The host's ring to the guest: says that the writer uses pending_send_size. */
void ring_set_features(struct ring_writer *w);
