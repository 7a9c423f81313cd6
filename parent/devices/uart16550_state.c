/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Save and load of a 16550A. A saved state may come from a file that somebody
 * edited: it is loaded only if a UART can be in it.
 */
#include "uart16550.h"

#include <string.h>
#include "devices/uart16550_bits.h"

void uart16550_save(const struct uart16550 *uart, struct uart16550_state *state) {
	*state = (struct uart16550_state){
	    .version = UART16550_STATE_VERSION,
	    .interrupt_enable = uart->interrupt_enable,
	    .fifo_control = uart->fifo_control,
	    .line_control = uart->line_control,
	    .modem_control = uart->modem_control,
	    .modem_delta = uart->modem_delta,
	    .scratch = uart->scratch,
	    .divisor_low = uart->divisor_low,
	    .divisor_high = uart->divisor_high,
	    .is_transmit_interrupt_pending = uart->is_transmit_interrupt_pending,
	    .has_overrun = uart->has_overrun,
	    .fifo_count = uart->fifo_count,
	};
	for (unsigned i = 0; i < uart->fifo_count; i++) {
		unsigned at = (uart->fifo_first + i) % UART16550_FIFO_SIZE;

		state->fifo[i] = uart->fifo[at];
		state->fifo_error[i] = uart->fifo_error[at];
	}
}

/* Registers hold only bits that a write can set. */
static bool is_state_valid(const struct uart16550_state *state) {
	bool has_fifo = state->fifo_control & FCR_ENABLE;

	if (state->version != UART16550_STATE_VERSION || state->reserved)
		return false;
	if (state->interrupt_enable & ~IER_MASK || state->modem_control & ~MCR_MASK)
		return false;
	if (state->fifo_control & ~(FCR_ENABLE | FCR_TRIGGER_MASK) || (state->fifo_control && !has_fifo))
		return false;
	if (state->modem_delta & ~MSR_DELTAS || state->is_transmit_interrupt_pending > 1 || state->has_overrun > 1)
		return false;
	if (state->fifo_count > (has_fifo ? UART16550_FIFO_SIZE : 1))
		return false;
	for (unsigned i = 0; i < UART16550_FIFO_SIZE; i++)
		if (state->fifo_error[i] & ~LSR_CHARACTER_ERRORS)
			return false;
	return true;
}

bool uart16550_load(struct uart16550 *uart, const struct uart16550_state *state) {
	if (!is_state_valid(state))
		return false;
	*uart = (struct uart16550){
	    .interrupt_enable = state->interrupt_enable,
	    .fifo_control = state->fifo_control,
	    .line_control = state->line_control,
	    .modem_control = state->modem_control,
	    .modem_delta = state->modem_delta,
	    .scratch = state->scratch,
	    .divisor_low = state->divisor_low,
	    .divisor_high = state->divisor_high,
	    .is_transmit_interrupt_pending = state->is_transmit_interrupt_pending,
	    .has_overrun = state->has_overrun,
	    .fifo_count = state->fifo_count,
	};
	memcpy(uart->fifo, state->fifo, sizeof(uart->fifo));
	memcpy(uart->fifo_error, state->fifo_error, sizeof(uart->fifo_error));
	return true;
}
