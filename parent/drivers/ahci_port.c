/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A port's registers: how it stops, starts, and resets its link. */
#include "drivers/ahci_internal.h"
#include "runtime/hypercall.h"
#include "runtime/time.h"

#define MS        ((hv_reference_time_t)HV_REFERENCE_TIME_HZ / 1000)
#define STOP_TIME (50 * MS) /* of the 500 that it may take: VP 0 spins */

uint32_t ahci_read(const struct ahci_port *p, uint32_t offset) {
	return mmio_read32(&p->controller->registers, AHCI_PORT(p->index) + offset);
}

void ahci_write(const struct ahci_port *p, uint32_t offset, uint32_t value) {
	mmio_write32(&p->controller->registers, AHCI_PORT(p->index) + offset, value);
}

bool ahci_wait(const struct ahci_port *p, uint32_t offset, uint32_t mask, uint32_t value, hv_reference_time_t time) {
	hv_reference_time_t deadline = time_now() + time;

	while ((ahci_read(p, offset) & mask) != value) {
		if (time_now() >= deadline)
			return false;
		if (p->controller->is_starting)
			(void)hypercall_vp_wait(0, HV_SLOT_NONE, time_now() + MS);
		else
			__builtin_ia32_pause();
	}
	return true;
}

bool ahci_port_stop(const struct ahci_port *p) {
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) & ~AHCI_CMD_ST);
	if (!ahci_wait(p, AHCI_PX_CMD, AHCI_CMD_CR, 0, STOP_TIME))
		return false;
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) & ~AHCI_CMD_FRE);
	return ahci_wait(p, AHCI_PX_CMD, AHCI_CMD_FR, 0, STOP_TIME);
}

void ahci_port_start(const struct ahci_port *p) {
	ahci_write(p, AHCI_PX_SERR, ~0u);
	ahci_write(p, AHCI_PX_IS, ~0u);
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) | AHCI_CMD_FRE);
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) | AHCI_CMD_ST);
}

/* [AHCI 1.3.1 10.4.2 "Port Reset"]: the signal lasts a millisecond. */
void ahci_port_begin_link_reset(const struct ahci_port *p) {
	ahci_write(p, AHCI_PX_SCTL, AHCI_SCTL_RESET);
	(void)ahci_wait(p, AHCI_PX_SCTL, ~0u, ~AHCI_SCTL_RESET, MS); /* never so: waits all of it */
	ahci_write(p, AHCI_PX_SCTL, 0);
	ahci_write(p, AHCI_PX_CMD, ahci_read(p, AHCI_PX_CMD) | AHCI_CMD_FRE);
}
