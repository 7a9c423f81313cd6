/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A 16550A UART as a register model: what a guest reads and writes at COM1.
 * Transmission takes no time; reception waits in the FIFO, nothing overruns
 * except in loopback. Baud rate and word format are stored, not acted upon.
 * Follows the National Semiconductor PC16550D data sheet.
 * Pure: no locks; the caller serializes calls on one UART.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UART16550_REGISTER_COUNT 8u
#define UART16550_FIFO_SIZE      16u

/* Field meanings are the data sheet's; plain data, read only through calls. */
struct uart16550 {
	uint8_t interrupt_enable;
	uint8_t fifo_control; /* bits 7:6 and 0 of FCR; the others clear themselves */
	uint8_t line_control;
	uint8_t modem_control;
	uint8_t modem_delta; /* MSR bits 3:0 */
	uint8_t scratch;
	uint8_t divisor_low;
	uint8_t divisor_high;
	bool is_transmit_interrupt_pending;
	bool has_overrun;
	uint8_t fifo_first; /* index of the oldest byte */
	uint8_t fifo_count;
	uint8_t fifo[UART16550_FIFO_SIZE];
	uint8_t fifo_error[UART16550_FIFO_SIZE]; /* LSR bits 4:2 that came with the byte */
};

/* What a register write sent out of the UART. */
struct uart16550_output {
	bool has_byte;
	uint8_t byte;
	/* The interrupt line fell during this write and may be up again: an edge-
	 * triggered pin must see it low before the level uart16550_interrupt() gives. */
	bool has_line_dropped;
};

void uart16550_reset(struct uart16550 *uart);

/* reg is the port's distance from the base, 0..7; others read 0xff. */
uint8_t uart16550_read(struct uart16550 *uart, unsigned reg);

/* Fills *output in every case; other registers than 0..7 are ignored. */
void uart16550_write(struct uart16550 *uart, unsigned reg, uint8_t value, struct uart16550_output *output);

/* Bytes that uart16550_receive would take now: 0 in loopback, 1 at most with
 * the FIFO off. */
unsigned uart16550_receive_space(const struct uart16550 *uart);

/* A byte from the line; false, and nothing changes, if there is no space. */
bool uart16550_receive(struct uart16550 *uart, uint8_t byte);

/* A break from the line (Linux: SysRq on the console); false as above. */
bool uart16550_receive_break(struct uart16550 *uart);

/* Level of the interrupt line behind its gate, MCR.OUT2. */
bool uart16550_interrupt(const struct uart16550 *uart);

#define UART16550_STATE_VERSION 1u
struct uart16550_state {
	uint32_t version;
	uint8_t interrupt_enable;
	uint8_t fifo_control;
	uint8_t line_control;
	uint8_t modem_control;
	uint8_t modem_delta;
	uint8_t scratch;
	uint8_t divisor_low;
	uint8_t divisor_high;
	uint8_t is_transmit_interrupt_pending;
	uint8_t has_overrun;
	uint8_t fifo_count;
	uint8_t reserved;
	uint8_t fifo[UART16550_FIFO_SIZE]; /* oldest first, unused bytes 0 */
	uint8_t fifo_error[UART16550_FIFO_SIZE];
};
_Static_assert(sizeof(struct uart16550_state) == 48, "uart16550_state");

void uart16550_save(const struct uart16550 *uart, struct uart16550_state *state);

/* False, and *uart is unchanged, if the state's version is unknown or a field
 * holds what no UART can hold. */
bool uart16550_load(struct uart16550 *uart, const struct uart16550_state *state);
