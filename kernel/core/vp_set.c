/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Every bank is counted before it is read, and none but the first may name a VP (XSA-475). */
#include "core/vp_set.h"

enum hv_status vp_set_of_mask(uint64_t mask, uint32_t vp_count, uint64_t *vps) {
	*vps = mask;
	return vp_count < HV_MAX_VPS && mask >> vp_count != 0 ? HV_STATUS_INVALID_VP_INDEX : HV_STATUS_SUCCESS;
}

enum hv_status vp_set_read(const struct hv_vp_set *set, unsigned bank_count, uint32_t vp_count, uint64_t *vps) {
	const uint64_t *bank = (const uint64_t *)(set + 1);
	uint64_t first = 0;
	uint64_t others = 0;
	unsigned n = 0;

	for (uint64_t left = set->valid_banks; left != 0; left &= left - 1, n++) {
		if (n == bank_count)
			return HV_STATUS_INVALID_HYPERCALL_INPUT;
		*(left & 1 ? &first : &others) |= bank[n];
	}
	if (n != bank_count)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	if (set->format > HV_VP_SET_ALL)
		return HV_STATUS_INVALID_PARAMETER;
	if (set->format == HV_VP_SET_ALL) {
		*vps = ~0ull;
		return HV_STATUS_SUCCESS;
	}
	return others != 0 ? HV_STATUS_INVALID_VP_INDEX : vp_set_of_mask(first, vp_count, vps);
}
