/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Ports of children and connections to them and to the parent [TLFS
 * "Inter-Partition Communication"]. A partition has one frame of each, from its
 * pool, in which an object's id says its place: a look-up is one comparison, and
 * what does not fit is refused. Ports of the parent are numbers only.
 */
#pragma once

#include <stdbool.h>
#include <hv_abi/call_args.h>
#include <hv_abi/status.h>
#include "lib/check.h"

struct partition;

struct port {
	uint32_t type; /* enum hv_port_type; 0: free */
	uint32_t id;
	hv_partition_id_t connector; /* who may be connected */
	uint8_t sint;
	uint8_t vp;
	uint16_t base_flag;
	uint32_t flag_count;
};

struct connection {
	uint32_t type; /* enum hv_port_type, the last word to be written; 0: free */
	uint32_t id;
	uint32_t partition; /* whose port */
	uint32_t port;
};

/* The place of an id, or NULL: the partition has no table yet. */
struct port *port_at(const struct partition *p, uint32_t id);
struct connection *connection_at(const struct partition *p, uint32_t id);

/* Makes the tables unless there are any. Errors: INSUFFICIENT_MEMORY. Lock: the partition's;
 * takes memory. */
must_use enum hv_status port_make_tables(struct partition *p);

/* Finds what a sender may use; NULL: there is none. A connection stays as it is until
 * all processors have passed their run loops. Lock: none; for a port its partition's. */
const struct connection *connection_find(const struct partition *p, uint32_t id, enum hv_port_type type);
const struct port *port_find(const struct partition *p, uint32_t id, enum hv_port_type type,
                             hv_partition_id_t connector);

/* Gives the tables back. Lock: the partition's and memory; all processors have passed
 * their run loops since a VP of it ran. */
void port_release_partition(struct partition *p);
