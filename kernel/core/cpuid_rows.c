/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A short array, searched from its start: nobody asks CPUID often. */
#include "core/guest_cpu.h"

#include <stddef.h>

static bool answers(const struct hv_cpuid_result *r, uint32_t leaf, uint32_t subleaf) {
	return r->leaf == leaf && (r->flags == 0 || r->subleaf == subleaf);
}

enum hv_status cpuid_rows_add(struct cpuid_rows *rows, const struct hv_cpuid_result *row) {
	if ((row->flags & ~HV_CPUID_RESULT_SUBLEAF) || row->reserved != 0 || (row->flags == 0 && row->subleaf != 0) ||
	    guest_cpuid_is_hypervisors(row->leaf))
		return HV_STATUS_INVALID_PARAMETER;
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct hv_cpuid_result *r = &rows->row[i];

		if (answers(r, row->leaf, row->subleaf) || answers(row, r->leaf, r->subleaf))
			return HV_STATUS_INVALID_PARAMETER;
	}
	if (rows->count == HV_MAX_CPUID_RESULTS)
		return HV_STATUS_NO_RESOURCES;
	rows->row[rows->count++] = *row;
	return HV_STATUS_SUCCESS;
}

const struct hv_cpuid_result *cpuid_rows_find(const struct cpuid_rows *rows, uint32_t leaf, uint32_t subleaf) {
	for (uint32_t i = 0; i < rows->count; i++)
		if (answers(&rows->row[i], leaf, subleaf))
			return &rows->row[i];
	return NULL;
}

uint32_t cpuid_rows_get(const struct cpuid_rows *rows, uint32_t leaf, enum cpuid_output output) {
	const struct hv_cpuid_result *r = cpuid_rows_find(rows, leaf, 0);

	if (r == NULL)
		return 0;
	return (const uint32_t[]){r->eax, r->ebx, r->ecx, r->edx}[output];
}
