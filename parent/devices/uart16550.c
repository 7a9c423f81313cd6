/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Registers of a 16550A: which write does what, which source interrupts first.
 * A transmitted byte leaves at once, so the transmitter is always empty and its
 * interrupt is an event, not a level. Received bytes below the trigger level
 * interrupt too, as the receive timeout of a real UART would soon after.
 * Follows the National Semiconductor PC16550D data sheet.
 */
#include "uart16550.h"

#include "devices/uart16550_bits.h"

#define DIVISOR_115200 1u

void uart16550_reset(struct uart16550 *uart) { *uart = (struct uart16550){.divisor_low = DIVISOR_115200}; }

static bool is_fifo_on(const struct uart16550 *uart) { return uart->fifo_control & FCR_ENABLE; }

static unsigned capacity(const struct uart16550 *uart) { return is_fifo_on(uart) ? UART16550_FIFO_SIZE : 1; }

static void clear_receiver(struct uart16550 *uart) {
	uart->fifo_first = 0;
	uart->fifo_count = 0;
}

/* There must be space. */
static void push(struct uart16550 *uart, uint8_t byte, uint8_t error) {
	unsigned at = (uart->fifo_first + uart->fifo_count) % UART16550_FIFO_SIZE;

	uart->fifo[at] = byte;
	uart->fifo_error[at] = error;
	uart->fifo_count++;
}

static uint8_t pop(struct uart16550 *uart) {
	uint8_t byte;

	if (uart->fifo_count == 0)
		return 0;
	byte = uart->fifo[uart->fifo_first];
	uart->fifo_first = (uint8_t)((uart->fifo_first + 1) % UART16550_FIFO_SIZE);
	uart->fifo_count--;
	return byte;
}

/* What the transmitter sends to itself cannot wait: a full receiver overruns.
 * With the FIFO off the new byte replaces the old one, with it on it is lost. */
static void receive_looped(struct uart16550 *uart, uint8_t byte, uint8_t error) {
	if (uart->fifo_count >= capacity(uart)) {
		uart->has_overrun = true;
		if (is_fifo_on(uart))
			return;
		pop(uart);
	}
	push(uart, byte, error);
}

static uint8_t errors_on_top(const struct uart16550 *uart) {
	return uart->fifo_count ? uart->fifo_error[uart->fifo_first] : 0;
}

static uint8_t line_status(const struct uart16550 *uart) {
	unsigned status = LSR_THR_EMPTY | LSR_TRANSMITTER_EMPTY | errors_on_top(uart);

	if (uart->fifo_count)
		status |= LSR_DATA_READY;
	if (uart->has_overrun)
		status |= LSR_OVERRUN;
	for (unsigned i = 0; is_fifo_on(uart) && i < uart->fifo_count; i++)
		if (uart->fifo_error[(uart->fifo_first + i) % UART16550_FIFO_SIZE])
			status |= LSR_FIFO_ERROR;
	return (uint8_t)status;
}

static uint8_t read_line_status(struct uart16550 *uart) {
	uint8_t status = line_status(uart);

	uart->has_overrun = false;
	if (uart->fifo_count)
		uart->fifo_error[uart->fifo_first] = 0;
	return status;
}

