/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/nvme_host.h"
#include <stddef.h>
#include <stdlib.h>
#include "drivers/nvme.h"
#include "hal/polls.h"
#include "runtime/events.h"

struct fake_nvme nvme;

void nvme_host_reset(void) {
	fake_kernel_reset();
	fake.now = 1;
	fake_pci_reset();
	interrupts_reset();
	polls_init(FAKE_NVME_QUEUES);
	fake_nvme_init(&nvme);
}

static void take_first(struct disk *d, void *context) {
	struct disk **first = context;

	if (*first == NULL)
		*first = d;
}

struct disk *nvme_host_start(uint32_t vp_count) {
	static struct hv_boot_info info;
	struct disk *first = NULL;

	info.io_vp_count = vp_count;
	disks_init(&info);
	disks_for_each(take_first, &first);
	return first;
}

static void no_port(uint32_t port) {
	(void)port;
	abort();
}

void nvme_host_serve(void) {
	uint32_t old = fake.vp_index;

	for (uint32_t vp = 0; vp < FAKE_NVME_QUEUES; vp++) {
		fake.vp_index = vp;
		interrupts_serve(&nvme.pages[vp]);
		if (polls_of(vp)->due != HV_DEADLINE_NEVER)
			polls_look(no_port);
		if (fake.signaled[vp] & EVENT_BIT(EVENT_DISKS)) {
			fake.signaled[vp] = 0;
			disks_serve();
		}
	}
	fake.vp_index = old;
}

/* Waits after a reset spin: for them the clock must go on by itself. */
void nvme_host_pass(unsigned seconds) {
	uint32_t old = fake.vp_index;

	fake.vp_index = 0;
	fake.time_step = HV_REFERENCE_TIME_HZ / 1000;
	for (unsigned i = 0; i < 2 * seconds; i++) {
		fake.now += DISKS_INTERVAL;
		disks_poll(fake.now);
		nvme_host_serve();
	}
	fake.time_step = 0;
	fake.vp_index = old;
}

void nvme_host_end(void) {
	nvme_forget();
	polls_init(0);
	interrupts_reset();
}
