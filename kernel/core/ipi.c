/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Interrupts between the VPs of a partition, and those that the parent asserts:
 * finding the receivers, and INIT, SIPI, NMI as software state.
 */
#include "core/vp_events.h"

#include "core/partition.h"
#include "core/sched.h"
#include "core/vp.h"

static void deliver(struct vp *vp, const struct lapic_ipi *ipi) {
	switch (ipi->mode) {
	case LAPIC_IPI_FIXED:
	case LAPIC_IPI_LOWEST_PRIORITY:
		if (lapic_is_accepting(&vp->lapic))
			vp_post_interrupt(vp, ipi->vector, ipi->is_level);
		return;
	case LAPIC_IPI_NMI:
		vp_post(vp, POSTED_NMI);
		return;
	case LAPIC_IPI_INIT:
		/* A SIPI that came before it found nobody waiting. */
		__atomic_fetch_and(&vp->posted, ~POSTED_SIPI, __ATOMIC_SEQ_CST);
		vp_post(vp, POSTED_INIT);
		return;
	case LAPIC_IPI_STARTUP:
		__atomic_store_n(&vp->sipi_vector, ipi->vector, __ATOMIC_SEQ_CST);
		vp_post(vp, POSTED_SIPI);
		return;
	}
}

void ipi_send(struct partition *p, struct vp *sender, const struct lapic_ipi *ipi) {
	const struct lapic *from = sender != NULL ? &sender->lapic : NULL;
	struct vp *best = NULL;

	/* To itself, and it runs: its model is at hand. Else it may have to be woken. */
	if (sender != NULL && ipi->shorthand == LAPIC_SHORTHAND_SELF && sched_is_running(sender)) {
		(void)lapic_accept(&sender->lapic, ipi->vector, ipi->is_level);
		return;
	}
	partition_for_each_vp (vp, p) {
		if (!lapic_ipi_targets(ipi, from, &vp->lapic))
			continue;
		if (ipi->mode != LAPIC_IPI_LOWEST_PRIORITY)
			deliver(vp, ipi);
		/* Lowest priority: of those that accept, the first with the lowest
		 * processor priority. */
		else if (lapic_is_accepting(&vp->lapic) &&
		         (best == NULL || lapic_priority(&vp->lapic) < lapic_priority(&best->lapic)))
			best = vp;
	}
	if (best != NULL)
		deliver(best, ipi);
}

void ipi_send_set(struct partition *p, uint64_t vps, uint8_t vector) {
	const struct lapic_ipi ipi = {.mode = LAPIC_IPI_FIXED, .vector = vector};

	partition_for_each_vp (vp, p)
		if (vps >> vp->index & 1)
			deliver(vp, &ipi);
}
