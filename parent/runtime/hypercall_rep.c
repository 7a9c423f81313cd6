/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Rep calls: cuts a list into pages, continues where the kernel stopped
 * [TLFS "Hypercall Interface", "Hypercall Continuation"], and the stubs of the
 * calls that take lists. Plain C over the raw forms.
 */
#include <string.h>
#include "runtime/hypercall.h"

#define REPS_MAX 0xfffu

static unsigned smaller(unsigned a, unsigned b) { return a < b ? a : b; }

/* As many elements as fit into the input page, the output page and the control
 * word. */
static unsigned batch_size(const struct hypercall_rep *call) {
	unsigned batch = smaller(call->count - call->done, REPS_MAX);

	if (call->list != NULL)
		batch = smaller(batch, (unsigned)((HV_PAGE_SIZE - call->header_size) / call->element_size));
	if (call->out != NULL)
		batch = smaller(batch, (unsigned)(HV_PAGE_SIZE / call->out_element_size));
	return batch;
}

enum hv_status hypercall_rep_once(struct hypercall_rep *call) {
	_Alignas(16) uint8_t block[HV_PAGE_SIZE];
	unsigned batch = batch_size(call);
	size_t size = call->header_size;
	uint8_t *out = NULL;
	uint64_t result;

	memcpy(block, call->header, call->header_size);
	if (call->list != NULL) {
		memcpy(block + size, (const uint8_t *)call->list + call->done * call->element_size,
		       batch * call->element_size);
		size += batch * call->element_size;
	}
	if (call->out != NULL)
		out = (uint8_t *)call->out + call->done * call->out_element_size;
	result = hypercall_memory((uint64_t)call->code | (uint64_t)batch << HV_CONTROL_REP_COUNT_SHIFT, block, size,
	                          out, batch * call->out_element_size);
	call->done += smaller((unsigned)((result & HV_RESULT_REPS_MASK) >> HV_RESULT_REPS_SHIFT), batch);
	return hypercall_status(result);
}

enum hv_status hypercall_rep_all(struct hypercall_rep *call) {
	enum hv_status status = HV_STATUS_SUCCESS;

	while (call->done < call->count && status == HV_STATUS_SUCCESS) {
		unsigned before = call->done;

		status = hypercall_rep_once(call);
		if (call->done == before)
			break;
	}
	return status;
}

enum hv_status hypercall_register_cpuid_results(hv_partition_id_t id, const struct hv_cpuid_result *rows,
                                                unsigned count) {
	struct hv_register_cpuid_results_in in = {.partition_id = id};
	struct hypercall_rep call = {.code = HV_CALL_REGISTER_CPUID_RESULTS,
	                             .header = &in,
	                             .header_size = sizeof(in),
	                             .list = rows,
	                             .element_size = sizeof(*rows),
	                             .count = count};

	return hypercall_rep_all(&call);
}

enum hv_status hypercall_deposit(hv_partition_id_t id, const hv_gpfn_t *pages, unsigned count, unsigned *done) {
	struct hv_deposit_memory_in in = {.partition_id = id};
	struct hypercall_rep call = {.code = HV_CALL_DEPOSIT_MEMORY,
	                             .header = &in,
	                             .header_size = sizeof(in),
	                             .list = pages,
	                             .element_size = sizeof(*pages),
	                             .count = count};
	enum hv_status status = hypercall_rep_all(&call);

	*done = call.done;
	return status;
}

enum hv_status hypercall_withdraw(hv_partition_id_t id, hv_gpfn_t *pages, unsigned count, unsigned *done) {
	struct hv_withdraw_memory_in in = {.partition_id = id};
	struct hypercall_rep call = {.code = HV_CALL_WITHDRAW_MEMORY,
	                             .header = &in,
	                             .header_size = sizeof(in),
	                             .out = pages,
	                             .out_element_size = sizeof(*pages),
	                             .count = count};
	enum hv_status status = hypercall_rep_all(&call);

	*done = call.done;
	return status;
}

