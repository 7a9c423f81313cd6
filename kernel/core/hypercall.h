/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Hypercalls: decode -> authorize -> find and lock the target -> handler. Decoding
 * and the table are pure; the input is copied in exactly once, before the handler
 * sees it.
 */
#pragma once

#include <stdbool.h>

#include <hv_abi/call_args.h>
#include <hv_abi/hypercall.h>
#include <hv_abi/privileges.h>

struct vp;
struct vp_exit;
struct partition;

#define HYPERCALL_VARIABLE 4u /* bit of a form: with a variable header */
enum hypercall_form {
	HYPERCALL_SIMPLE,
	HYPERCALL_REP,
	HYPERCALL_REGISTER,
	HYPERCALL_SIMPLE_VARIABLE = HYPERCALL_SIMPLE | HYPERCALL_VARIABLE,
	HYPERCALL_REP_VARIABLE = HYPERCALL_REP | HYPERCALL_VARIABLE,
};
enum hypercall_target { TARGET_NONE, TARGET_PARTITION, TARGET_CHILD, TARGET_VP };

/* Not a TLFS status: the handler made progress and wants to be called again; the
 * guest executes the instruction once more. */
#define HYPERCALL_AGAIN     0xffffu

/* Work that one pass of a rep call does; a rep is one and what the handler adds. */
#define HYPERCALL_PASS_WORK 128u

/* What a handler gets. It is called once, or once per rep; then with the element
 * in `element` and room for one in `out_element`. */
struct hypercall {
	struct vp *vp;
	struct partition *caller;
	const struct hypercall_entry *entry;
	struct partition *partition; /* the target, locked, or NULL */
	struct vp *target;           /* TARGET_VP: the VP */
	bool is_64;                  /* the caller uses RCX, RDX, R8, else register pairs */
	bool is_fast;
	uint16_t in_size; /* bytes before the list: fixed and variable header */
	uint16_t rep_count;
	uint16_t rep_start;
	uint16_t rep_done; /* reps completed = index of the element */
	unsigned work;     /* of this pass */
	const void *in;    /* private copy of the input */
	const void *element;
	void *out; /* fixed output, zeroed */
	void *out_element;
	uint64_t control;
	uint64_t fast[2];     /* RDX, R8 */
	uint64_t result;      /* REGISTER: the whole of RAX */
	bool needs_shootdown; /* handler: before the result, when the lock is free */
	bool is_posted;       /* PostMessage: the input goes to the parent */
	bool is_waiting;      /* VpWait: no result now */
	struct vp *next;      /* VpWait: whom to run, NULL: ask the scheduler */
};

struct hypercall_entry {
	uint16_t code;
	uint8_t target; /* enum hypercall_target */
	uint8_t form;   /* enum hypercall_form without HYPERCALL_VARIABLE */
	bool is_variable;
	uint8_t rep_in_size;
	uint16_t in_size;
	uint16_t out_size;
	uint16_t rep_out_size;
	uint64_t privilege; /* 0: none needed */
	enum hv_status (*handler)(struct hypercall *hc);
};

/* NULL: no such call. */
const struct hypercall_entry *hypercall_find(uint16_t code);

/*
 * Judges hc->control [TLFS "Hypercall Inputs"] and fills in entry, is_fast and the
 * rep fields. Errors: INVALID_HYPERCALL_CODE; INVALID_HYPERCALL_INPUT reserved
 * bits, rep count or start that do not fit the form, a variable header where the call has
 * none, nested; input that fits no page; fast with more than 16 bytes of input or any
 * output. Pure.
 */
enum hv_status hypercall_decode(struct hypercall *hc);

/* The target is not needed any more: handlers that wait for other processors
 * call it first. */
void hypercall_unlock(struct hypercall *hc);

/* The VP executed VMMCALL or VMCALL. Returns the VP to run next, or NULL. */
struct vp *hypercall_exit(struct vp *vp, const struct vp_exit *exit);

#define HV_CALL(NAME, name, code, privilege, target, form, in, rep_in, out, rep_out)                                   \
	enum hv_status call_##name(struct hypercall *hc);
#include <hv_abi/calls.def>
#undef HV_CALL
