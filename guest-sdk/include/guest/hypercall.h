/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Hypercalls through the hypercall page [TLFS "Hypercall Interface"]. For every
 * line of hv_abi/calls.def there is a stub guest_call_NAME.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hv_abi/call_args.h>
#include <hv_abi/hypercall.h>

/* Names the guest's system and enables the hypercall page. False if there is no
 * hypervisor with the public interface. Once, by one VP, before any call. */
bool guest_hypercall_setup(void);

/* The bare call: RCX, RDX, R8 in; RAX out. Any value is possible, so that a test
 * can send what no stub would. */
uint64_t guest_hypercall(uint64_t control, uint64_t rdx, uint64_t r8);

static inline enum hv_status guest_status(uint64_t result) { return (enum hv_status)(result & HV_RESULT_STATUS_MASK); }

static inline unsigned guest_reps_done(uint64_t result) {
	return (unsigned)((result & HV_RESULT_REPS_MASK) >> HV_RESULT_REPS_SHIFT);
}

/* The stubs of the VARIABLE forms send no variable header. */
enum guest_call_form {
	GUEST_CALL_SIMPLE,
	GUEST_CALL_REP,
	GUEST_CALL_REGISTER,
	GUEST_CALL_SIMPLE_VARIABLE,
	GUEST_CALL_REP_VARIABLE,
};

struct guest_call {
	uint16_t code;
	uint16_t in_size;
	uint16_t rep_in_size;
	uint16_t out_size;
	uint16_t rep_out_size;
	enum guest_call_form form;
};

/*
 * Copies header and list into the input page, calls, and copies the output back.
 * `count` is the number of reps, 0 for other forms; `list` and `out` are NULL where
 * a call has none. For the REGISTER form `in` holds RDX and R8. Returns the result
 * value; HV_STATUS_INVALID_PARAMETER, without a call, if input or output do not fit
 * into a page. The pages are shared: one VP at a time.
 */
uint64_t guest_call(const struct guest_call *call, const void *in, const void *list, unsigned count, void *out);

#define HV_CALL(NAME, name, code, privilege, target, form, in_size, rep_in_size, out_size, rep_out_size)               \
	static inline uint64_t guest_call_##name(const void *in, const void *list, unsigned count, void *out) {        \
		static const struct guest_call call = {(code),     (in_size),      (rep_in_size),                      \
		                                       (out_size), (rep_out_size), GUEST_CALL_##form};                 \
		return guest_call(&call, in, list, count, out);                                                        \
	}
#include <hv_abi/calls.def>
#undef HV_CALL
