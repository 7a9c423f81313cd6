/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The synthetic interrupt controller of a VP [TLFS "Inter-Partition
 * Communication"]: messages and event flags into its two pages, and the interrupt
 * of their source. Its registers are rows of synthetic_msr.c, its pages overlays.
 * Nothing is queued here: who posts to a slot that is occupied keeps the message.
 *
 * Lock: the partition's, which orders all that is put into the pages and all that
 * changes the registers.
 */
#pragma once

#include <hv_abi/status.h>
#include <hv_abi/synic.h>
#include "lib/addr.h"
#include "lib/check.h"

struct vp;

/* Puts a message into the slot of a SINT, 0..15; its flags are not looked at. Errors, without
 * effect but for the slot's HV_MESSAGE_FLAG_PENDING: INVALID_SYNIC_STATE SynIC, page
 * or SINT are off; INSUFFICIENT_BUFFERS the guest has not taken the last one. */
must_use enum hv_status synic_post(struct vp *vp, unsigned sint, const struct hv_message *message);

/* Sets an event flag, 0..2047, of a SINT; *is_new: it was clear. Errors, without
 * effect: INVALID_SYNIC_STATE. */
must_use enum hv_status synic_signal(struct vp *vp, unsigned sint, unsigned flag, bool *is_new);

/* Posts what timers in message mode have to tell, as far as there is room; true if
 * anything was. On home; takes the lock. */
bool synic_post_timers(struct vp *vp);

/* A SINT that the parent waits for can take a message now: it is to be told, and waits
 * no longer. On home; takes the lock. */
bool synic_take_wanted(struct vp *vp);

/* An interrupt of this vector ends with its delivery. On home, no lock. */
bool synic_is_auto_eoi(const struct vp *vp, unsigned vector);
