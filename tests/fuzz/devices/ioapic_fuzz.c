/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any sequence of register writes, pin changes and ends of interrupt: messages
 * come to an end, none is of a masked pin's, and a saved state loads into an equal
 * I/O APIC. Four bytes of input are one operation.
 */
#include <stdlib.h>
#include <string.h>
#include "devices/ioapic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
	if (!holds)
		abort();
}

static bool has_unmasked_pin(const struct ioapic *io, uint8_t vector) {
	for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++)
		if (!(io->redirection[pin] & 0x10000) && (io->redirection[pin] & 0xff) == vector)
			return true;
	return false;
}

static void take_all(struct ioapic *io) {
	struct ioapic_message message;
	unsigned taken = 0;

	while (ioapic_take_message(io, &message)) {
		require(has_unmasked_pin(io, message.vector));
		require(message.delivery != 3 && message.delivery != 6);
		require(++taken <= IOAPIC_PIN_COUNT);
	}
}

static void check_round_trip(const struct ioapic *io) {
	struct ioapic_state state, again;
	struct ioapic loaded;

	ioapic_save(io, &state);
	memset(&loaded, 0xa5, sizeof(loaded));
	require(ioapic_load(&loaded, &state));
	ioapic_save(&loaded, &again);
	require(memcmp(&state, &again, sizeof(state)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct ioapic io;

	ioapic_reset(&io);
	for (size_t i = 0; i + 3 < size; i += 4) {
		const uint8_t *op = data + i;
		uint32_t value = op[2] | (uint32_t)op[3] << 8;

		switch (op[0] & 7) {
		case 0:
			ioapic_write(&io, op[1], value << 8 | op[2]);
			break;
		case 1: /* the low half of an entry, the usual write */
			ioapic_write(&io, 0x00, 0x10 + 2 * (op[1] % IOAPIC_PIN_COUNT));
			ioapic_write(&io, 0x10, value | (uint32_t)(op[0] >> 7) << 16);
			break;
		case 2:
			ioapic_set_pin(&io, op[1], op[2] & 1);
			break;
		case 3:
			ioapic_set_pin(&io, op[1] % IOAPIC_PIN_COUNT, op[2] & 1);
			break;
		case 4:
			ioapic_eoi(&io, op[1]);
			break;
		case 5:
			ioapic_read(&io, value);
			break;
		default:
			take_all(&io);
			break;
		}
		check_round_trip(&io);
	}
	take_all(&io);
	require(!ioapic_take_message(&io, &(struct ioapic_message){0}));
	return 0;
}
