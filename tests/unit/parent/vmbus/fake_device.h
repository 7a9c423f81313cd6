/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A device behind a channel that counts what it is told. */
#pragma once

#include "fake/vmbus_guest.h"

struct fake_device {
	unsigned opens, openeds, signals, closes, gones;
	enum err open_result;
	bool drains_later; /* vmbus_channel_closed is the test's business */
};

static inline struct fake_device *fake_device_of(struct vmbus_channel *c) { return c->device; }

static inline enum err fake_device_open(struct vmbus_channel *c) {
	fake_device_of(c)->opens++;
	return fake_device_of(c)->open_result;
}

static inline void fake_device_opened(struct vmbus_channel *c) { fake_device_of(c)->openeds++; }

static inline void fake_device_signaled(struct vmbus_channel *c) { fake_device_of(c)->signals++; }

static inline void fake_device_close(struct vmbus_channel *c) {
	fake_device_of(c)->closes++;
	if (!fake_device_of(c)->drains_later)
		vmbus_channel_closed(c);
}

static inline void fake_device_gone(struct vmbus_channel *c) { fake_device_of(c)->gones++; }

static const struct vmbus_device_ops fake_device_ops = {
    fake_device_open, fake_device_opened, fake_device_signaled, fake_device_close, fake_device_gone,
};

/* An offer that differs from others by `number`. */
static inline struct vmbus_offer fake_offer(uint32_t number) {
	return (struct vmbus_offer){.interface.data1 = 0x11, .instance.data1 = number};
}

static inline struct vmbus_channel *fake_device_offer(struct fake_device *d, uint32_t number) {
	struct vmbus_offer offer = fake_offer(number);

	*d = (struct fake_device){0};
	return vmbus_offer(&guest.server, &offer, &fake_device_ops, d);
}
