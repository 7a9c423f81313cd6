/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A place to stop: called after each release of a lock that leaves the processor
 * with none. A program links lock_hook.c with -Wl,--wrap=lock_rank_released. */
#pragma once

extern void (*lock_hook)(void);
