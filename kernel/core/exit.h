/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What happens at each exit: one table of who handles what. Generated into
 * docs/exits.md by tools/checks, so keep one row per reason.
 */
#pragma once

#include "core/vp.h"

/* Handles the exit of a VP on its own processor. Returns the VP to enter next
 * (mostly the same), or NULL: go through the scheduler. */
struct vp *exit_handle(struct vp *vp, const struct vp_exit *exit);

/* Handlers that live in files of their own. */
struct vp *msr_access_exit(struct vp *vp, const struct vp_exit *exit);
struct vp *parent_io_exit(struct vp *vp, const struct vp_exit *exit);
struct vp *parent_memory_exit(struct vp *vp, const struct vp_exit *exit);
struct vp *parent_msr_exit(struct vp *vp, const struct vp_exit *exit);
struct vp *parent_death_exit(struct vp *vp, const struct vp_exit *exit);

/*
 * Intercepts: exits that are the parent's to handle. The message goes into the
 * VP's intercept page in the TLFS's layout, filled only as far as this exit
 * needs, and the VP is held until the parent resumes it (architecture.md D1).
 * Each function returns the VP to run next, or NULL for the scheduler.
 */
struct vp *intercept_io(struct vp *vp, const struct vp_exit *exit);
struct vp *intercept_memory(struct vp *vp, const struct vp_exit *exit);
/* RDMSR or WRMSR of `length` bytes, of an MSR that the kernel does not keep. */
struct vp *intercept_msr(struct vp *vp, uint8_t length, enum hv_intercept_access access);
struct vp *intercept_eoi(struct vp *vp, uint8_t vector);

/* The VP posted a message to the parent; its call is over. */
struct vp *intercept_posted(struct vp *vp, const struct hv_post_message_in *in);

/* A message that is a header only: triple fault, reset, halt. */
struct vp *intercept_plain(struct vp *vp, enum hv_message_type type);

/* The VP's state is illegal: by our check, or by the processor's (rule
 * VP_RULE_HARDWARE). The VP cannot run until the parent sets a legal state. Also
 * for one that was being resumed. */
struct vp *intercept_invalid_state(struct vp *vp, uint32_t rule, uint64_t value, uint64_t hardware_code);

/* Memory of the VP's partition is lost. Any processor, the VP is held. */
void intercept_machine_check(struct vp *vp);

/* Takes over what the parent has changed in the register page, once and checked
 * (no effect on error), and forgets the intercept. Returns the rule that the
 * state breaks, or VP_RULE_NONE. On home or with the VP held and not loaded. */
enum vp_state_rule intercept_resume(struct vp *vp, uint64_t *value);
