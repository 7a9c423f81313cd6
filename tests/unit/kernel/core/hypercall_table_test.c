/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of the table of calls and of the control word. What is expected is made
 * from calls.def as well, so a new call is tested the moment it is listed
 * [TLFS "Hypercall Interface", "Hypercall Inputs"].
 */
#include "core/hypercall.h"
#include "model_test.h"

/* Handlers: one function each, so that a wrong one shows. */
#define HV_CALL(NAME, name, code, privilege, target, form, in, rep_in, out, rep_out)                                   \
	enum hv_status call_##name(struct hypercall *hc) {                                                             \
		hc->result = (code);                                                                                   \
		return HV_STATUS_SUCCESS;                                                                              \
	}
#include <hv_abi/calls.def>
#undef HV_CALL

static const struct call {
	uint16_t code;
	enum hypercall_target target;
	enum hypercall_form form;
	uint64_t in;
	uint64_t rep_in;
	uint64_t out;
	uint64_t rep_out;
	uint64_t privilege;
	const char *name;
} calls[] = {
#define HV_CALL(NAME, name, code, privilege, target, form, in, rep_in, out, rep_out)                                   \
	{code, TARGET_##target, HYPERCALL_##form, in, rep_in, out, rep_out, HV_PRIVILEGE_##privilege, #name},
#include <hv_abi/calls.def>
#undef HV_CALL
};

static bool has_variable_header(const struct call *c) { return c->form & HYPERCALL_VARIABLE; }

static void the_list_is_sorted_by_code(void **state) {
	(void)state;
	for (unsigned i = 1; i < ARRAY_COUNT(calls); i++)
		if (calls[i].code <= calls[i - 1].code)
			fail_msg("%s stands after %s", calls[i].name, calls[i - 1].name);
}

static void every_code_finds_its_call_or_none(void **state) {
	unsigned next = 0;

	(void)state;
	for (uint32_t code = 0; code <= 0xffff; code++) {
		const struct hypercall_entry *e = hypercall_find((uint16_t)code);
		const struct call *c = &calls[next];
		struct hypercall hc = {0};

		if (next == ARRAY_COUNT(calls) || code != c->code) {
			assert_null(e);
			continue;
		}
		next++;
		assert_non_null(e);
		assert_int_equal(e->code, c->code);
		assert_int_equal(e->target, c->target);
		assert_int_equal(e->form, c->form & ~HYPERCALL_VARIABLE);
		assert_int_equal(e->is_variable, has_variable_header(c));
		assert_int_equal(e->in_size, c->in);
		assert_int_equal(e->rep_in_size, c->rep_in);
		assert_int_equal(e->out_size, c->out);
		assert_int_equal(e->rep_out_size, c->rep_out);
		assert_int_equal(e->privilege, c->privilege);
		assert_int_equal(e->handler(&hc), HV_STATUS_SUCCESS);
		assert_int_equal(hc.result, c->code);
	}
	assert_int_equal(next, ARRAY_COUNT(calls));
}

/* Only the spin hint and a VP's own partition id are for anybody. */
static void every_other_call_needs_a_privilege(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(calls); i++)
		if (calls[i].privilege == 0 && calls[i].code != HV_CALL_NOTIFY_LONG_SPIN_WAIT)
			fail_msg("%s is free for all", calls[i].name);
}

/* What names a target is in the fixed input, where the kernel looks. */
static void targets_are_in_the_fixed_input(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(calls); i++)
		if (calls[i].target != TARGET_NONE &&
		    (calls[i].form == HYPERCALL_REGISTER ||
		     calls[i].in <
		         (calls[i].target == TARGET_VP ? sizeof(struct hv_vp_in) : sizeof(struct hv_partition_in))))
			fail_msg("%s names no target", calls[i].name);
}

struct word {
	bool is_fast;
	uint32_t count;
	uint32_t start;
	uint32_t varhead;
	uint64_t stray; /* a bit that must be zero */
};

