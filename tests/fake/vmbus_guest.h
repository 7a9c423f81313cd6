/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A guest of a VMBus server for host tests: its memory, the messages that a
 * stock driver sends, and its ends of one channel's rings.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/vmbus.h>
#include "fake/vmbus_host.h"
#include "vmbus/vmbus.h"

#define GUEST_PAGES      512u
#define GUEST_VPS        4u

/* The rings of a channel lie here, two pages of data each way and their controls. */
#define GUEST_RING_PFN   16u
#define GUEST_RING_PAGES 6u
#define GUEST_GPADL      0xe1e10u

struct vmbus_guest {
	struct guest_memory memory;
	uint8_t ram[GUEST_PAGES][HV_PAGE_SIZE] __attribute__((aligned(4096)));
	struct vmbus_server server;
	unsigned taken; /* posts that the guest has looked at */
	struct ring_reader from_host;
	struct ring_writer to_host;
	uint8_t *ring_page[2][GUEST_RING_PAGES];
};
extern struct vmbus_guest guest;

/* A machine, a guest and a server as new. */
void guest_reset(void);

/* INITIATE_CONTACT with this version from VP 0; true: accepted. */
bool guest_connect(uint32_t version);

/* A message without more than its header; or {header, a, b}. */
enum err guest_say(uint32_t type);
enum err guest_say_about(uint32_t type, uint32_t relid);
enum err guest_say_two(uint32_t type, uint32_t a, uint32_t b);

/* Lends `pages` pages from `pfn` on. Sends all bodies; the header's error, or
 * that of the last message. */
enum err guest_lend(uint32_t relid, uint32_t gpadl, uint64_t pfn, uint32_t pages);

/* OPEN with the rings at GUEST_RING_PFN, which are cleared and lent first. */
enum err guest_open(uint32_t relid, uint32_t vp);

/* Connects with version 5.3, asks for offers, opens this channel. */
void guest_bring_up(uint32_t relid);

/* The next message from the host that the guest did not look at, or NULL. */
const struct fake_post *guest_next(void);

/* Looks at the next message: it is of this type and size. */
const void *guest_expect(uint32_t type, uint32_t size);
void guest_expect_nothing(void);

/* Puts a packet into the ring and signals the host if it is to be. */
void guest_send(uint16_t type, uint64_t id, const void *header, uint32_t header_size, const void *payload,
                uint32_t payload_size);

/* The next packet from the host; false: none. Its parts stay until the next call. */
bool guest_receive(struct ring_packet *packet);
