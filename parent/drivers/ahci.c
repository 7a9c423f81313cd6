/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Controllers and their interrupts. */
#include "drivers/ahci.h"
#include <stddef.h>
#include <stdlib.h>
#include "drivers/ahci_internal.h"
#include "drivers/disks.h"
#include "runtime/log.h"

#define ROUNDS_MAX 8u

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

static void go_live(struct ahci_port *p) {
	const struct volume *v = &p->disk.volume;

	p->requests.is_stopped = false;
	disks_add_queue(&p->requests);
	disks_add_disk(&p->disk);
	ahci_write(p, AHCI_PX_IS, ~0u); /* IDENTIFY's */
	ahci_write(p, AHCI_PX_IE, AHCI_IS_DONE | AHCI_IS_ERRORS);
	log_info("%s: %s, %llu MiB, blocks of %u bytes, 1 queue of %u, interrupts by %s", p->disk.name, p->disk.model,
	         (unsigned long long)(v->block_count / ((1u << 20) / v->block_size)), v->block_size,
	         p->requests.slot_count, pci_interrupt_text(p->controller->interrupts.kind));
}

static enum err start(struct ahci *a, const struct hv_boot_info *info, struct err_text *text) {
	struct interrupt_handler *handler = &a->handler;
	enum err error = ahci_set_up(a, text);

	if (error == ERR_NONE)
		(void)pci_connect_interrupts(info, a->function, 0, info->io_vp_count, &handler, 1, &a->interrupts);
	return error;
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
				ahci_free_port(controllers->port[i]);
		free(controllers);
	}
	controller_count = 0;
}