static bool is_legal(const struct call *c, const struct word *w) {
	const uint64_t in = c->in + 8 * w->varhead;

	if ((w->varhead != 0 && !has_variable_header(c)) || w->stray != 0)
		return false;
	switch (c->form) {
	case HYPERCALL_REP:
	case HYPERCALL_REP_VARIABLE:
		return !w->is_fast && w->start < w->count && in + w->count * c->rep_in <= 4096 &&
		       c->out + w->count * c->rep_out <= 4096;
	case HYPERCALL_REGISTER:
		return w->is_fast && w->count == 0 && w->start == 0;
	case HYPERCALL_SIMPLE:
	case HYPERCALL_SIMPLE_VARIABLE:
		return w->count == 0 && w->start == 0 && (w->is_fast ? in <= 16 && c->out == 0 : in <= 4096);
	}
	return false;
}

static void decode_one(const struct call *c, const struct word *w) {
	uint64_t control = c->code | (w->is_fast ? HV_CONTROL_FAST : 0) | (uint64_t)w->varhead << 17 |
	                   (uint64_t)w->count << 32 | (uint64_t)w->start << 48 | w->stray;
	struct hypercall out = {.control = control};
	enum hv_status status = hypercall_decode(&out);
	enum hv_status expected = is_legal(c, w) ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_HYPERCALL_INPUT;

	if (status != expected)
		fail_msg("%s, control %llx: status %d", c->name, (unsigned long long)control, (int)status);
	if (status != HV_STATUS_SUCCESS)
		return;
	assert_int_equal(out.entry->code, c->code);
	assert_int_equal(out.is_fast, w->is_fast);
	assert_int_equal(out.in_size, c->in + 8 * w->varhead);
	assert_int_equal(out.rep_count, w->count);
	assert_int_equal(out.rep_start, w->start);
	assert_int_equal(out.rep_done, w->start);
}

static void decode_counts(const struct call *c, bool is_fast, uint32_t varhead, uint64_t stray) {
	/* Borders of a page, too: how many elements fit beside the header. */
	const uint32_t fit_in = c->rep_in ? (uint32_t)((4096 - c->in) / c->rep_in) - varhead : 2;
	const uint32_t fit_out = c->rep_out ? (uint32_t)((4096 - c->out) / c->rep_out) : 2;
	const uint32_t counts[] = {0, 1, 2, fit_in, fit_in + 1, fit_out, fit_out + 1, 4095};

	for (unsigned i = 0; i < ARRAY_COUNT(counts); i++) {
		const uint32_t n = counts[i] & 0xfff;
		const uint32_t starts[] = {0, 1, n - 1, n, n + 1, 4095};

		for (unsigned j = 0; j < ARRAY_COUNT(starts); j++)
			decode_one(c, &(struct word){is_fast, n, starts[j] & 0xfff, varhead, stray});
	}
}

static void control_words_of_every_call_are_judged(void **state) {
	/* Bits 30:27, 31 (nested), 47:44, 63:60 and none. */
	static const uint8_t stray[] = {27, 28, 29, 30, 31, 44, 45, 46, 47, 60, 61, 62, 63};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(calls); i++)
		for (unsigned fast = 0; fast < 2; fast++) {
			decode_counts(&calls[i], fast, 0, 0);
			for (uint32_t bit = 0; bit < 10; bit++)
				decode_counts(&calls[i], fast, 1u << bit, 0);
			/* About as much as fills the page, and all ones. */
			for (uint32_t words = 500; words < 513; words++)
				decode_counts(&calls[i], fast, words, 0);
			decode_counts(&calls[i], fast, 1023, 0);
			for (unsigned b = 0; b < ARRAY_COUNT(stray); b++)
				decode_counts(&calls[i], fast, 0, BIT(stray[b]));
		}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_list_is_sorted_by_code),
	    cmocka_unit_test(every_code_finds_its_call_or_none),
	    cmocka_unit_test(every_other_call_needs_a_privilege),
	    cmocka_unit_test(targets_are_in_the_fixed_input),
	    cmocka_unit_test(control_words_of_every_call_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
