/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The third vendor: a processor that executes no instructions. Its control page
 * is a struct fake_vp; entering it calls the test's guest, a function that says
 * which exit comes next. Judges the rules of arch/x86/vp_hw.h: a VP is loaded on
 * one processor at a time, a held one is never entered, nothing illegal is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86/vp_hw.h"
#include "core/vp.h"

struct fake_vp {
	struct vp_state state;
	uint64_t entries;
	uint64_t last_entered; /* fake_tsc */
	uint64_t delivered;    /* events that were injected and delivered */
	uint64_t last_event;   /* HV_EVENT_*, of the last one */
	bool is_nmi_blocked;
};

static inline struct fake_vp *fake_vp_of(const struct vp *vp) { return vp->hw.control; }

/* The guest that runs when a VP is entered: fills `exit` and returns. An event
 * that was injected has been delivered by then. */
extern void (*fake_guest)(struct vp *vp, struct fake_vp *f, struct vp_exit *exit);

/* Called by vp_hw_set_state before the state changes: another processor may act here. */
extern void (*fake_on_set_state)(struct vp *vp);

/* A guest's legal 64-bit state, paging on, interrupts on, RIP 0x1000. */
void fake_vp_long_mode(struct vp *vp);
