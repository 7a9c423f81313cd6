/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Controllers and what hangs on them [AHCI 1.3.1 10.1.2 "System Software Specific
 * Initialization"]. */
#include "drivers/ahci.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "drivers/ahci_internal.h"
#include "drivers/disks.h"
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "runtime/time.h"

#define MS            ((hv_reference_time_t)HV_REFERENCE_TIME_HZ / 1000)
#define RESET_TIME    (1000 * MS)
#define LINK_TIME     (40 * MS) /* of all ports together; the first sign comes in 10 */
#define SPEED_TIME    (100 * MS)
#define BUSY_TIME     (10000 * MS) /* a disk may have to spin up */
#define IDENTIFY_TIME (5000 * MS)
#define PAGE_SIZE     4096u
#define ROUNDS_MAX    8u

static struct ahci *controllers;
static unsigned controller_count;

static void serve(struct interrupt_handler *h) {
	struct ahci *a = (struct ahci *)h;
	uint32_t ports;

	/* A message comes when the first cause appears: so none may be left. */
	for (unsigned round = 0; round < ROUNDS_MAX && (ports = mmio_read32(&a->registers, AHCI_IS)) != 0; round++) {
		for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
			if (ports >> i & 1 && a->port[i] != NULL)
				ahci_port_serve(a->port[i]);
		mmio_write32(&a->registers, AHCI_IS, ports); /* behind the ports' own: they are its level */
	}
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

static void free_port(struct ahci_port *p) {
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
		return p;
	}
	free_port(p);
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

static enum err identify(struct ahci_port *p, struct err_text *text) {
	uint8_t copy[AHCI_IDENTIFY_SIZE];

	ahci_command_identify((uint64_t)(uintptr_t)p->memory->identity, &p->memory->list[0], &p->memory->table);
	ahci_write(p, AHCI_PX_CI, 1);
	if (!ahci_wait(p, AHCI_PX_CI, 1, 0, IDENTIFY_TIME) || ahci_read(p, AHCI_PX_TFD) & AHCI_TFD_ERROR)
		return err_set(text, ERR_DEVICE, "it does not say what it is");
	memcpy(copy, p->memory->identity, sizeof(copy));
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
		free_port(p);
	} /* else the port could still write there */
}

static void go_live(struct ahci_port *p) {
	const struct volume *v = &p->disk.volume;

	p->requests.is_stopped = false;
	disks_add_queue(&p->requests);
	disks_add_disk(&p->disk);
	ahci_write(p, AHCI_PX_IS, ~0u); /* IDENTIFY's */
	ahci_write(p, AHCI_PX_IE, AHCI_IS_DONE | AHCI_IS_ERRORS);
	log_info("%s: %s, %llu MiB, blocks of %u bytes, 1 queue, interrupts by %s", p->disk.name, p->disk.model,
	         (unsigned long long)(v->block_count / ((1u << 20) / v->block_size)), v->block_size,
	         pci_interrupt_text(p->controller->interrupts));
}

static enum err start(struct ahci *a, const struct hv_boot_info *info, struct err_text *text) {
	struct interrupt_handler *handler = &a->handler;
	uint32_t ports, capabilities = mmio_read32(&a->registers, AHCI_CAP);
	enum err error;

	if (capabilities == AHCI_GONE)
		return err_set(text, ERR_DEVICE, "its registers do not answer");
	if (!(capabilities & AHCI_CAP_64))
		return err_set(text, ERR_UNSUPPORTED, "it reaches 4 GiB of memory only");
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
	(void)pci_connect_interrupts(info, a->function, 0, info->io_vp_count, &handler, 1, &a->interrupts);
	return ERR_NONE;
}

static void go_all_live(struct ahci *a) {
	unsigned count = 0;

	a->is_starting = false;
	for (unsigned i = 0; i < AHCI_PORTS_MAX; i++) {
		if (a->port[i] != NULL) {
			go_live(a->port[i]);
			count++;
		}
	}
	mmio_write32(&a->registers, AHCI_IS, ~0u);
	mmio_write32(&a->registers, AHCI_GHC, AHCI_GHC_ENABLE | AHCI_GHC_IE);
	if (count == 0)
		log_info("ahci%u: no disk is attached", a->index);
}

void ahci_start(const struct hv_boot_info *info, const struct pci_function *function) {
	struct ahci *a = calloc(1, sizeof(*a));
	struct err_text text = {"there is no memory for it"};
	enum err error = ERR_MEMORY;

	if (a != NULL) {
		a->index = controller_count++;
		a->function = function->address;
		a->is_starting = true;
		a->handler.serve = serve;
		a->next = controllers;
		controllers = a;
		error = pci_map_registers(info, a->function, AHCI_BAR, AHCI_PORT(1), &a->registers, &text);
	}
	if (error == ERR_NONE && (error = start(a, info, &text)) != ERR_NONE)
		pci_stop(a->function);
	if (error == ERR_NONE)
		go_all_live(a);
	else
		log_warning("ahci: the controller %02x:%02x.%u (%04x:%04x) is not used: %s", function->address >> 8,
		            function->address >> 3 & 0x1f, function->address & 7, function->vendor, function->device,
		            text.text);
}

void ahci_poll(hv_reference_time_t now) {
	for (struct ahci *a = controllers; a != NULL; a = a->next)
		for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
			if (a->port[i] != NULL)
				ahci_port_check(a->port[i], now);
}

void ahci_forget(void) {
	struct ahci *next;

	for (; controllers != NULL; controllers = next) {
		next = controllers->next;
		for (unsigned i = 0; i < AHCI_PORTS_MAX; i++)
			if (controllers->port[i] != NULL)
				free_port(controllers->port[i]);
		free(controllers);
	}
	controller_count = 0;
}
