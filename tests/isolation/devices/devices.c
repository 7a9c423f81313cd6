/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: the small devices of a VM answer as their data sheets say: I/O APIC and
 * UART with their interrupt, the read-only CMOS clock, the number of processors
 * in fw_cfg, and power management's registers.
 */
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/smp.h>
#include <guest/test.h>
#include <guest/time.h>

#define IOAPIC       0xfec00000ull
#define IOAPIC_TABLE 0x10u
#define MASKED       0x10000u
#define LEVEL        0x8000u
#define REMOTE_IRR   0x4000u
#define UART         0x3f8
#define UART_PIN     4u
#define VECTOR       0x51

static volatile unsigned interrupts;
static volatile uint8_t identity; /* the UART's IIR, first read of the handler */

static uint32_t ioapic_read(unsigned r) {
	*(volatile uint32_t *)IOAPIC = r;
	return *(volatile uint32_t *)(IOAPIC + 0x10);
}

static void ioapic_write(unsigned r, uint32_t value) {
	*(volatile uint32_t *)IOAPIC = r;
	*(volatile uint32_t *)(IOAPIC + 0x10) = value;
}

static void on_uart(struct guest_frame *frame) {
	(void)frame;
	interrupts++;
	identity = guest_in8(UART + 2);
	guest_out8(UART + 1, 0); /* a level falls before the end of the interrupt */
	guest_apic_eoi();
}

static unsigned wait_for_interrupts(unsigned count) {
	guest_interrupts_on();
	for (unsigned i = 0; i < 2000 && interrupts < count; i++)
		guest_delay_us(1000);
	guest_interrupts_off();
	return interrupts;
}

static void route_uart(uint32_t flags) {
	interrupts = 0;
	guest_set_handler(VECTOR, on_uart);
	ioapic_write(IOAPIC_TABLE + 2 * UART_PIN + 1, 0);
	ioapic_write(IOAPIC_TABLE + 2 * UART_PIN, VECTOR | flags);
	guest_out8(UART + 4, 0x0b); /* OUT2 opens the interrupt's gate */
}

GUEST_TEST("the I/O APIC has 24 masked pins and keeps what is written to them") {
	expect_equal(ioapic_read(1) >> 16 & 0xff, 23);
	expect_equal(ioapic_read(1) & 0xff, 0x20);
	for (unsigned pin = 0; pin < 24; pin++) {
		expect(ioapic_read(IOAPIC_TABLE + 2 * pin) & MASKED);
		ioapic_write(IOAPIC_TABLE + 2 * pin + 1, 0xff000000);
		ioapic_write(IOAPIC_TABLE + 2 * pin, MASKED | LEVEL | (0x60 + pin));
		expect_equal(ioapic_read(IOAPIC_TABLE + 2 * pin), MASKED | LEVEL | (0x60 + pin));
		expect_equal(ioapic_read(IOAPIC_TABLE + 2 * pin + 1), 0xff000000);
		ioapic_write(IOAPIC_TABLE + 2 * pin, MASKED);
	}
	ioapic_write(0xff, ~0u); /* no such register */
	expect_equal(ioapic_read(IOAPIC_TABLE + 48), 0);
}

GUEST_TEST("the UART's interrupt arrives by an edge, in xAPIC mode") {
	expect(guest_apic_enable(false));
	route_uart(0);
	guest_out8(UART + 1, 2); /* the transmitter is empty */
	expect_equal(wait_for_interrupts(1), 1);
	expect_equal(identity & 0xf, 2);
	ioapic_write(IOAPIC_TABLE + 2 * UART_PIN, MASKED);
}

GUEST_TEST("a level that stays comes again after its end, and ends with the level") {
	route_uart(LEVEL);
	for (unsigned i = 1; i <= 5; i++) {
		guest_out8(UART + 1, 2);
		expect_equal(wait_for_interrupts(i), i);
		expect_equal(ioapic_read(IOAPIC_TABLE + 2 * UART_PIN) & REMOTE_IRR, 0);
	}
	ioapic_write(IOAPIC_TABLE + 2 * UART_PIN, MASKED);
}

