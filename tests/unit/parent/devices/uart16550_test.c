/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The UART as a driver meets it: the data sheet, and Linux's autoconfiguration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "devices/uart16550.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static struct uart16550 uart;

static struct uart16550_output out(unsigned reg, uint8_t value) {
	struct uart16550_output output;

	uart16550_write(&uart, reg, value, &output);
	return output;
}

static uint8_t in(unsigned reg) { return uart16550_read(&uart, reg); }

static int fresh(void **state) {
	(void)state;
	memset(&uart, 0xa5, sizeof(uart));
	uart16550_reset(&uart);
	return 0;
}

static void reset_leaves_an_idle_uart_without_fifo(void **state) {
	(void)state;
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(IER), 0);
	assert_int_equal(in(LCR), 0);
	assert_int_equal(in(MCR), 0);
	assert_int_equal(in(MSR), 0xb0);
	assert_int_equal(in(8), 0xff);
	assert_false(uart16550_interrupt(&uart));
}

static void registers_keep_only_the_bits_they_have(void **state) {
	(void)state;
	out(IER, 0xff);
	assert_int_equal(in(IER), 0x0f);
	out(MCR, 0xef);
	assert_int_equal(in(MCR), 0x0f);
	out(SCR, 0x5a);
	assert_int_equal(in(SCR), 0x5a);
	out(LSR, 0);
	assert_int_equal(in(LSR), 0x60);
}

static void the_divisor_latch_hides_data_and_interrupt_enable(void **state) {
	(void)state;
	out(IER, 0x05);
	out(LCR, 0x83);
	assert_false(out(DATA, 0x0c).has_byte);
	out(IER, 0x01);
	assert_int_equal(in(DATA), 0x0c);
	assert_int_equal(in(IER), 0x01);
	out(LCR, 0x03);
	assert_int_equal(in(IER), 0x05);
	assert_true(out(DATA, 'x').has_byte);
}

static void a_written_byte_is_sent_at_once(void **state) {
	struct uart16550_output output = out(DATA, 'A');

	(void)state;
	assert_true(output.has_byte);
	assert_int_equal(output.byte, 'A');
	assert_int_equal(in(LSR), 0x60);
	assert_false(out(SCR, 'B').has_byte);
}

static void linux_finds_a_16550a(void **state) {
	(void)state;
	/* autoconfig(): IER's low nibble, loopback of the modem lines. */
	out(IER, 0);
	assert_int_equal(in(IER), 0);
	out(IER, 0x0f);
	assert_int_equal(in(IER), 0x0f);
	out(IER, 0);
	out(MCR, 0x1a);
	assert_int_equal(in(MSR)&0xf0, 0x90);
	out(MCR, 0);
	/* No enhanced feature register behind LCR 0xbf. */
	out(LCR, 0xbf);
	out(IIR, 0);
	out(LCR, 0);
	out(IIR, 0x01);
	assert_int_equal(in(IIR) >> 6, 3);
	/* autoconfig_16550a(): no 64-byte FIFO of a 16750, no UUE bit. */
	out(LCR, 0);
	out(IIR, 0x21);
	assert_int_equal(in(IIR) >> 5, 6);
	out(IIR, 0x01);
	out(LCR, 0x80);
	out(IIR, 0x21);
	assert_int_equal(in(IIR) >> 5, 6);
	out(LCR, 0);
	out(IER, 0x40);
	assert_int_equal(in(IER), 0);
}

static void enabling_the_transmit_interrupt_raises_it_once(void **state) {
	(void)state;
	out(MCR, 0x08);
	out(IER, 0x02);
	assert_true(uart16550_interrupt(&uart));
	assert_int_equal(in(IIR), 0x02);
	assert_int_equal(in(IIR), 0x01);
	assert_false(uart16550_interrupt(&uart));
	out(IER, 0x02); /* was on: no new event */
	assert_int_equal(in(IIR), 0x01);
	out(IER, 0x00);
	out(IER, 0x02);
	assert_int_equal(in(IIR), 0x02);
}

static void each_sent_byte_raises_the_transmit_interrupt(void **state) {
	(void)state;
	out(MCR, 0x08);
	out(IER, 0x02);
	in(IIR);
	assert_false(out(DATA, 'a').has_line_dropped);
	assert_true(uart16550_interrupt(&uart));
	/* Not acknowledged by IIR: the write lowers the line, and it rises again. */
	assert_true(out(DATA, 'b').has_line_dropped);
	assert_true(uart16550_interrupt(&uart));
}

