/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Hypercalls of the parent: the two raw forms, sizes made from calls.def, and a
 * typed stub per call. Follows [TLFS "Hypercall Interface"]; our own register
 * form is described in hv_abi/calls.def. Host tests link a fake of the raw forms.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <hv_abi/call_args.h>
#include <hv_abi/hypercall.h>

/* HYPERCALL_<NAME>_IN, _REP_IN, _OUT and _REP_OUT: bytes, from calls.def. */
enum hypercall_size {
#define HV_CALL(NAME, name, code, privilege, target, form, in_size, rep_in_size, out_size, rep_out_size)               \
	HYPERCALL_##NAME##_IN = (in_size), HYPERCALL_##NAME##_REP_IN = (rep_in_size),                                  \
	HYPERCALL_##NAME##_OUT = (out_size), HYPERCALL_##NAME##_REP_OUT = (rep_out_size),
#include <hv_abi/calls.def>
#undef HV_CALL
};

/* The raw forms. `in_size` and `out_size` are at most a page; the blocks go
 * through the calling VP's own pages, so any memory of the parent will do.
 * Return the result value. Any lock may be held. */
uint64_t hypercall_memory(uint64_t control, const void *in, size_t in_size, void *out, size_t out_size);
uint64_t hypercall_register(enum hv_call_code code, uint64_t rdx, uint64_t r8);

/* "HV_STATUS_..." as a sentence, from status.def. */
const char *hypercall_status_text(enum hv_status status);

static inline enum hv_status hypercall_status(uint64_t result) {
	return (enum hv_status)(result & HV_RESULT_STATUS_MASK);
}

/* hypercall_simple_<name>(in, out): untyped stubs of the SIMPLE calls, with the
 * sizes of calls.def; the typed ones below are made of them. */