/* The other end is always there and ready; in loopback our own outputs are it. */
static uint8_t modem_lines(uint8_t modem_control) {
	unsigned lines = 0;

	if (!(modem_control & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	if (modem_control & MCR_RTS)
		lines |= MSR_CTS;
	if (modem_control & MCR_DTR)
		lines |= MSR_DSR;
	if (modem_control & MCR_OUT1)
		lines |= MSR_RI;
	if (modem_control & MCR_OUT2)
		lines |= MSR_DCD;
	return (uint8_t)lines;
}

static void write_modem_control(struct uart16550 *uart, uint8_t value) {
	uint8_t before = modem_lines(uart->modem_control);
	uint8_t after = modem_lines(value & MCR_MASK);
	uint8_t changed = before ^ after;
	unsigned delta = uart->modem_delta;

	if (changed & MSR_CTS)
		delta |= MSR_DELTA_CTS;
	if (changed & MSR_DSR)
		delta |= MSR_DELTA_DSR;
	if (changed & before & MSR_RI)
		delta |= MSR_TRAILING_RI;
	if (changed & MSR_DCD)
		delta |= MSR_DELTA_DCD;
	uart->modem_delta = (uint8_t)delta;
	uart->modem_control = value & MCR_MASK;
}

static uint8_t read_modem_status(struct uart16550 *uart) {
	uint8_t status = modem_lines(uart->modem_control) | uart->modem_delta;

	uart->modem_delta = 0;
	return status;
}

/* The source with the highest priority, in IIR's encoding. */
static uint8_t interrupt_source(const struct uart16550 *uart) {
	uint8_t enabled = uart->interrupt_enable;

	if ((enabled & IER_LINE_STATUS) && (uart->has_overrun || errors_on_top(uart)))
		return IIR_LINE_STATUS;
	if ((enabled & IER_RECEIVE) && uart->fifo_count)
		return IIR_RECEIVE;
	if ((enabled & IER_TRANSMIT) && uart->is_transmit_interrupt_pending)
		return IIR_TRANSMIT;
	if ((enabled & IER_MODEM) && uart->modem_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static uint8_t read_interrupt_id(struct uart16550 *uart) {
	uint8_t source = interrupt_source(uart);

	if (source == IIR_TRANSMIT)
		uart->is_transmit_interrupt_pending = false;
	return is_fifo_on(uart) ? source | IIR_FIFO_ON : source;
}

static void write_interrupt_enable(struct uart16550 *uart, uint8_t value) {
	uint8_t changed = (uart->interrupt_enable ^ value) & IER_MASK;

	uart->interrupt_enable = value & IER_MASK;
	/* The holding register is empty: enabling its interrupt raises it. */
	if (changed & IER_TRANSMIT)
		uart->is_transmit_interrupt_pending = value & IER_TRANSMIT;
}

static void write_fifo_control(struct uart16550 *uart, uint8_t value) {
	bool has_switched = (uart->fifo_control ^ value) & FCR_ENABLE;

	/* The other bits are programmed only while bit 0 is written as 1. */
	if (has_switched || ((value & FCR_ENABLE) && (value & FCR_CLEAR_RECEIVE)))
		clear_receiver(uart);
	uart->fifo_control = value & FCR_ENABLE ? value & (FCR_ENABLE | FCR_TRIGGER_MASK) : 0;
}

static void write_line_control(struct uart16550 *uart, uint8_t value) {
	bool begins_break = value & ~uart->line_control & LCR_BREAK;

	uart->line_control = value;
	if (begins_break && (uart->modem_control & MCR_LOOP))
		receive_looped(uart, 0, LSR_BREAK | LSR_FRAMING);
}

/* The byte is gone when the write ends: the interrupt falls and comes again. */
static void transmit(struct uart16550 *uart, uint8_t byte, struct uart16550_output *output) {
	bool was_up = uart16550_interrupt(uart);

	uart->is_transmit_interrupt_pending = false;
	output->has_line_dropped = was_up && !uart16550_interrupt(uart);
	uart->is_transmit_interrupt_pending = true;
	if (uart->modem_control & MCR_LOOP) {
		receive_looped(uart, byte, 0);
		return;
	}
	output->has_byte = true;
	output->byte = byte;
}

uint8_t uart16550_read(struct uart16550 *uart, unsigned reg) {
	bool has_divisor = uart->line_control & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		return has_divisor ? uart->divisor_low : pop(uart);
	case REG_IER:
		return has_divisor ? uart->divisor_high : uart->interrupt_enable;
	case REG_IIR:
		return read_interrupt_id(uart);
	case REG_LCR:
		return uart->line_control;
	case REG_MCR:
		return uart->modem_control;
	case REG_LSR:
		return read_line_status(uart);
	case REG_MSR:
		return read_modem_status(uart);
	case REG_SCR:
		return uart->scratch;
	default:
		return 0xff;
	}
}

void uart16550_write(struct uart16550 *uart, unsigned reg, uint8_t value, struct uart16550_output *output) {
	bool has_divisor = uart->line_control & LCR_DLAB;

	*output = (struct uart16550_output){0};
	switch (reg) {
	case REG_DATA:
		if (has_divisor)
			uart->divisor_low = value;
		else
			transmit(uart, value, output);
		break;
	case REG_IER:
		if (has_divisor)
			uart->divisor_high = value;
		else
			write_interrupt_enable(uart, value);
		break;
	case REG_IIR:
		write_fifo_control(uart, value);
		break;
	case REG_LCR:
		write_line_control(uart, value);
		break;
	case REG_MCR:
		write_modem_control(uart, value);
		break;
	case REG_SCR:
		uart->scratch = value;
		break;
	default:
		break; /* LSR and MSR are not to be written */
	}
}

unsigned uart16550_receive_space(const struct uart16550 *uart) {
	if (uart->modem_control & MCR_LOOP || uart->fifo_count >= capacity(uart))
		return 0;
	return capacity(uart) - uart->fifo_count;
}

bool uart16550_receive(struct uart16550 *uart, uint8_t byte) {
	if (!uart16550_receive_space(uart))
		return false;
	push(uart, byte, 0);
	return true;
}

bool uart16550_receive_break(struct uart16550 *uart) {
	if (!uart16550_receive_space(uart))
		return false;
	push(uart, 0, LSR_BREAK | LSR_FRAMING);
	return true;
}

bool uart16550_interrupt(const struct uart16550 *uart) {
	return (uart->modem_control & MCR_OUT2) && interrupt_source(uart) != IIR_NONE;
}