static void only_a_reported_transmit_interrupt_is_cleared_by_iir(void **state) {
	(void)state;
	out(IER, 0x03);
	assert_true(uart16550_receive(&uart, 'x'));
	assert_int_equal(in(IIR), 0x04);
	assert_int_equal(in(DATA), 'x');
	assert_int_equal(in(IIR), 0x02);
}

static void out2_gates_the_interrupt_line(void **state) {
	(void)state;
	out(IER, 0x01);
	assert_true(uart16550_receive(&uart, 'x'));
	assert_false(uart16550_interrupt(&uart));
	out(MCR, 0x08);
	assert_true(uart16550_interrupt(&uart));
	assert_int_equal(in(DATA), 'x');
	assert_false(uart16550_interrupt(&uart));
}

static void without_fifo_one_byte_fits(void **state) {
	(void)state;
	assert_int_equal(uart16550_receive_space(&uart), 1);
	assert_true(uart16550_receive(&uart, 'a'));
	assert_int_equal(uart16550_receive_space(&uart), 0);
	assert_false(uart16550_receive(&uart, 'b'));
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(DATA), 'a');
	assert_int_equal(in(LSR), 0x60);
}

static void the_fifo_keeps_sixteen_bytes_in_order(void **state) {
	(void)state;
	out(IIR, 0x01);
	for (unsigned round = 0; round < 3; round++) {
		for (uint8_t i = 0; i < 16; i++) {
			assert_int_equal(uart16550_receive_space(&uart), 16u - i);
			assert_true(uart16550_receive(&uart, (uint8_t)(round * 16 + i)));
		}
		assert_false(uart16550_receive(&uart, 0xff));
		for (uint8_t i = 0; i < 16; i++)
			assert_int_equal(in(DATA), round * 16 + i);
		assert_int_equal(in(LSR), 0x60);
		/* The ring does not start at 0 in the next round. */
		assert_true(uart16550_receive(&uart, 1));
		in(DATA);
	}
}

static void bytes_below_the_trigger_level_interrupt_too(void **state) {
	(void)state;
	out(IIR, 0xc1);
	out(IER, 0x01);
	assert_true(uart16550_receive(&uart, 'a'));
	assert_int_equal(in(IIR), 0xc4);
}

static void fcr_clears_the_receiver(void **state) {
	static const struct {
		uint8_t before, write, left;
	} rows[] = {
	    {0x01, 0x03, 0}, /* clear receiver */
	    {0x01, 0x05, 2}, /* clear transmitter: not ours */
	    {0x01, 0x81, 2}, /* a new trigger level */
	    {0x01, 0x00, 0}, /* FIFO off */
	    {0x01, 0x02, 0}, /* off, the clear bit does not count */
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fresh(state);
		out(IIR, rows[i].before);
		assert_true(uart16550_receive(&uart, 'a'));
		assert_true(uart16550_receive(&uart, 'b'));
		out(IIR, rows[i].write);
		assert_int_equal(uart.fifo_count, rows[i].left);
	}
	/* Off before and after: the byte in the buffer register stays. */
	fresh(state);
	assert_true(uart16550_receive(&uart, 'a'));
	out(IIR, 0x02);
	assert_int_equal(in(DATA), 'a');
}

static void loopback_returns_what_is_sent(void **state) {
	(void)state;
	out(MCR, 0x10);
	assert_false(out(DATA, 'q').has_byte);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(DATA), 'q');
	assert_int_equal(in(DATA), 0);
}

static void loopback_cuts_the_line_off(void **state) {
	(void)state;
	out(MCR, 0x10);
	assert_int_equal(uart16550_receive_space(&uart), 0);
	assert_false(uart16550_receive(&uart, 'x'));
	assert_false(uart16550_receive_break(&uart));
	out(MCR, 0x00);
	assert_true(uart16550_receive(&uart, 'x'));
}

