/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The memory-mapped device space of one VM: which device answers a guest
 * physical address. Accesses wider than a device are split, low address first;
 * addresses that nobody claims read all ones and swallow writes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MMIO_BUS_DEVICE_MAX 16u

struct mmio_device {
	uint64_t first; /* first and last byte's GPA, both inclusive */
	uint64_t last;
	uint8_t width; /* widest access it takes whole: 1, 2, 4 or 8; 0 means 4 */
	/* offset from first; size 1, 2, 4 or 8, at most width, inside the device
	 * and aligned. Neither may be NULL. */
	uint64_t (*read)(void *context, uint64_t offset, unsigned size);
	void (*write)(void *context, uint64_t offset, unsigned size, uint64_t value);
	void *context; /* handed to both; owned by the caller, outlives the bus */
};

struct mmio_bus {
	unsigned count;
	struct mmio_device device[MMIO_BUS_DEVICE_MAX];
};

void mmio_bus_reset(struct mmio_bus *bus);

/* False, and nothing changes, if the bus is full, the range is empty or
 * overlaps another device's, or width is none of the above. Copies *device. */
bool mmio_bus_add(struct mmio_bus *bus, const struct mmio_device *device);

/* True if a device claims this byte. */
bool mmio_bus_is_claimed(const struct mmio_bus *bus, uint64_t gpa);

/* size 1, 2, 4 or 8. The result is zero-extended. */
uint64_t mmio_bus_read(const struct mmio_bus *bus, uint64_t gpa, unsigned size);
void mmio_bus_write(const struct mmio_bus *bus, uint64_t gpa, unsigned size, uint64_t value);
