/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The table of calls, made from calls.def, and the control word. Pure. */
#include "core/hypercall.h"

#include <stddef.h>

/* Codes below 0x100 and our own from 0xf00 on each have a place of their own. */
#define PLACE(code) (((code)&0xffu) | ((code) >> 8 == 0xf ? 0x100u : 0))

#define HV_CALL(NAME, name_, code_, privilege_, target_, form_, in_, rep_in_, out_, rep_out_)                          \
	[PLACE(code_)] = {.code = (code_),                                                                             \
	                  .target = TARGET_##target_,                                                                  \
	                  .form = HYPERCALL_##form_ & ~HYPERCALL_VARIABLE,                                             \
	                  .is_variable = HYPERCALL_##form_ & HYPERCALL_VARIABLE,                                       \
	                  .rep_in_size = (rep_in_),                                                                    \
	                  .in_size = (in_),                                                                            \
	                  .out_size = (out_),                                                                          \
	                  .rep_out_size = (rep_out_),                                                                  \
	                  .privilege = HV_PRIVILEGE_##privilege_,                                                      \
	                  .handler = call_##name_},

static const struct hypercall_entry entries[0x200] = {
#include <hv_abi/calls.def>
};
#undef HV_CALL

const struct hypercall_entry *hypercall_find(uint16_t code) {
	const struct hypercall_entry *e = &entries[PLACE(code)];

	return e->handler != NULL && e->code == code ? e : NULL;
}

enum hv_status hypercall_decode(struct hypercall *hc) {
	const struct hypercall_entry *e = hypercall_find(hc->control & HV_CONTROL_CODE_MASK);
	uint64_t count = (hc->control & HV_CONTROL_REP_COUNT_MASK) >> HV_CONTROL_REP_COUNT_SHIFT;
	uint64_t start = (hc->control & HV_CONTROL_REP_START_MASK) >> HV_CONTROL_REP_START_SHIFT;
	uint64_t words = (hc->control & HV_CONTROL_VARHEAD_MASK) >> HV_CONTROL_VARHEAD_SHIFT;
	uint64_t in_size;
	bool is_fast = hc->control & HV_CONTROL_FAST;
	bool is_legal = false;

	if (e == NULL)
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	in_size = e->in_size + words * 8;
	if (e->form == HYPERCALL_REP) /* the lists must fit the pages that carry them */
		is_legal = !is_fast && start < count && in_size + count * e->rep_in_size <= HV_PAGE_SIZE &&
		           e->out_size + count * e->rep_out_size <= HV_PAGE_SIZE;
	else if (count == 0 && start == 0)
		is_legal = e->form == HYPERCALL_REGISTER
		               ? is_fast
		               : in_size <= (is_fast ? 16 : HV_PAGE_SIZE) && !(is_fast && e->out_size);
	if (!is_legal || (words != 0 && !e->is_variable) || (hc->control & (HV_CONTROL_RESERVED | HV_CONTROL_NESTED)))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	hc->entry = e;
	hc->is_fast = is_fast;
	hc->in_size = (uint16_t)in_size;
	hc->rep_count = (uint16_t)count;
	hc->rep_start = (uint16_t)start;
	hc->rep_done = (uint16_t)start;
	return HV_STATUS_SUCCESS;
}