#define HYPERCALL_STUB_SIMPLE(NAME, name)                                                                              \
	static inline enum hv_status hypercall_simple_##name(const void *in, void *out) {                              \
		return hypercall_status(                                                                               \
		    hypercall_memory(HV_CALL_##NAME, in, HYPERCALL_##NAME##_IN, out, HYPERCALL_##NAME##_OUT));         \
	}
#define HYPERCALL_STUB_REP(NAME, name)
#define HYPERCALL_STUB_SIMPLE_VARIABLE(NAME, name)
#define HYPERCALL_STUB_REP_VARIABLE(NAME, name)
#define HYPERCALL_STUB_REGISTER(NAME, name)                                                                            \
	static inline uint64_t hypercall_register_##name(uint64_t rdx, uint64_t r8) {                                  \
		return hypercall_register(HV_CALL_##NAME, rdx, r8);                                                    \
	}
#define HV_CALL(NAME, name, code, privilege, target, form, in_size, rep_in_size, out_size, rep_out_size)               \
	HYPERCALL_STUB_##form(NAME, name)
#include <hv_abi/calls.def>
#undef HV_CALL

/* A rep call over a list of any length, in as many calls as it takes. */
struct hypercall_rep {
	enum hv_call_code code;
	const void *header; /* the fixed input */
	size_t header_size;
	const void *list; /* NULL if the call has no input list */
	size_t element_size;
	void *out; /* NULL if the call has no output list */
	size_t out_element_size;
	unsigned count; /* elements to do */
	unsigned done;  /* elements done, also after an error */
};

/* One call over as much of the rest as a page holds; adds to `done`. */
enum hv_status hypercall_rep_once(struct hypercall_rep *call);

/* Repeats the call until everything is done, or a status other than SUCCESS, or
 * a SUCCESS that did nothing. For calls whose header names no position. */
enum hv_status hypercall_rep_all(struct hypercall_rep *call);

/* VpWait, decoded. */
struct vp_wait_result {
	enum hv_status status; /* of resuming the slot, if one was named */
	uint32_t reasons;      /* HV_VP_WAIT_* */
	uint32_t slot;         /* valid with HV_VP_WAIT_INTERCEPT */
};

static inline struct vp_wait_result hypercall_vp_wait(uint32_t flags, uint32_t resume_slot,
                                                      hv_reference_time_t deadline) {
	uint64_t result = hypercall_register_vp_wait((uint64_t)resume_slot << 32 | flags, deadline);

	return (struct vp_wait_result){
	    .status = hypercall_status(result),
	    .reasons = (uint32_t)(result >> HV_VP_WAIT_REASON_SHIFT) & 0xffff,
	    .slot = (uint32_t)(result >> HV_VP_WAIT_SLOT_SHIFT),
	};
}

/* Partitions. */
static inline enum hv_status hypercall_create_partition(const struct hv_create_partition_in *in,
                                                        hv_partition_id_t *id) {
	struct hv_create_partition_out out = {0};
	enum hv_status status = hypercall_simple_create_partition(in, &out);

	*id = out.partition_id;
	return status;
}

static inline enum hv_status hypercall_initialize_partition(hv_partition_id_t id) {
	return hypercall_simple_initialize_partition(&(struct hv_partition_in){id}, NULL);
}

static inline enum hv_status hypercall_finalize_partition(hv_partition_id_t id) {
	return hypercall_simple_finalize_partition(&(struct hv_partition_in){id}, NULL);
}

static inline enum hv_status hypercall_delete_partition(hv_partition_id_t id) {
	return hypercall_simple_delete_partition(&(struct hv_partition_in){id}, NULL);
}

static inline enum hv_status hypercall_get_property(hv_partition_id_t id, enum hv_partition_property property,
                                                    uint64_t *value) {
	struct hv_get_partition_property_in in = {.partition_id = id, .property = property};
	struct hv_get_partition_property_out out = {0};
	enum hv_status status = hypercall_simple_get_partition_property(&in, &out);

	*value = out.value;
	return status;
}

static inline enum hv_status hypercall_set_property(hv_partition_id_t id, enum hv_partition_property property,
                                                    uint64_t value) {
	struct hv_set_partition_property_in in = {.partition_id = id, .property = property, .value = value};

	return hypercall_simple_set_partition_property(&in, NULL);
}

/* What CPUID answers in the partition: all rows, or an error. */
enum hv_status hypercall_register_cpuid_results(hv_partition_id_t id, const struct hv_cpuid_result *rows,
                                                unsigned count);

/* Memory. GPFNs are in 4 KiB units; `done` counts the pages that were done, also
 * on an error. */
enum hv_status hypercall_deposit(hv_partition_id_t id, const hv_gpfn_t *pages, unsigned count, unsigned *done);
/* Takes back at most `count` pages; *done 0 and SUCCESS means none are left. */
enum hv_status hypercall_withdraw(hv_partition_id_t id, hv_gpfn_t *pages, unsigned count, unsigned *done);
/* Lends `count` pages of the size that the flags name, contiguous on both sides. */
enum hv_status hypercall_map_gpa(hv_partition_id_t id, hv_gpfn_t target, hv_gpfn_t source, uint32_t flags,
                                 unsigned count, unsigned *done);
/* Zeroes `count` contiguous pages that are no longer lent. */
enum hv_status hypercall_scrub(hv_gpfn_t first, uint32_t flags, unsigned count, unsigned *done);

/* Virtual processors. */
static inline enum hv_status hypercall_create_vp(hv_partition_id_t id, hv_vp_index_t index,
                                                 struct hv_create_vp_out *out) {
	struct hv_create_vp_in in = {.partition_id = id, .vp_index = index, .apic_id = index};

	return hypercall_simple_create_vp(&in, out);
}

enum hv_status hypercall_get_registers(hv_partition_id_t id, hv_vp_index_t index, const uint32_t *names, unsigned count,
                                       union hv_register_value *values);
enum hv_status hypercall_set_registers(hv_partition_id_t id, hv_vp_index_t index,
                                       const struct hv_register_assoc *registers, unsigned count);

static inline enum hv_status hypercall_assert_interrupt(const struct hv_assert_virtual_interrupt_in *in) {
	return hypercall_simple_assert_virtual_interrupt(in, NULL);
}

/* Ports and connections; HvPostMessage and HvSignalEvent to a child without one. */
static inline enum hv_status hypercall_connect_port(const struct hv_connect_port_in *in) {
	return hypercall_simple_connect_port(in, NULL);
}

static inline enum hv_status hypercall_disconnect_port(hv_partition_id_t id, uint32_t connection_id) {
	struct hv_disconnect_port_in in = {.connection_partition = id, .connection_id = connection_id};

	return hypercall_simple_disconnect_port(&in, NULL);
}

static inline enum hv_status hypercall_post_message_direct(const struct hv_post_message_direct_in *in) {
	return hypercall_simple_post_message_direct(in, NULL);
}

static inline enum hv_status hypercall_signal_event_direct(const struct hv_signal_event_direct_in *in) {
	struct hv_signal_event_direct_out out;

	return hypercall_simple_signal_event_direct(in, &out);
}

/* The parent's own. */
static inline enum hv_status hypercall_map_device_interrupt(const struct hv_map_device_interrupt_in *in,
                                                            struct hv_map_device_interrupt_out *out) {
	return hypercall_simple_map_device_interrupt(in, out);
}

/* Before a driver sets the bus-master bit of a PCI function: the kernel clears it if
 * this parent dies. `function` is bus << 8 | device << 3 | function; once more is no
 * error. Errors: NO_RESOURCES HV_MAX_DEVICE_CLAIMS are claimed. */
static inline enum hv_status hypercall_claim_device(uint16_t function) {
	return hypercall_status(hypercall_register_claim_device(function, 0));
}

static inline enum hv_status hypercall_unmask_device_interrupt(uint32_t interrupt) {
	return hypercall_status(hypercall_register_unmask_device_interrupt(interrupt, 0));
}

static inline enum hv_status hypercall_signal_parent_vp(uint32_t vp_index, unsigned event) {
	return hypercall_status(hypercall_register_signal_parent_vp(vp_index, event));
}

static inline enum hv_status hypercall_write_log(const struct hv_write_log_in *in) {
	return hypercall_simple_write_log(in, NULL);
}

static inline enum hv_status hypercall_report_death(const struct hv_report_death_in *in) {
	return hypercall_simple_report_death(in, NULL);
}

static inline enum hv_status hypercall_check_invariants(struct hv_check_invariants_out *out) {
	return hypercall_simple_check_invariants(&(uint64_t){0}, out);
}

static inline enum hv_status hypercall_get_counters(struct hv_counters *out) {
	return hypercall_simple_get_counters(&(uint64_t){0}, out);
}
