/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* From the firmware's hands to disks that are known [AHCI 1.3.1 10.1.2 "System Software
 * Specific Initialization", 10.6 "BIOS/OS Handoff"]. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "drivers/ahci_internal.h"
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "runtime/time.h"

#define MS            ((hv_reference_time_t)HV_REFERENCE_TIME_HZ / 1000)
#define FIRMWARE_TIME (25 * MS)   /* until it must have said that it is busy */
#define BUSY_FIRMWARE (2000 * MS) /* until it must have finished */
#define RESET_TIME    (1000 * MS)
#define LINK_TIME     (40 * MS) /* of all ports together; the first sign comes in 10 */
#define SPEED_TIME    (100 * MS)
#define BUSY_TIME     (10000 * MS) /* a disk may have to spin up */
#define IDENTIFY_TIME (5000 * MS)
#define PAGE_SIZE     4096u

/* Waits for the firmware to let go of it. */
static bool is_given_up(struct ahci *a, hv_reference_time_t time) {
	hv_reference_time_t deadline = time_now() + time;

	while (mmio_read32(&a->registers, AHCI_BOHC) & AHCI_BOHC_BIOS) {
		if (time_now() >= deadline)
			return false;
		(void)hypercall_vp_wait(0, HV_SLOT_NONE, time_now() + MS);
	}
	return true;
}

/* A firmware that does neither answer nor say that it is busy has lost its rights. */
static void take_from_firmware(struct ahci *a) {
	uint32_t owner;

	if (!(mmio_read32(&a->registers, AHCI_CAP2) & AHCI_CAP2_BOHC))
		return;
	owner = mmio_read32(&a->registers, AHCI_BOHC);
	mmio_write32(&a->registers, AHCI_BOHC, (owner & ~AHCI_BOHC_NEWS) | AHCI_BOHC_OS);
	if (is_given_up(a, FIRMWARE_TIME))
		return;
	if (mmio_read32(&a->registers, AHCI_BOHC) & AHCI_BOHC_BUSY && is_given_up(a, BUSY_FIRMWARE))
		return;
	log_warning("ahci%u: the firmware does not give it up; it is taken", a->index);
}

static enum err reset(struct ahci *a, struct err_text *text) {
	hv_reference_time_t deadline = time_now() + RESET_TIME;

	mmio_write32(&a->registers, AHCI_GHC, AHCI_GHC_ENABLE);
	mmio_write32(&a->registers, AHCI_GHC, AHCI_GHC_ENABLE | AHCI_GHC_RESET);
	while (mmio_read32(&a->registers, AHCI_GHC) & AHCI_GHC_RESET)
		if (time_now() >= deadline)
			return err_set(text, ERR_DEVICE, "its reset does not end");
	mmio_write32(&a->registers, AHCI_GHC, AHCI_GHC_ENABLE);
	return ERR_NONE;
}

void ahci_free_port(struct ahci_port *p) {
	if (p->memory != NULL)
		memory_give((uint64_t)(uintptr_t)p->memory, sizeof(*p->memory));
	disk_queue_destroy(&p->requests);
	free(p);
}

static struct ahci_port *new_port(struct ahci *a, unsigned index) {
	struct ahci_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->controller = a;
	p->index = index;
	p->memory = memory_pointer(memory_take(sizeof(*p->memory), PAGE_SIZE));
	if (p->memory != NULL && disk_queue_init(&p->requests, 1)) {
		memset(p->memory, 0, sizeof(*p->memory));
		p->held = AHCI_NO_SLOT;
		return p;
	}
	ahci_free_port(p);
	return NULL;
}

static void write64(const struct ahci_port *p, uint32_t offset, const void *pointer) {
	uint64_t value = (uint64_t)(uintptr_t)pointer;

	ahci_write(p, offset, (uint32_t)value);
	ahci_write(p, offset + 4, (uint32_t)(value >> 32));
}

/* ERR_NOT_FOUND: nothing is attached, or no disk. */
static enum err bring_up(struct ahci_port *p, struct err_text *text) {
	if (!ahci_port_stop(p))
		return err_set(text, ERR_DEVICE, "it does not stop");
	write64(p, AHCI_PX_CLB, p->memory->list);
	write64(p, AHCI_PX_FB, p->memory->received);
	ahci_write(p, AHCI_PX_IE, 0);
	ahci_write(p, AHCI_PX_CMD,
	           ahci_read(p, AHCI_PX_CMD) | AHCI_CMD_FRE | AHCI_CMD_SUD | AHCI_CMD_POD | AHCI_CMD_FRE);
	if ((ahci_read(p, AHCI_PX_SSTS) & AHCI_SSTS_DET) == 0 ||
	    !ahci_wait(p, AHCI_PX_SSTS, AHCI_SSTS_DET, AHCI_DET_READY, SPEED_TIME))
		return ERR_NOT_FOUND;
	ahci_write(p, AHCI_PX_SERR, ~0u);
	if (!ahci_wait(p, AHCI_PX_TFD, AHCI_TFD_BUSY, 0, BUSY_TIME))
		return err_set(text, ERR_DEVICE, "it does not become ready");
	if (ahci_read(p, AHCI_PX_SIG) != AHCI_SIG_DISK)
		return ERR_NOT_FOUND;
	ahci_port_start(p);
	return ERR_NONE;
}

