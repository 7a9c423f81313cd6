/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Deposits: memory that the parent gives the kernel for a partition's objects
 * (architecture.md D3). All of it comes from one arena of 2 MiB pieces, so that
 * only those are split to 4 KiB in the parent's second-level tables. A piece,
 * once taken, stays in the arena. Any VP.
 */
#pragma once

#include <hv_abi/types.h>
#include "runtime/err.h"

#define DEPOSIT_BATCH 64u /* pages per deposit, at most */
#define DEPOSIT_STEP  2u  /* where a call lacks memory; it is repeated until it does not */

/* Deposits `count` pages, fewer if no more are left, for the partition
 * (HV_PARTITION_ID_SELF: for the parent itself). ERR_MEMORY if the parent has none left, ERR_HYPERCALL if the kernel
 * refuses; pages that were not taken are free again. */
ERR_CHECKED enum err deposit_more(hv_partition_id_t partition, unsigned count, struct err_text *text);

/* Takes everything back from a finalized partition. Returns the pages. */
unsigned deposit_withdraw(hv_partition_id_t partition);

/* Pages of the arena, and those of them that are free. */
void deposit_usage(unsigned *total, unsigned *free);
