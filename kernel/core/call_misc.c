/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The parent's log, its word that it died, signals, and looking at the kernel. */
#include "core/cpu.h"
#include "core/hypercall.h"
#include "core/machine.h"
#include "core/parent.h"
#include "core/partition.h"
#include "core/vp.h"
#include "lib/log.h"
#include "mm/invariants.h"

/* Lines that the parent may write in a second. */
#define LOG_RATE 400u

static uint64_t log_second; /* since the TSC's start */
static uint32_t log_lines;  /* in that second */
static uint64_t log_dropped;

static bool may_log(void) {
	uint64_t second = machine_tsc() / machine_tsc_hz();

	if (__atomic_exchange_n(&log_second, second, __ATOMIC_SEQ_CST) != second)
		__atomic_store_n(&log_lines, 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&log_lines, __ATOMIC_SEQ_CST) < LOG_RATE)
		return true;
	__atomic_fetch_add(&log_dropped, 1, __ATOMIC_SEQ_CST);
	return false;
}

enum hv_status call_write_log(struct hypercall *hc) {
	const struct hv_write_log_in *in = hc->in;
	char text[HV_LOG_TEXT_SIZE + 1];

	if (in->size == 0 || in->size > HV_LOG_TEXT_SIZE || in->level > HV_LOG_DEBUG)
		return HV_STATUS_INVALID_PARAMETER;
	/* One line in, one line out: nothing that could pass for the kernel's. */
	for (uint32_t i = 0; i < in->size; i++)
		text[i] = in->text[i] >= ' ' && in->text[i] != 0x7f ? in->text[i] : '?';
	text[in->size] = '\0';
	if (hc->vp->log_ticket == LOG_NO_TICKET && !may_log())
		return HV_STATUS_SUCCESS;
	if (!log_write_slowly(&hc->vp->log_ticket, "parent: ", text))
		return HYPERCALL_AGAIN;
	__atomic_fetch_add(&log_lines, 1, __ATOMIC_SEQ_CST);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_report_death(struct hypercall *hc) {
	const struct hv_report_death_in *in = hc->in;
	char text[sizeof(in->text) + 1];

	for (unsigned i = 0; i < sizeof(in->text); i++)
		text[i] = in->text[i] == '\0' || in->text[i] >= ' ' ? in->text[i] : '?';
	text[sizeof(in->text)] = '\0';
	parent_die(text, in->code, in->rip);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_signal_parent_vp(struct hypercall *hc) {
	struct vp *vp = hc->fast[0] >> 32 ? NULL : parent_vp((uint32_t)hc->fast[0]);

	if (vp == NULL)
		return HV_STATUS_INVALID_VP_INDEX;
	if (hc->fast[1] > 63)
		return HV_STATUS_INVALID_PARAMETER;
	vp_wait_signal(vp, offsetof(struct hv_event_page, software) / 8, 1ull << hc->fast[1]);
	return HV_STATUS_SUCCESS;
}

/*
 * Every lock that can change memory is held: the parent's and memory. Children's
 * calls do not change ownership, except for overlays, which take memory too.
 */
enum hv_status call_check_invariants(struct hypercall *hc) {
	static struct gpa_space *spaces[MAX_PARTITIONS];
	struct hv_check_invariants_out *out = hc->out;
	unsigned count;

	if (*(const uint64_t *)hc->in != 0)
		return HV_STATUS_INVALID_PARAMETER;
	count = partition_spaces(spaces, MAX_PARTITIONS);
	partition_memory_lock(NULL);
	invariants_check(spaces, count, out);
	partition_memory_unlock(NULL);
	if (out->violations != 0)
		log_error("invariants: %lu violations, first frame %lx, rule %lu", out->violations,
		          out->first_bad_frame, out->first_bad_rule);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_get_counters(struct hypercall *hc) {
	struct hv_counters *out = hc->out;

	if (*(const uint64_t *)hc->in != 0)
		return HV_STATUS_INVALID_PARAMETER;
	for (uint32_t i = 0; i < cpu_count; i++)
		for (unsigned n = 0; n < sizeof(out->cpus) / 8; n++)
			((uint64_t *)&out->cpus)[n] += ((const uint64_t *)&cpus[i].count)[n];
	out->deposited_pages = frame_table.deposited_count;
	out->lent_pages = frame_table.lent_count;
	out->partitions = partition_total();
	out->log_lines_dropped = log_dropped;
	return HV_STATUS_SUCCESS;
}
