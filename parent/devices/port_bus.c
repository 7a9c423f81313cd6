/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Dispatch of port accesses. A wide access goes on in the largest aligned pieces
 * that the device at that port takes whole; what crosses the end of a device or
 * of the port space falls apart into bytes.
 */
#include "port_bus.h"

#include <stddef.h>

void port_bus_reset(struct port_bus *bus) { *bus = (struct port_bus){0}; }

bool port_bus_add(struct port_bus *bus, const struct port_device *device) {
	unsigned width = device->width ? device->width : 1;

	if (bus->count == PORT_BUS_DEVICE_MAX || device->first > device->last)
		return false;
	if (width != 1 && width != 2 && width != 4)
		return false;
	for (unsigned i = 0; i < bus->count; i++)
		if (device->first <= bus->device[i].last && device->last >= bus->device[i].first)
			return false;
	bus->device[bus->count] = *device;
	bus->device[bus->count].width = (uint8_t)width;
	bus->count++;
	return true;
}

static const struct port_device *device_at(const struct port_bus *bus, unsigned port) {
	for (unsigned i = 0; i < bus->count; i++)
		if (port >= bus->device[i].first && port <= bus->device[i].last)
			return &bus->device[i];
	return NULL;
}

/* Size of the piece that starts at port, with `left` bytes to go. */
static unsigned piece_size(const struct port_device *device, unsigned port, unsigned left) {
	unsigned size = device ? device->width : 1;

	while (size > 1 && (size > left || port % size != 0 || port + size - 1 > device->last))
		size /= 2;
	return size;
}

static uint32_t ones(unsigned size) { return size >= 4 ? ~0u : (1u << size * 8) - 1; }

uint32_t port_bus_read(const struct port_bus *bus, uint16_t port, unsigned size) {
	uint32_t value = 0;
	unsigned piece;

	for (unsigned done = 0; done < size; done += piece) {
		unsigned at = (unsigned)port + done;
		const struct port_device *device = device_at(bus, at);
		uint32_t part = ~0u;

		piece = piece_size(device, at, size - done);
		if (device)
			part = device->read(device->context, (uint16_t)at, piece);
		value |= (part & ones(piece)) << done * 8;
	}
	return value;
}

void port_bus_write(const struct port_bus *bus, uint16_t port, unsigned size, uint32_t value) {
	unsigned piece;

	for (unsigned done = 0; done < size; done += piece) {
		unsigned at = (unsigned)port + done;
		const struct port_device *device = device_at(bus, at);

		piece = piece_size(device, at, size - done);
		if (device)
			device->write(device->context, (uint16_t)at, piece, value >> done * 8 & ones(piece));
	}
}
