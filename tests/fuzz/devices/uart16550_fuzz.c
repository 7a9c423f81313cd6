/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any sequence of register accesses and received bytes: what the UART promises
 * holds after each, and a saved state loads into an equal UART. Two bytes of
 * input are one operation.
 */
#include <stdlib.h>
#include <string.h>
#include "devices/uart16550.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
	if (!holds)
		abort();
}

static void check_promises(const struct uart16550 *uart) {
	struct uart16550_state state, again;
	struct uart16550 copy = *uart, loaded;
	unsigned space = uart16550_receive_space(uart);

	require(space <= UART16550_FIFO_SIZE);
	require(uart->fifo_count <= UART16550_FIFO_SIZE);
	require(uart16550_receive(&copy, 0x55) == (space > 0));
	require(uart16550_receive_space(&copy) == (space > 0 ? space - 1 : 0));

	uart16550_save(uart, &state);
	memset(&loaded, 0xa5, sizeof(loaded));
	require(uart16550_load(&loaded, &state));
	uart16550_save(&loaded, &again);
	require(memcmp(&state, &again, sizeof(state)) == 0);
	require(uart16550_interrupt(&loaded) == uart16550_interrupt(uart));
}

/* An interrupt that is raised is named by IIR, and the other way round. */
static void check_interrupt(const struct uart16550 *uart) {
	struct uart16550 copy = *uart;
	bool is_gated = !(uart->modem_control & 0x08);
	bool is_named = !(uart16550_read(&copy, 2) & 0x01);

	require(uart16550_interrupt(uart) == (is_named && !is_gated));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct uart16550 uart;

	uart16550_reset(&uart);
	for (size_t i = 0; i + 1 < size; i += 2) {
		unsigned operation = data[i] >> 4 & 3, reg = data[i] & 0xf;
		bool was_looped = uart.modem_control & 0x10;
		struct uart16550_output output;

		switch (operation) {
		case 0:
			uart16550_read(&uart, reg);
			break;
		case 1:
			uart16550_write(&uart, reg, data[i + 1], &output);
			require(!output.has_byte || (reg == 0 && output.byte == data[i + 1]));
			require(!output.has_byte || !was_looped);
			break;
		case 2:
			uart16550_receive(&uart, data[i + 1]);
			break;
		default:
			uart16550_receive_break(&uart);
			break;
		}
		check_promises(&uart);
		check_interrupt(&uart);
	}
	return 0;
}
