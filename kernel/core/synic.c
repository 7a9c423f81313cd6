/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Slots, flags, and what waits for them. */
#include "core/synic.h"

#include "core/machine.h"
#include "core/partition.h"
#include "core/vp.h"
#include "core/vp_events.h"
#include "lib/string.h"

/* A masked source takes nothing [TLFS "SINTx Registers"]. */
static bool is_on(const struct vp *vp, unsigned sint, uint64_t page_msr) {
	return (vp->msrs.scontrol & HV_SCONTROL_ENABLE) && (page_msr & HV_PAGE_MSR_ENABLE) &&
	       !(vp->msrs.sint[sint] & HV_SINT_MASKED);
}

static void raise(struct vp *vp, unsigned sint) {
	if (!(vp->msrs.sint[sint] & HV_SINT_POLLING))
		vp_post_interrupt(vp, (uint8_t)vp->msrs.sint[sint], false);
}

static struct hv_message *slot_of(const struct vp *vp, unsigned sint) {
	struct hv_message_page *page = frame_pointer(vp->message_page);

	return &page->slot[sint];
}

static bool is_free(const struct hv_message *slot) {
	return __atomic_load_n(&slot->header.type, __ATOMIC_SEQ_CST) == HV_MESSAGE_NONE;
}

/* The guest frees the slot and then looks at the flag; so it is looked at again here
 * once the flag is set: one of the two sees the other [TLFS "Message Slots"]. */
static bool has_room(struct hv_message *slot) {
	if (is_free(slot))
		return true;
	__atomic_fetch_or(&slot->header.flags, HV_MESSAGE_FLAG_PENDING, __ATOMIC_SEQ_CST);
	return is_free(slot);
}

enum hv_status synic_post(struct vp *vp, unsigned sint, const struct hv_message *message) {
	struct hv_message *slot;

	if (!is_on(vp, sint, vp->msrs.simp))
		return HV_STATUS_INVALID_SYNIC_STATE;
	slot = slot_of(vp, sint);
	if (!has_room(slot))
		return HV_STATUS_INSUFFICIENT_BUFFERS;
	memcpy(slot->payload, message->payload, message->header.payload_size);
	slot->header.payload_size = message->header.payload_size;
	slot->header.flags = 0;
	slot->header.sender = message->header.sender;
	__atomic_store_n(&slot->header.type, message->header.type, __ATOMIC_RELEASE);
	raise(vp, sint);
	return HV_STATUS_SUCCESS;
}

enum hv_status synic_signal(struct vp *vp, unsigned sint, unsigned flag, bool *is_new) {
	const uint64_t bit = 1ull << flag % 64;
	struct hv_event_flags_page *page;

	if (!is_on(vp, sint, vp->msrs.siefp))
		return HV_STATUS_INVALID_SYNIC_STATE;
	page = frame_pointer(vp->event_flags_page);
	*is_new = !(__atomic_fetch_or(&page->sint[sint].word[flag / 64], bit, __ATOMIC_SEQ_CST) & bit);
	if (*is_new)
		raise(vp, sint);
	return HV_STATUS_SUCCESS;
}

static bool post_timer(struct vp *vp, unsigned index) {
	struct stimer *t = &vp->msrs.stimers.timer[index];
	struct hv_message message = {
	    .header = {.type = HV_MESSAGE_TIMER_EXPIRED, .payload_size = sizeof(struct hv_timer_message)}};
	const struct hv_timer_message payload = {
	    .timer_index = index,
	    .expiration_time = t->expired,
	    .delivery_time = reference_time_at(&vp->partition->time, machine_tsc()),
	};

	memcpy(message.payload, &payload, sizeof(payload));
	if (synic_post(vp, stimer_sint(t), &message) != HV_STATUS_SUCCESS)
		return false;
	t->expired = 0;
	return true;
}

bool synic_post_timers(struct vp *vp) {
	bool is_posted = false;

	for (unsigned i = 0; i < HV_STIMER_COUNT; i++) {
		if (vp->msrs.stimers.timer[i].expired == 0)
			continue;
		spinlock_acquire(&vp->partition->lock);
		is_posted |= post_timer(vp, i);
		spinlock_release(&vp->partition->lock);
	}
	return is_posted;
}

bool synic_take_wanted(struct vp *vp) {
	bool is_deliverable = false;

	if (__atomic_load_n(&vp->msrs.sints_wanted, __ATOMIC_ACQUIRE) == 0)
		return false;
	spinlock_acquire(&vp->partition->lock);
	for (unsigned sint = 0; sint < HV_SINT_COUNT; sint++)
		is_deliverable |= (vp->msrs.sints_wanted >> sint & 1) && is_on(vp, sint, vp->msrs.simp) &&
		                  has_room(slot_of(vp, sint));
	if (is_deliverable)
		__atomic_store_n(&vp->msrs.sints_wanted, 0, __ATOMIC_RELEASE);
	spinlock_release(&vp->partition->lock);
	return is_deliverable;
}

bool synic_is_auto_eoi(const struct vp *vp, unsigned vector) {
	const uint64_t asked = HV_SINT_AUTO_EOI | vector;

	for (unsigned sint = 0; (vp->msrs.scontrol & HV_SCONTROL_ENABLE) && sint < HV_SINT_COUNT; sint++)
		if ((vp->msrs.sint[sint] & (HV_SINT_AUTO_EOI | HV_SINT_MASKED | 0xff)) == asked)
			return true;
	return false;
}