/* Commands at once: the least of what the disk, the controller and the queue hold. */
static void set_depth(struct ahci_port *p, const uint8_t *identity) {
	uint32_t capabilities = p->controller->capabilities, slots = (capabilities >> AHCI_CAP_SLOTS & 0x1f) + 1;
	unsigned depth = ahci_identify_queue(identity, &p->has_log);

	p->has_queue = capabilities & AHCI_CAP_NCQ && depth > 0;
	p->requests.slot_count = !p->has_queue ? 1 : depth < slots ? depth : slots;
}

static enum err identify(struct ahci_port *p, struct err_text *text) {
	uint8_t copy[AHCI_IDENTIFY_SIZE];

	ahci_command_identify((uint64_t)(uintptr_t)p->memory->sector, p->memory->list, p->memory->table);
	ahci_write(p, AHCI_PX_CI, 1);
	if (!ahci_wait(p, AHCI_PX_CI, 1, 0, IDENTIFY_TIME) || ahci_read(p, AHCI_PX_TFD) & AHCI_TFD_ERROR)
		return err_set(text, ERR_DEVICE, "it does not say what it is");
	memcpy(copy, p->memory->sector, sizeof(copy));
	set_depth(p, copy);
	return ahci_identify(copy, &p->disk, text);
}

/* Whatever hangs on the ports talks to them from now on. */
static void power_ports(struct ahci *a, uint32_t ports) {
	hv_reference_time_t deadline = time_now() + LINK_TIME;

	for (unsigned i = 0; i < AHCI_PORTS_MAX && AHCI_PORT(i + 1) <= a->registers.size; i++) {
		uint32_t command = AHCI_PORT(i) + AHCI_PX_CMD;

		if (ports >> i & 1)
			mmio_write32(&a->registers, command,
			             mmio_read32(&a->registers, command) | AHCI_CMD_SUD | AHCI_CMD_POD);
	}
	while (time_now() < deadline)
		(void)hypercall_vp_wait(0, HV_SLOT_NONE, deadline);
}

static void add_port(struct ahci *a, unsigned index) {
	struct ahci_port *p = new_port(a, index);
	struct err_text text = {"there is no memory for it"};
	enum err error = p != NULL ? bring_up(p, &text) : ERR_MEMORY;

	if (error == ERR_NONE)
		error = identify(p, &text);
	if (error != ERR_NONE && error != ERR_NOT_FOUND)
		log_warning("ahci%u: the disk at port %u is not used: %s", a->index, index, text.text);
	if (error == ERR_NONE) {
		snprintf(p->disk.name, sizeof(p->disk.name), "ahci%up%u", a->index, index);
		p->disk.unit = index;
		p->disk.calls = &ahci_disk_driver;
		p->disk.driver = p;
		a->port[index] = p;
	} else if (p != NULL && ahci_port_stop(p)) {
		ahci_free_port(p);
	} /* else the port could still write there */
}

enum err ahci_set_up(struct ahci *a, struct err_text *text) {
	uint32_t ports;
	enum err error;

	a->capabilities = mmio_read32(&a->registers, AHCI_CAP);
	if (a->capabilities == AHCI_GONE)
		return err_set(text, ERR_DEVICE, "its registers do not answer");
	if (!(a->capabilities & AHCI_CAP_64))
		return err_set(text, ERR_UNSUPPORTED, "it reaches 4 GiB of memory only");
	take_from_firmware(a);
	error = pci_start(a->function, text);
	if (error == ERR_NONE)
		error = reset(a, text);
	if (error != ERR_NONE)
		return error;
	ports = mmio_read32(&a->registers, AHCI_PORTS);
	power_ports(a, ports);
	for (unsigned i = 0; i < AHCI_PORTS_MAX && AHCI_PORT(i + 1) <= a->registers.size; i++)
		if (ports >> i & 1)
			add_port(a, i);
	return ERR_NONE;
}
