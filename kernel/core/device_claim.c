/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The PCI functions that the parent has claimed for DMA. */
#include "core/parent.h"

#include "core/hypercall.h"
#include "core/locks.h"
#include "core/machine.h"

static struct spinlock claim_lock = {.rank = RANK_DEVICE};
static uint16_t claims[HV_MAX_DEVICE_CLAIMS];
static uint32_t claim_count;

enum hv_status call_claim_device(struct hypercall *hc) {
	enum hv_status status = HV_STATUS_SUCCESS;
	uint32_t n = 0;

	if (hc->fast[0] > UINT16_MAX || hc->fast[1] != 0)
		return HV_STATUS_INVALID_PARAMETER;
	spinlock_acquire(&claim_lock);
	while (n < claim_count && claims[n] != hc->fast[0])
		n++;
	if (n == HV_MAX_DEVICE_CLAIMS)
		status = HV_STATUS_NO_RESOURCES;
	else if (n == claim_count)
		claims[claim_count++] = (uint16_t)hc->fast[0];
	spinlock_release(&claim_lock);
	return status;
}

void device_claim_stop_all(void) {
	spinlock_acquire(&claim_lock);
	for (uint32_t i = 0; i < claim_count; i++)
		machine_pci_stop(claims[i]);
	spinlock_release(&claim_lock);
}
