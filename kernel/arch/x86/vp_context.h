/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Processor state that neither VMX nor SVM switches: extended (FPU, SSE, AVX)
 * state, debug registers 0-3, TSC_AUX. A child's is loaded before it is entered;
 * the parent's VPs trap at their first FPU use, so that a child's registers stay
 * where they are while the parent handles its exit (architecture.md D2).
 */
#pragma once

struct vp;

/* Sets the VP's XSAVE area (one page, zeroed) to the state after INIT. */
void vp_context_init(struct vp *vp);

/* Before an entry, when this processor's last VP was another; for the VP that is
 * current, after it wrote XCR0 or TSC_AUX. */
void vp_context_switch(struct vp *vp);

/* #NM of a VP of the parent: brings its extended state in. */
void vp_context_fpu_trap(struct vp *vp);

/* First access to a debug register: from now on they are switched. */
void vp_context_use_debug(struct vp *vp);

/* Nothing of the VP stays in this processor; it is in memory. */
void vp_context_put(struct vp *vp);
