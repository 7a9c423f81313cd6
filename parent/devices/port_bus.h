/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The I/O port space of one VM: which device answers a port. An access wider
 * than its device is split as an ISA bus splits it, low port first; ports that
 * nobody claims read all ones and swallow writes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PORT_BUS_DEVICE_MAX 16u

struct port_device {
	uint16_t first; /* first and last port, both inclusive */
	uint16_t last;
	uint8_t width; /* widest access it takes whole: 1, 2 or 4; 0 means 1 */
	/* port is absolute; size 1, 2 or 4, at most width, inside the device and
	 * aligned. Neither may be NULL. */
	uint32_t (*read)(void *context, uint16_t port, unsigned size);
	void (*write)(void *context, uint16_t port, unsigned size, uint32_t value);
	void *context; /* handed to both; owned by the caller, outlives the bus */
};

struct port_bus {
	unsigned count;
	struct port_device device[PORT_BUS_DEVICE_MAX];
};

void port_bus_reset(struct port_bus *bus);

/* False, and nothing changes, if the bus is full, the range is empty or
 * overlaps another device's, or width is none of the above. Copies *device. */
bool port_bus_add(struct port_bus *bus, const struct port_device *device);

/* size 1, 2 or 4. The result is zero-extended. */
uint32_t port_bus_read(const struct port_bus *bus, uint16_t port, unsigned size);
void port_bus_write(const struct port_bus *bus, uint16_t port, unsigned size, uint32_t value);
