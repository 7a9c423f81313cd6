/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Dispatch of memory-mapped accesses. A wide access goes on in the largest
 * aligned pieces that the device at that address takes whole; what crosses the
 * end of a device falls apart into bytes.
 */
#include "mmio_bus.h"

#include <stddef.h>

#define DEFAULT_WIDTH 4u

void mmio_bus_reset(struct mmio_bus *bus) { *bus = (struct mmio_bus){0}; }

bool mmio_bus_add(struct mmio_bus *bus, const struct mmio_device *device) {
	unsigned width = device->width ? device->width : DEFAULT_WIDTH;

	if (bus->count == MMIO_BUS_DEVICE_MAX || device->first > device->last)
		return false;
	if (width != 1 && width != 2 && width != 4 && width != 8)
		return false;
	for (unsigned i = 0; i < bus->count; i++)
		if (device->first <= bus->device[i].last && device->last >= bus->device[i].first)
			return false;
	bus->device[bus->count] = *device;
	bus->device[bus->count].width = (uint8_t)width;
	bus->count++;
	return true;
}

static const struct mmio_device *device_at(const struct mmio_bus *bus, uint64_t gpa) {
	for (unsigned i = 0; i < bus->count; i++)
		if (gpa >= bus->device[i].first && gpa <= bus->device[i].last)
			return &bus->device[i];
	return NULL;
}

bool mmio_bus_is_claimed(const struct mmio_bus *bus, uint64_t gpa) { return device_at(bus, gpa) != NULL; }

/* Size of the piece that starts at gpa, with `left` bytes to go. */
static unsigned piece_size(const struct mmio_device *device, uint64_t gpa, unsigned left) {
	unsigned size = device ? device->width : 1;

	while (size > 1 && (size > left || gpa % size != 0 || size - 1 > device->last - gpa))
		size /= 2;
	return size;
}

static uint64_t ones(unsigned size) { return size >= 8 ? ~0ull : (1ull << size * 8) - 1; }

uint64_t mmio_bus_read(const struct mmio_bus *bus, uint64_t gpa, unsigned size) {
	uint64_t value = 0;
	unsigned piece;

	for (unsigned done = 0; done < size; done += piece) {
		uint64_t at = gpa + done;
		const struct mmio_device *device = device_at(bus, at);
		uint64_t part = ~0ull;

		piece = piece_size(device, at, size - done);
		if (device)
			part = device->read(device->context, at - device->first, piece);
		value |= (part & ones(piece)) << done * 8;
	}
	return value;
}

void mmio_bus_write(const struct mmio_bus *bus, uint64_t gpa, unsigned size, uint64_t value) {
	unsigned piece;

	for (unsigned done = 0; done < size; done += piece) {
		uint64_t at = gpa + done;
		const struct mmio_device *device = device_at(bus, at);

		piece = piece_size(device, at, size - done);
		if (device)
			device->write(device->context, at - device->first, piece, value >> done * 8 & ones(piece));
	}
}
