/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Filling intercept pages, and taking register pages back. */
#include "core/exit.h"

#include "core/partition.h"
#include "core/sched.h"
#include "lib/bits.h"
#include "lib/string.h"

/* The page has the first segments in the state's order. */
_Static_assert((int)HV_PAGE_ES == VP_ES && (int)HV_PAGE_CS == VP_CS && (int)HV_PAGE_SS == VP_SS &&
                   (int)HV_PAGE_DS == VP_DS && (int)HV_PAGE_GS == VP_GS,
               "segments");

/* A message of `size` bytes, all zero. */
static void *begin(struct vp *vp, enum hv_message_type type, unsigned size) {
	struct hv_message *message = &vp->intercept->message;

	message->header =
	    (struct hv_message_header){.type = type, .payload_size = (uint8_t)size, .sender = vp->partition->id};
	memset(message->payload, 0, size);
	vp->intercept->sequence = ++vp->intercept_sequence;
	vp->registers->valid = HV_DIRTY_GENERAL;
	vp->intercept_mode = 0;
	return message->payload;
}

/* As begin, for a message that starts with what every exit tells. */
static void *begin_exit(struct vp *vp, enum hv_message_type type, unsigned size, uint8_t length,
                        enum hv_intercept_access access) {
	struct hv_intercept_header *h = begin(vp, type, size);
	unsigned state = vp_hw_cpl(&vp->hw);

	if (vp_read(vp, cr0) & CR0_PE)
		state |= HV_EXECUTION_CR0_PE;
	if (vp_read(vp, efer) & EFER_LMA)
		state |= HV_EXECUTION_EFER_LMA;
	if (vp->hw.event != 0)
		state |= HV_EXECUTION_EVENT_PENDING;
	h->vp_index = vp->index;
	h->instruction_length = (uint8_t)(length | vp->hw.cr8 << 4);
	h->access_type = (uint8_t)access;
	h->execution_state = (uint16_t)state;
	vp_hw_segment(&vp->hw, VP_CS, &h->cs);
	vp->intercept_mode = vp_hw_is_64_bit(&vp->hw) ? 64 : 32; /* not from the page: it is the parent's, too */
	h->rip = vp_read(vp, rip);
	h->rflags = vp_read(vp, rflags);
	return h;
}

static struct vp *deliver(struct vp *vp) {
	this_cpu()->count.exits_to_parent++;
	return sched_intercept(vp);
}

/* What the parent needs to walk the guest's tables and to carry out an access. */
static void fill_state(struct vp *vp) {
	struct hv_register_page *r = vp->registers;

	r->cr0 = vp_read(vp, cr0);
	r->cr3 = vp_read(vp, cr3);
	r->cr4 = vp_read(vp, cr4);
	r->efer = vp_read(vp, efer);
	for (unsigned i = 0; i < HV_PAGE_SEGMENT_COUNT; i++)
		vp_hw_segment(&vp->hw, (enum vp_segment)i, &r->segment[i]);
	r->valid = HV_DIRTY_GENERAL | HV_DIRTY_CONTROL | HV_DIRTY_SEGMENTS;
}

struct vp *intercept_io(struct vp *vp, const struct vp_exit *exit) {
	struct hv_io_port_intercept *m =
	    begin_exit(vp, HV_MESSAGE_IO_PORT_INTERCEPT, sizeof(*m), exit->instruction_length,
	               exit->u.io.is_in ? HV_INTERCEPT_READ : HV_INTERCEPT_WRITE);
	const uint64_t *gpr = vp_gpr(vp);

	m->port = exit->u.io.port;
	m->access_info = (uint8_t)(exit->u.io.size | (exit->u.io.is_string ? HV_IO_ACCESS_STRING : 0) |
	                           (exit->u.io.is_rep ? HV_IO_ACCESS_REP : 0));
	m->rax = gpr[HV_RAX];
	if (exit->u.io.is_string) {
		vp_hw_segment(&vp->hw, VP_DS, &m->ds);
		vp_hw_segment(&vp->hw, VP_ES, &m->es);
		m->rcx = gpr[HV_RCX];
		m->rsi = gpr[HV_RSI];
		m->rdi = gpr[HV_RDI];
		fill_state(vp);
	}
	return deliver(vp);
}

/* VP_ACCESS_* are the bits whose numbers the TLFS gives. */
_Static_assert(VP_ACCESS_READ == 1 << HV_INTERCEPT_READ, "read");
_Static_assert(VP_ACCESS_WRITE == 1 << HV_INTERCEPT_WRITE, "write");
_Static_assert(VP_ACCESS_EXECUTE == 1 << HV_INTERCEPT_EXECUTE, "execute");

struct vp *intercept_memory(struct vp *vp, const struct vp_exit *exit) {
	struct hv_memory_intercept *m = begin_exit(vp, HV_MESSAGE_UNMAPPED_GPA, sizeof(*m), 0,
	                                           (enum hv_intercept_access)bit_lowest(exit->u.fault.access));

