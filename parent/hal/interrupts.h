/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which driver serves which device interrupt (architecture.md D4): one table from the
 * bits of the event pages to handlers. Handlers that share a pin are called one after
 * the other. A handler runs on the I/O VP that it was mapped for, holding no lock, and
 * must bear being called without a cause.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/boot_info.h>
#include "runtime/err.h"

/* The driver's memory, the table's for ever once mapped. */
struct interrupt_handler {
	void (*serve)(struct interrupt_handler *h);
	struct interrupt_handler *next; /* the table's */
};

struct interrupt_message {
	uint64_t address;
	uint32_t data;
};

/* An interrupt by message at I/O VP `vp_index`. ERR_HYPERCALL: the kernel has none. */
ERR_CHECKED enum err interrupts_map_message(uint32_t vp_index, struct interrupt_handler *h,
                                            struct interrupt_message *message);

/* The level pin `gsi` of an I/O APIC, active low, unmasked from now on; a pin that is
 * mapped already is shared, at the VP that it is mapped for. ERR_HYPERCALL. */
ERR_CHECKED enum err interrupts_map_pin(uint32_t gsi, uint32_t vp_index, struct interrupt_handler *h);

/* Calls the handlers of what has arrived in this event page. Bits without a handler
 * stay. The VP whose page it is. */
void interrupts_serve(struct hv_event_page *page);

/* Forgets all; for tests. */
void interrupts_reset(void);