static void loopback_mirrors_the_modem_lines(void **state) {
	static const struct {
		uint8_t mcr, lines;
	} rows[] = {{0x10, 0x00}, {0x11, 0x20}, {0x12, 0x10}, {0x14, 0x40}, {0x18, 0x80}, {0x1f, 0xf0}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out(MCR, rows[i].mcr);
		assert_int_equal(in(MSR)&0xf0, rows[i].lines);
	}
}

static void a_change_of_a_modem_line_is_seen_once(void **state) {
	(void)state;
	out(MCR, 0x1f); /* RI rises: no event; the others were up */
	assert_int_equal(in(MSR), 0xf0);
	out(MCR, 0x1b); /* RI falls */
	assert_int_equal(in(MSR), 0xb4);
	assert_int_equal(in(MSR), 0xb0);
	out(MCR, 0x18); /* DSR and CTS fall */
	out(IER, 0x08);
	assert_int_equal(in(IIR), 0x00);
	assert_int_equal(in(MSR), 0x83);
	assert_int_equal(in(IIR), 0x01);
}

static void a_full_receiver_overruns_in_loopback(void **state) {
	(void)state;
	out(MCR, 0x10);
	out(IER, 0x04);
	out(DATA, 'a');
	out(DATA, 'b'); /* without FIFO the newer byte wins */
	assert_int_equal(in(IIR), 0x06);
	assert_int_equal(in(LSR), 0x63);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(DATA), 'b');
	out(IIR, 0x01);
	for (unsigned i = 0; i < 17; i++) /* with FIFO the newest is lost */
		out(DATA, (uint8_t)i);
	assert_int_equal(in(LSR), 0x63);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(in(DATA), i);
	assert_int_equal(in(LSR), 0x60);
}

static void a_break_shows_with_its_character(void **state) {
	(void)state;
	out(IIR, 0x01);
	out(IER, 0x04);
	assert_true(uart16550_receive(&uart, 'a'));
	assert_true(uart16550_receive_break(&uart));
	assert_int_equal(in(LSR), 0xe1); /* an error waits in the FIFO */
	assert_int_equal(in(IIR), 0xc1);
	assert_int_equal(in(DATA), 'a');
	assert_int_equal(in(IIR), 0xc6);
	assert_int_equal(in(LSR), 0xf9);
	assert_int_equal(in(LSR), 0x61); /* reading cleared it */
	assert_int_equal(in(IIR), 0xc1);
	assert_int_equal(in(DATA), 0);
}

static void set_break_is_received_in_loopback(void **state) {
	(void)state;
	out(LCR, 0x40); /* outside loopback nobody hears it */
	assert_int_equal(in(LSR), 0x60);
	out(LCR, 0x00);
	out(MCR, 0x10);
	out(LCR, 0x40);
	assert_int_equal(in(LSR), 0x79);
}

static void interrupt_sources_have_their_priorities(void **state) {
	(void)state;
	out(MCR, 0x1f);
	out(DATA, 'a');
	out(DATA, 'b'); /* overrun, data, transmit */
	out(MCR, 0x10); /* modem */
	out(IER, 0x0f);
	assert_int_equal(in(IIR), 0x06);
	in(LSR);
	assert_int_equal(in(IIR), 0x04);
	in(DATA);
	assert_int_equal(in(IIR), 0x02);
	assert_int_equal(in(IIR), 0x00);
	in(MSR);
	assert_int_equal(in(IIR), 0x01);
}

/* Every register and what a driver sees must survive; the ring may be turned. */
static void a_saved_uart_goes_on_where_it_was(void **state) {
	struct uart16550_state saved, again;

	(void)state;
	out(LCR, 0x80);
	out(DATA, 0x34);
	out(IER, 0x12);
	out(LCR, 0x1b);
	out(IIR, 0x81);
	out(IER, 0x0f);
	out(SCR, 0x77);
	for (unsigned i = 0; i < 12; i++) {
		assert_true(uart16550_receive(&uart, (uint8_t)i));
		if (i < 9)
			in(DATA);
	}
	assert_true(uart16550_receive_break(&uart));
	for (unsigned i = 0; i < 8; i++)
		assert_true(uart16550_receive(&uart, (uint8_t)(0x40 + i)));
	out(MCR, 0x1b);
	for (unsigned i = 0; i < 6; i++)
		out(DATA, 'o'); /* overrun */

	uart16550_save(&uart, &saved);
	memset(&uart, 0x5a, sizeof(uart));
	assert_true(uart16550_load(&uart, &saved));
	uart16550_save(&uart, &again);
	assert_memory_equal(&saved, &again, sizeof(saved));

	assert_int_equal(in(LSR), 0xe3);
	for (unsigned i = 9; i < 12; i++)
		assert_int_equal(in(DATA), i);
	assert_int_equal(in(LSR)&0x18, 0x18);
	assert_int_equal(in(DATA), 0);
	assert_int_equal(in(DATA), 0x40);
	assert_int_equal(in(SCR), 0x77);
	assert_int_equal(in(MCR), 0x1b);
	assert_int_equal(in(LCR), 0x1b);
	out(LCR, 0x80);
	assert_int_equal(in(DATA), 0x34);
	assert_int_equal(in(IER), 0x12);
}

