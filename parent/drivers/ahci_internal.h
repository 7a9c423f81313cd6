/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files of the AHCI driver share. */
#pragma once

#include "drivers/ahci_command.h"
#include "drivers/pci.h"

#define AHCI_SLOTS 32u

/* What the device reads and writes of a port; 1 KiB and 256 bytes are the alignments. */
struct ahci_memory {
	struct ahci_header list[AHCI_SLOTS];
	uint8_t received[256];
	struct ahci_table table[AHCI_SLOTS];
	_Alignas(512) uint8_t sector[512]; /* IDENTIFY's data, or a log */
};

enum ahci_state {
	AHCI_LIVE,
	AHCI_READING_LOG, /* a queued command failed; the disk is asked which */
	AHCI_RESETTING,   /* the link was reset; waits for the disk */
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
	bool has_queue;   /* the disk queues commands */
	bool has_log;     /* and tells which one failed */
	uint32_t active;  /* slots that are at the device */
	uint32_t queued;  /* of these */
	unsigned held;    /* slot of a command that waits until nothing is, or AHCI_NO_SLOT */
	uint32_t singles; /* while one of these slots is in use commands go one by one: an error names its own */
	struct ahci_memory *memory;
};

struct ahci {
	struct interrupt_handler handler; /* first */
	struct ahci *next;
	unsigned index;
	pci_address_t function;
	struct mmio registers;
	uint32_t capabilities;
	bool is_starting;
	struct pci_interrupts interrupts;
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

/* Takes a controller from the firmware and resets it, and finds the disks at its ports.
 * ERR_DEVICE, ERR_UNSUPPORTED, ERR_HYPERCALL with a sentence. */
ERR_CHECKED enum err ahci_set_up(struct ahci *a, struct err_text *text);
void ahci_free_port(struct ahci_port *p);

extern const struct disk_driver ahci_disk_driver;

/* Gives the disk what waits for it. The queue's lock is held. */
void ahci_issue(struct disk_queue *q);

/* Looks at what a port says and gives it the next commands. VP 0. */
void ahci_port_serve(struct ahci_port *p);

/* A command has failed, and so the port has stopped. Lock held, VP 0; as the next two. */
void ahci_recover(struct ahci_port *p);

/* The port works on the log of errors. */
void ahci_serve_log(struct ahci_port *p, bool has_failed);

void ahci_kill(struct ahci_port *p, const char *why);

/* Looks for time that has run out. VP 0. */
void ahci_port_check(struct ahci_port *p, hv_reference_time_t now);
