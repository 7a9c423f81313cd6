/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The parent partition: its image, its VPs, its devices, and its death (architecture.md
 * decision 5, D6).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct vp;

/* Boot: the partition, its memory and VPs. Panics with a sentence if the machine
 * is too small. */
void parent_init(void);

/* VP of the parent by index, or NULL. I/O VPs first, the management VP last. */
struct vp *parent_vp(uint32_t index);

bool parent_is_dead(void);

/* parent_image.c: the parent's image in memory, that is segments from the pristine
 * file, page tables, boot information. All of it lies in the parent's own memory and
 * is written as a guest's memory, so it can be made again for a fresh parent. */

/* Chooses the place: takes it out of handoff->memory. Panics if there is none.
 * The parent's space exists. */
void parent_image_place(void);

/* Copies the segments, builds the tables, fills the boot information, for which
 * the event pages are in the handoff's parent_info. */
void parent_image_load(void);

/* Gives a VP of the parent the state that all of them start in (hv_abi/boot_info.h),
 * RSI apart. The place has been chosen. */
void parent_image_enter(struct vp *vp);

/* device_interrupt.c, device_claim.c: the parent's devices (architecture.md D4, D6).
 * The kernel owns the vectors and the I/O APICs: an interrupt becomes a bit in the
 * event page of the I/O VP that it was mapped for. Of the PCI functions that the
 * parent's drivers let write to memory it remembers which they are. */

/* The parent is dead: no pin stays open. */
void device_interrupt_mask_all(void);

/* Takes bus mastering from every claimed function. Any number of times: a VP of
 * the parent that has yet to stop may have given it back. */
void device_claim_stop_all(void);

/* The parent is dead: its VPs stop, its device interrupts are masked, children
 * stop at their next intercept. Once; later calls have no effect. Any processor,
 * no scheduler lock held. */
void parent_die(const char *reason, uint64_t code, uint64_t rip);

/* The next time, in TSC ticks, at which parent_watch wants to look. */
uint64_t parent_watch_deadline(void);

/* From the run loop: an I/O VP that has not called VpWait for 5 s means death; a
 * dead parent is reported every 10 s. */
void parent_watch(struct cpu *cpu);