	m->gpa = exit->u.fault.gpa;
	fill_state(vp);
	return deliver(vp);
}

struct vp *intercept_msr(struct vp *vp, uint8_t length, enum hv_intercept_access access) {
	struct hv_msr_intercept *m = begin_exit(vp, HV_MESSAGE_MSR_INTERCEPT, sizeof(*m), length, access);
	const uint64_t *gpr = vp_gpr(vp);

	m->msr = (uint32_t)gpr[HV_RCX];
	m->rdx = gpr[HV_RDX];
	m->rax = gpr[HV_RAX];
	return deliver(vp);
}

struct vp *intercept_eoi(struct vp *vp, uint8_t vector) {
	struct hv_apic_eoi_message *m = begin(vp, HV_MESSAGE_APIC_EOI, sizeof(*m));

	m->vp_index = vp->index;
	m->vector = vector;
	return deliver(vp);
}

struct vp *intercept_plain(struct vp *vp, enum hv_message_type type) {
	(void)begin_exit(vp, type, sizeof(struct hv_intercept_header), 0, HV_INTERCEPT_EXECUTE);
	fill_state(vp);
	return deliver(vp);
}

struct vp *intercept_invalid_state(struct vp *vp, uint32_t rule, uint64_t value, uint64_t hardware_code) {
	struct hv_invalid_vp_register_message *m = begin(vp, HV_MESSAGE_INVALID_VP_REGISTER, sizeof(*m));

	m->vp_index = vp->index;
	m->rule = rule;
	m->value = value;
	m->hardware_code = hardware_code;
	fill_state(vp);
	return deliver(vp);
}

struct vp *intercept_posted(struct vp *vp, const struct hv_post_message_in *in) {
	(void)begin(vp, HV_MESSAGE_POSTED_MESSAGE, 0);
	memcpy(vp->intercept->posted, in, sizeof(vp->intercept->posted));
	return deliver(vp);
}

void intercept_machine_check(struct vp *vp) {
	struct hv_intercept_header *h = begin(vp, HV_MESSAGE_MACHINE_CHECK, sizeof(*h));

	h->vp_index = vp->index;
	(void)sched_intercept(vp);
}

/* Most resumes only move RIP: no need for the whole state then. */
static bool take_rip(struct vp *vp, uint64_t rip) {
	if (vp->intercept_mode == 64 ? !address_is_canonical(rip) : rip >> 32 != 0)
		return false;
	vp_write(vp, rip, rip);
	return true;
}

enum vp_state_rule intercept_resume(struct vp *vp, uint64_t *value) {
	struct hv_register_page *page = vp->registers;
	/* The parent may write the page at any time: each word is read once. */
	uint32_t dirty = __atomic_exchange_n(&page->dirty, 0, __ATOMIC_ACQUIRE);
	struct vp_state s;
	enum vp_state_rule rule;
	uint64_t cr8 = vp->hw.cr8;

	dirty &= HV_DIRTY_RIP | HV_DIRTY_SEGMENTS | HV_DIRTY_FLAGS | HV_DIRTY_CONTROL | HV_DIRTY_EVENT;
	if (dirty == 0 && !vp->needs_check)
		return VP_RULE_NONE;
	if (dirty == HV_DIRTY_RIP && !vp->needs_check && vp->intercept_mode != 0) {
		*value = *(volatile uint64_t *)&page->rip;
		return take_rip(vp, *value) ? VP_RULE_NONE : VP_RULE_RIP_CANONICAL;
	}
	vp_hw_get_state(&vp->hw, &s);
	if (dirty & HV_DIRTY_RIP)
		s.rip = *(volatile uint64_t *)&page->rip;
	if (dirty & HV_DIRTY_FLAGS)
		s.rflags = *(volatile uint64_t *)&page->rflags;
	if (dirty & HV_DIRTY_SEGMENTS)
		memcpy(s.segment, page->segment, sizeof(page->segment));
	if (dirty & HV_DIRTY_CONTROL) {
		s.cr0 = *(volatile uint64_t *)&page->cr0;
		s.cr3 = *(volatile uint64_t *)&page->cr3;
		s.cr4 = *(volatile uint64_t *)&page->cr4;
		s.efer = *(volatile uint64_t *)&page->efer;
		s.dr7 = *(volatile uint64_t *)&page->dr7;
		cr8 = *(volatile uint64_t *)&page->cr8;
	}
	if (dirty & HV_DIRTY_EVENT)
		s.event = *(volatile uint64_t *)&page->pending_interruption;
	if (cr8 > 15) {
		*value = cr8;
		return VP_RULE_CR8;
	}
	rule = vp_state_check(&s, &vp->partition->cpu.limits, value);
	if (rule != VP_RULE_NONE)
		return rule;
	vp->needs_check = false;
	vp_hw_set_state(&vp->hw, &s);
	vp->hw.cr8 = (uint8_t)cr8;
	vp->needs_events = true;
	if (dirty & HV_DIRTY_CONTROL)
		vp->hw.flush_pending = true;
	return VP_RULE_NONE;
}
