/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files of the AHCI driver share. */
#pragma once

#include "drivers/ahci_command.h"
#include "drivers/pci.h"

/* What the device reads and writes of a port; 1 KiB and 256 bytes are the alignments. */
struct ahci_memory {
	struct ahci_header list[32];
	uint8_t received[256];
	_Alignas(128) struct ahci_table table;
	_Alignas(512) uint8_t identity[AHCI_IDENTIFY_SIZE];
};

enum ahci_state {
	AHCI_LIVE,
	AHCI_RESETTING, /* the link was reset; waits for the disk */
	AHCI_DEAD,
};

struct ahci;

/* Lock: requests.lock around a command's registers. The rest is VP 0's. */
struct ahci_port {
	struct disk_queue requests; /* first */
	struct disk disk;
	struct ahci *controller;
	unsigned index;
	enum ahci_state state;
	unsigned resets; /* since a command went well */
	hv_reference_time_t deadline;
	struct ahci_memory *memory;
};

struct ahci {
	struct interrupt_handler handler; /* first */
	struct ahci *next;
	unsigned index;
	pci_address_t function;
	struct mmio registers;
	bool is_starting;
	enum pci_interrupt_kind interrupts;
	struct ahci_port *port[AHCI_PORTS_MAX]; /* NULL: no disk */
};

uint32_t ahci_read(const struct ahci_port *p, uint32_t offset);
void ahci_write(const struct ahci_port *p, uint32_t offset, uint32_t value);

/* Until (register & mask) == value, at most `time`; false: it did not come. */
bool ahci_wait(const struct ahci_port *p, uint32_t offset, uint32_t mask, uint32_t value, hv_reference_time_t time);

/* No command is carried out and no memory touched any more; false: it does not stop. */
bool ahci_port_stop(const struct ahci_port *p);

/* Commands from now on; the port is stopped and the disk is not busy. */
void ahci_port_start(const struct ahci_port *p);

void ahci_port_begin_link_reset(const struct ahci_port *p);

extern const struct disk_driver ahci_disk_driver;

/* Looks at what a port says and gives it the next command. VP 0. */
void ahci_port_serve(struct ahci_port *p);

/* Looks for time that has run out. VP 0. */
void ahci_port_check(struct ahci_port *p, hv_reference_time_t now);
