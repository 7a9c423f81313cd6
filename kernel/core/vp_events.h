/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What is about to happen to a child's VP: posted interrupts, NMI, INIT and
 * SIPI, who receives them, timers, and their delivery at the next entry.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vp;
struct partition;
struct lapic_ipi;

/* Before every entry, on home: takes what was posted and decides what to inject.
 * False: the VP cannot run (it waits for SIPI or in HLT); a hold is set. */
bool vp_events_prepare(struct vp *vp);

/* The VP executed HLT (already skipped). False: it waits now. */
bool vp_events_halt(struct vp *vp);

/* Sends to a VP from any processor. The vector is >= 16. */
void vp_post_interrupt(struct vp *vp, uint8_t vector, bool is_level);
void vp_post(struct vp *vp, uint32_t bits); /* POSTED_NMI, POSTED_INIT, POSTED_REFRESH */

/*
 * Sends an IPI that the sender's local APIC has decoded, or, without a sender, a
 * message from a device (an I/O APIC entry or an MSI). Nobody listening is no
 * error: the message is lost, as on a machine. The partition is active: its lock
 * is held, or one of its VPs is running here.
 */
void ipi_send(struct partition *p, struct vp *sender, const struct lapic_ipi *ipi);

/* Sends a fixed interrupt to the VPs of a set, by index, that accept any. */
void ipi_send_set(struct partition *p, uint64_t vps, uint8_t vector);

/* Looks whether the guest ended its interrupt through the VP assist page. Before
 * any look at the local APIC. */
void vp_eoi_assist_sync(struct vp *vp);

/* The time that the local APIC asks for. */
uint64_t vp_now_ns(const struct vp *vp);
