/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Core, booted on the fake machine: hypercalls as the parent makes them, children
 * made of them, and a look whether everything is back where it was. The parent's
 * management VP makes the calls; its I/O VPs run fake_parent: they wait.
 *
 * A process boots once; each test leaves what it found (core_world_teardown).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hv_abi/call_args.h>
#include <hv_abi/hypercall.h>
#include "core/partition.h"
#include "core/vp.h"
#include "fake/machine_fake.h"
#include "fake/vp_hw_fake.h"

/* Boots core on `cpus` processors and lets the parent's VPs settle in VpWait. */
void core_world_boot(uint32_t cpus);

/* cmocka fixtures: setup remembers, teardown deletes every child and fails the
 * test unless ownership is proved and the parent has its pages back. */
int core_world_setup(void **state);
int core_world_teardown(void **state);

/* The memory invariants hold now. */
void core_world_prove(void);

/* A page of the parent that nobody uses: its frame number = its GPA page. */
uint64_t core_free_page(void);

/* The VP of the parent that makes the calls. */
struct vp *core_caller(void);

/*
 * A call of the parent with parameters in memory: `in` is the fixed input with
 * the list behind it, `out` gets fixed output and list (may be NULL). Repeats the
 * instruction as long as core asks for it. Returns RAX: status and reps.
 */
uint64_t core_call_rep(uint32_t code, const void *in, size_t in_size, uint32_t reps, void *out, size_t out_size);
enum hv_status core_call(uint32_t code, const void *in, size_t in_size, void *out, size_t out_size);

/* A call in REGISTER form, or any other control word, by the given VP. */
uint64_t core_raw_call(struct vp *vp, uint64_t control, uint64_t rdx, uint64_t r8);

/* Deposits pages for a partition (HV_PARTITION_ID_SELF: the parent). */
enum hv_status core_deposit(hv_partition_id_t id, unsigned pages);

/* A child with `pages` deposited, initialized, with `vps` VPs, 16 pages of RAM from
 * 0 on. The VPs are in 64-bit mode and suspended. */
struct partition *core_child(unsigned pages, unsigned vps);
hv_partition_id_t core_create(unsigned vp_limit);
enum hv_status core_map(hv_partition_id_t id, uint64_t gpfn, uint64_t source);
struct vp *core_vp(struct partition *p, uint32_t index);

/* Ends the explicit suspension of a VP. */
void core_start(struct vp *vp);

/* The VP, which is ready, is what its processor runs now, so that its exits may
 * be handled without entering it. */
void core_running(struct vp *vp);

/* Finalizes, withdraws and deletes. */
enum hv_status core_destroy(hv_partition_id_t id);

/* Makes a pass of the run loop on one processor, or on all in turn. */
void core_pass(uint32_t cpu);
void core_passes(unsigned rounds);

/* The parent's default guest: takes events and waits for ever. */
void fake_parent(struct vp *vp, struct fake_vp *f, struct vp_exit *exit);

/* The guest of children; fake_guest sends the parent's VPs to fake_parent_guest. */
extern void (*fake_child_guest)(struct vp *vp, struct fake_vp *f, struct vp_exit *exit);
extern void (*fake_parent_guest)(struct vp *vp, struct fake_vp *f, struct vp_exit *exit);

/* Fills an exit for a call of VpWait. */
void core_exit_vp_wait(struct vp *vp, struct vp_exit *exit, uint32_t slot, uint64_t deadline);