GUEST_TEST("a masked pin stays silent until it is unmasked, if it is a level") {
	route_uart(LEVEL | MASKED);
	guest_out8(UART + 1, 2);
	guest_interrupts_on();
	guest_delay_us(20000);
	guest_interrupts_off();
	expect_equal(interrupts, 0);
	ioapic_write(IOAPIC_TABLE + 2 * UART_PIN, VECTOR | LEVEL);
	expect_equal(wait_for_interrupts(1), 1);
	ioapic_write(IOAPIC_TABLE + 2 * UART_PIN, MASKED);
}

GUEST_TEST("a byte looped back is received with an interrupt") {
	route_uart(0);
	guest_out8(UART + 2, 0x07); /* FIFO on and empty */
	guest_out8(UART + 4, 0x1b); /* loopback; OUT2 is cut off inside, so poll */
	guest_out8(UART, 'B');
	expect(guest_in8(UART + 5) & 1);
	expect_equal(guest_in8(UART), 'B');
	expect_equal(guest_in8(UART + 5) & 1, 0);
	guest_out8(UART + 4, 0x0b);
	ioapic_write(IOAPIC_TABLE + 2 * UART_PIN, MASKED);
}

GUEST_TEST("the UART's interrupt arrives in x2APIC mode too, through every illegal route before") {
	expect(guest_apic_enable(true));
	route_uart(MASKED);
	for (uint32_t mode = 0; mode < 8; mode++) { /* vectors 0 to 15, to nobody */
		if (mode == 4 || mode == 5)
			continue; /* NMI and INIT are no illegal ones */
		ioapic_write(IOAPIC_TABLE + 2 * UART_PIN + 1, 0x55000000);
		ioapic_write(IOAPIC_TABLE + 2 * UART_PIN, mode << 8 | mode);
		guest_out8(UART + 1, 2);
		guest_out8(UART + 1, 0);
	}
	route_uart(0);
	guest_out8(UART + 1, 2);
	expect_equal(wait_for_interrupts(1), 1);
	ioapic_write(IOAPIC_TABLE + 2 * UART_PIN, MASKED);
}

static uint8_t cmos(uint8_t index) {
	guest_out8(0x70, index);
	return guest_in8(0x71);
}

static void expect_bcd(uint8_t index, unsigned low, unsigned high) {
	uint8_t value = cmos(index);
	unsigned number = (value >> 4) * 10u + (value & 0xfu);

	if ((value & 0xf) > 9 || number < low || number > high)
		guest_test_fail("CMOS register 0x%x is 0x%x", index, value);
}

GUEST_TEST("the CMOS clock tells a date and time that are ones, and cannot be set") {
	uint8_t year = cmos(9);

	expect_bcd(0, 0, 59);
	expect_bcd(2, 0, 59);
	expect_bcd(4, 0, 23);
	expect_bcd(6, 1, 7);
	expect_bcd(7, 1, 31);
	expect_bcd(8, 1, 12);
	expect_bcd(9, 24, 99);
	expect_bcd(0x32, 20, 20);
	expect_equal(cmos(0xa) & 0x80, 0);
	expect_equal(cmos(0xb) & 0x06, 0x02);
	expect_equal(cmos(0xd), 0x80);
	guest_out8(0x70, 9);
	guest_out8(0x71, 0x13);
	expect_equal(cmos(9), year);
}

GUEST_TEST("the CMOS clock goes on by a second in a second") {
	uint8_t first = cmos(0);
	unsigned steps = 0;

	for (unsigned i = 0; i < 300 && steps < 2; i++) {
		guest_delay_us(10000);
		if (cmos(0) != first) {
			first = cmos(0);
			steps++;
		}
	}
	expect_equal(steps, 2);
}

GUEST_TEST("fw_cfg tells one processor and its signature") {
	guest_out16(0x510, 0);
	expect_equal(guest_in8(0x511), 'Q');
	expect_equal(guest_in8(0x511), 'E');
	expect_equal(guest_in8(0x511), 'M');
	expect_equal(guest_in8(0x511), 'U');
	expect_equal(guest_in8(0x511), 0);
	expect_equal(guest_cpu_count(), 1);
}

GUEST_TEST("power management ignores what is no command") {
	for (unsigned value = 0; value < 256; value++) {
		if (value & 0x20 && (value >> 2 & 7) == 0)
			continue; /* S5 */
		guest_out8(0x600, (uint8_t)value);
		guest_out8(0x601, (uint8_t)value);
		if (value != 1) /* reset */
			guest_out8(0x602, (uint8_t)value);
	}
	expect_equal(guest_in8(0x600), 0);
}
