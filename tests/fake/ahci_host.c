/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/ahci_host.h"
#include <stddef.h>
#include "drivers/ahci.h"
#include "runtime/events.h"

#define VPS 2u

struct fake_ahci ahci;

void ahci_host_reset(void) {
	fake_kernel_reset();
	fake.now = 1;
	fake_pci_reset();
	interrupts_reset();
	fake_ahci_init(&ahci);
}

static void take_first(struct disk *d, void *context) {
	struct disk **first = context;

	if (*first == NULL)
		*first = d;
}

/* The driver waits by looking at the clock. */
struct disk *ahci_host_start(void) {
	static struct hv_boot_info info = {.io_vp_count = VPS};
	struct disk *first = NULL;

	fake.time_step = HV_REFERENCE_TIME_HZ / 10000;
	disks_init(&info);
	disks_for_each(take_first, &first);
	return first;
}

void ahci_host_serve(void) {
	uint32_t old = fake.vp_index;

	for (uint32_t vp = 0; vp < VPS; vp++) {
		fake.vp_index = vp;
		if (vp == 0)
			interrupts_serve(&ahci.page);
		if (fake.signaled[vp] & EVENT_BIT(EVENT_DISKS)) {
			fake.signaled[vp] = 0;
			disks_serve();
		}
	}
	fake.vp_index = old;
}

void ahci_host_pass(unsigned seconds) {
	uint32_t old = fake.vp_index;

	fake.vp_index = 0;
	for (unsigned i = 0; i < 2 * seconds; i++) {
		fake.now += DISKS_INTERVAL;
		disks_poll(fake.now);
		ahci_host_serve();
	}
	fake.vp_index = old;
}

void ahci_host_end(void) {
	ahci_forget();
	interrupts_reset();
}
