/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every lock of the kernel and the order in which they are taken (rising). No
 * lock is held across the entry of a VP or a wait for another processor.
 */
#pragma once

#include "lib/spinlock.h"

enum lock_rank {
	RANK_PARTITIONS = 1, /* the table of partitions and the table of slots */
	RANK_CHILD = 2,      /* a child: its state, VPs, space and pool; one at a time */
	RANK_PARENT = 3,     /* the parent's, likewise */
	RANK_MEMORY = 4,     /* frame table and flush ledger */
	RANK_DEVICE = 5,     /* device interrupts */
	RANK_SCHED = 6,      /* one processor's queues; one at a time */
	RANK_IOAPIC = 7,     /* their index and data registers */
	                     /* The log's own lock is the last one and has no rank: serial_log.c. */
};

extern struct spinlock memory_lock;