static void impossible_states_are_refused(void **state) {
	struct uart16550_state good;
	struct uart16550 before;

	(void)state;
	assert_true(uart16550_receive(&uart, 'a'));
	before = uart;
	uart16550_save(&uart, &good);
#define REFUSE(field, value)                                                                                           \
	do {                                                                                                           \
		struct uart16550_state bad = good;                                                                     \
		bad.field = value;                                                                                     \
		assert_false(uart16550_load(&uart, &bad));                                                             \
		assert_memory_equal(&uart, &before, sizeof(uart));                                                     \
	} while (0)
	REFUSE(version, 0);
	REFUSE(version, UART16550_STATE_VERSION + 1);
	REFUSE(interrupt_enable, 0x10);
	REFUSE(fifo_control, 0x40);
	REFUSE(fifo_control, 0x03);
	REFUSE(modem_control, 0x20);
	REFUSE(modem_delta, 0x10);
	REFUSE(is_transmit_interrupt_pending, 2);
	REFUSE(has_overrun, 2);
	REFUSE(fifo_count, 2); /* the FIFO is off */
	REFUSE(fifo_error[15], 0x20);
	REFUSE(reserved, 1);
	good.fifo_control = 0x01;
	REFUSE(fifo_count, 17);
	good.fifo_count = 16;
	assert_true(uart16550_load(&uart, &good));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(reset_leaves_an_idle_uart_without_fifo, fresh),
	    cmocka_unit_test_setup(registers_keep_only_the_bits_they_have, fresh),
	    cmocka_unit_test_setup(the_divisor_latch_hides_data_and_interrupt_enable, fresh),
	    cmocka_unit_test_setup(a_written_byte_is_sent_at_once, fresh),
	    cmocka_unit_test_setup(linux_finds_a_16550a, fresh),
	    cmocka_unit_test_setup(enabling_the_transmit_interrupt_raises_it_once, fresh),
	    cmocka_unit_test_setup(each_sent_byte_raises_the_transmit_interrupt, fresh),
	    cmocka_unit_test_setup(only_a_reported_transmit_interrupt_is_cleared_by_iir, fresh),
	    cmocka_unit_test_setup(out2_gates_the_interrupt_line, fresh),
	    cmocka_unit_test_setup(without_fifo_one_byte_fits, fresh),
	    cmocka_unit_test_setup(the_fifo_keeps_sixteen_bytes_in_order, fresh),
	    cmocka_unit_test_setup(bytes_below_the_trigger_level_interrupt_too, fresh),
	    cmocka_unit_test_setup(fcr_clears_the_receiver, fresh),
	    cmocka_unit_test_setup(loopback_returns_what_is_sent, fresh),
	    cmocka_unit_test_setup(loopback_cuts_the_line_off, fresh),
	    cmocka_unit_test_setup(loopback_mirrors_the_modem_lines, fresh),
	    cmocka_unit_test_setup(a_change_of_a_modem_line_is_seen_once, fresh),
	    cmocka_unit_test_setup(a_full_receiver_overruns_in_loopback, fresh),
	    cmocka_unit_test_setup(a_break_shows_with_its_character, fresh),
	    cmocka_unit_test_setup(set_break_is_received_in_loopback, fresh),
	    cmocka_unit_test_setup(interrupt_sources_have_their_priorities, fresh),
	    cmocka_unit_test_setup(a_saved_uart_goes_on_where_it_was, fresh),
	    cmocka_unit_test_setup(impossible_states_are_refused, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
