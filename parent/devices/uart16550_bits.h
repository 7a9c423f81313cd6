/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Registers of the 16550A and their bits, for the model and its saved state.
 * Follows the National Semiconductor PC16550D data sheet.
 */
#pragma once

enum {
	REG_DATA = 0, /* RBR, THR; DLL with DLAB */
	REG_IER = 1,  /* DLM with DLAB */
	REG_IIR = 2,  /* FCR when written */
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCR = 7,
};

enum {
	IER_RECEIVE = 0x01,
	IER_TRANSMIT = 0x02,
	IER_LINE_STATUS = 0x04,
	IER_MODEM = 0x08,
	IER_MASK = 0x0f,

	IIR_NONE = 0x01,
	IIR_MODEM = 0x00,
	IIR_TRANSMIT = 0x02,
	IIR_RECEIVE = 0x04,
	IIR_LINE_STATUS = 0x06,
	IIR_FIFO_ON = 0xc0,

	FCR_ENABLE = 0x01,
	FCR_CLEAR_RECEIVE = 0x02,
	FCR_TRIGGER_MASK = 0xc0,

	LCR_BREAK = 0x40,
	LCR_DLAB = 0x80,

	MCR_DTR = 0x01,
	MCR_RTS = 0x02,
	MCR_OUT1 = 0x04,
	MCR_OUT2 = 0x08,
	MCR_LOOP = 0x10,
	MCR_MASK = 0x1f,

	LSR_DATA_READY = 0x01,
	LSR_OVERRUN = 0x02,
	LSR_FRAMING = 0x08,
	LSR_BREAK = 0x10,
	LSR_CHARACTER_ERRORS = 0x1c,
	LSR_THR_EMPTY = 0x20,
	LSR_TRANSMITTER_EMPTY = 0x40,
	LSR_FIFO_ERROR = 0x80,

	MSR_DELTA_CTS = 0x01,
	MSR_DELTA_DSR = 0x02,
	MSR_TRAILING_RI = 0x04,
	MSR_DELTA_DCD = 0x08,
	MSR_DELTAS = 0x0f,
	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
};
