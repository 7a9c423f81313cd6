/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What CPUID answers in a partition [TLFS "HvCallRegisterInterceptResult"]. */
#include "core/hypercall.h"
#include "core/partition.h"

/* No VP may see the rows change, nor keep a state that they no longer allow. */
enum hv_status call_register_cpuid_results(struct hypercall *hc) {
	const struct hv_register_cpuid_results_in *in = hc->in;
	struct guest_cpu *cpu = &hc->partition->cpu;
	enum hv_status status;

	if (in->reserved != 0)
		return HV_STATUS_INVALID_PARAMETER;
	if (hc->partition->vp_count > 0)
		return HV_STATUS_INVALID_PARTITION_STATE;
	hc->work += HYPERCALL_PASS_WORK / 16; /* each looks through all rows */
	status = cpuid_rows_add(&cpu->rows, hc->element);
	if (status == HV_STATUS_SUCCESS)
		cpu->limits = cpu_limits_derive(&cpu->rows, &parent_partition.cpu.limits);
	return status;
}
