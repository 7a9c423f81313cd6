/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Exits of the parent's VPs that children have otherwise. What the parent may not
 * do raises an exception in it, so that its own handler reports where; a triple
 * fault is its death.
 */
#include "core/exit.h"

#include "core/parent.h"
#include "lib/log.h"

static struct vp *refuse(struct vp *vp) { return vp_inject_exception(vp, VECTOR_GP, true, 0); }

/* Ports of the kernel's: reads give all ones, writes go nowhere. */
struct vp *parent_io_exit(struct vp *vp, const struct vp_exit *exit) {
	uint64_t *rax = &vp_gpr(vp)[HV_RAX];

	if (exit->u.io.is_string)
		return refuse(vp);
	if (exit->u.io.is_in && exit->u.io.size == 4)
		*rax = 0xffffffff;
	else if (exit->u.io.is_in)
		*rax |= exit->u.io.size == 1 ? 0xffu : 0xffffu;
	vp_write(vp, rip, vp_read(vp, rip) + exit->instruction_length);
	return vp;
}

struct vp *parent_memory_exit(struct vp *vp, const struct vp_exit *exit) {
	log_warning("parent vp %u: access %x of %lx, which is not its own, at %lx", vp->index, exit->u.fault.access,
	            exit->u.fault.gpa, vp_read(vp, rip));
	return refuse(vp);
}

/* The parent reads few and writes none: its EFER and PAT are set up for it. */
struct vp *parent_msr_exit(struct vp *vp, const struct vp_exit *exit) {
	uint32_t msr = (uint32_t)vp_gpr(vp)[HV_RCX];

	return msr == MSR_EFER || msr == MSR_PAT ? msr_access_exit(vp, exit) : refuse(vp);
}

struct vp *parent_death_exit(struct vp *vp, const struct vp_exit *exit) {
	const char *reason = exit->reason == VP_EXIT_TRIPLE_FAULT    ? "one of its VPs triple-faulted"
	                     : exit->reason == VP_EXIT_INVALID_STATE ? "the processor refused to enter one of its VPs"
	                                                             : "an unexpected exit";

	parent_die(reason, exit->hardware_code, vp_read(vp, rip));
	return NULL;
}