/* GPFNs from one page of the named size to the next. */
static uint64_t page_step(uint32_t flags) {
	if (flags & HV_MAP_GPA_HUGE_PAGE)
		return 1ull << 18;
	return flags & HV_MAP_GPA_LARGE_PAGE ? 1ull << 9 : 1;
}

/* The list of a run is made as it goes, so that it may have any length. */
#define RUN_BATCH 256u

static unsigned run_batch(hv_gpfn_t *pages, hv_gpfn_t first, uint64_t step, unsigned count) {
	unsigned batch = smaller(count, RUN_BATCH);

	for (unsigned i = 0; i < batch; i++)
		pages[i] = first + i * step;
	return batch;
}

enum hv_status hypercall_map_gpa(hv_partition_id_t id, hv_gpfn_t target, hv_gpfn_t source, uint32_t flags,
                                 unsigned count, unsigned *done) {
	uint64_t step = page_step(flags);
	enum hv_status status = HV_STATUS_SUCCESS;
	hv_gpfn_t pages[RUN_BATCH];

	*done = 0;
	while (*done < count && status == HV_STATUS_SUCCESS) {
		struct hv_map_gpa_pages_in in = {
		    .partition_id = id, .target_gpfn = target + *done * step, .flags = flags};
		struct hypercall_rep call = {.code = HV_CALL_MAP_GPA_PAGES,
		                             .header = &in,
		                             .header_size = sizeof(in),
		                             .list = pages,
		                             .element_size = sizeof(*pages)};

		call.count = run_batch(pages, source + *done * step, step, count - *done);
		status = hypercall_rep_once(&call);
		*done += call.done;
		if (call.done == 0)
			break;
	}
	return status;
}

enum hv_status hypercall_scrub(hv_gpfn_t first, uint32_t flags, unsigned count, unsigned *done) {
	uint64_t step = page_step(flags);
	enum hv_status status = HV_STATUS_SUCCESS;
	hv_gpfn_t pages[RUN_BATCH];

	*done = 0;
	while (*done < count && status == HV_STATUS_SUCCESS) {
		struct hv_scrub_pages_in in = {.flags = flags};
		struct hypercall_rep call = {.code = HV_CALL_SCRUB_PAGES,
		                             .header = &in,
		                             .header_size = sizeof(in),
		                             .list = pages,
		                             .element_size = sizeof(*pages)};

		call.count = run_batch(pages, first + *done * step, step, count - *done);
		status = hypercall_rep_once(&call);
		*done += call.done;
		if (call.done == 0)
			break;
	}
	return status;
}

enum hv_status hypercall_get_registers(hv_partition_id_t id, hv_vp_index_t index, const uint32_t *names, unsigned count,
                                       union hv_register_value *values) {
	struct hv_vp_registers_in in = {.partition_id = id, .vp_index = index};
	struct hypercall_rep call = {.code = HV_CALL_GET_VP_REGISTERS,
	                             .header = &in,
	                             .header_size = sizeof(in),
	                             .list = names,
	                             .element_size = sizeof(*names),
	                             .out = values,
	                             .out_element_size = sizeof(*values),
	                             .count = count};

	return hypercall_rep_all(&call);
}

enum hv_status hypercall_set_registers(hv_partition_id_t id, hv_vp_index_t index,
                                       const struct hv_register_assoc *registers, unsigned count) {
	struct hv_vp_registers_in in = {.partition_id = id, .vp_index = index};
	struct hypercall_rep call = {.code = HV_CALL_SET_VP_REGISTERS,
	                             .header = &in,
	                             .header_size = sizeof(in),
	                             .list = registers,
	                             .element_size = sizeof(*registers),
	                             .count = count};

	return hypercall_rep_all(&call);
}

const char *hypercall_status_text(enum hv_status status) {
	static const struct {
		enum hv_status status;
		const char *sentence;
	} texts[] = {
#define HV_STATUS(name, value, sentence) {HV_STATUS_##name, sentence},
#include <hv_abi/status.def>
#undef HV_STATUS
	};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return texts[i].sentence;
	return "a status that the TLFS does not name";
}
