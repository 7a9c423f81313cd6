/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Output by the 16550 UART at 0x3f8, a byte at a time, without interrupts. */
#include "guest/console.h"

#include <stdbool.h>
#include "guest/cpu.h"
#include "guest.h"

#define UART_DATA     0x3f8
#define UART_STATUS   0x3fd
#define UART_CAN_SEND 0x20
#define LINE_SIZE     256u
#define SPINS_MAX     100000u /* a UART that never gets ready must not stop a test */

static bool console_lock;

static void put(char c) {
	for (unsigned i = 0; i < SPINS_MAX && !(guest_in8(UART_STATUS) & UART_CAN_SEND); i++)
		guest_pause();
	guest_out8(UART_DATA, (uint8_t)c);
}

void guest_vprintf(const char *format, va_list args) {
	char line[LINE_SIZE];

	text_format(line, sizeof(line), format, args);
	while (__atomic_test_and_set(&console_lock, __ATOMIC_ACQUIRE))
		guest_pause();
	for (const char *p = line; *p != '\0'; p++) {
		if (*p == '\n')
			put('\r');
		put(*p);
	}
	__atomic_clear(&console_lock, __ATOMIC_RELEASE);
}

void guest_printf(const char *format, ...) {
	va_list args;

	va_start(args, format);
	guest_vprintf(format, args);
	va_end(args);
}

void guest_format(char *buffer, size_t size, const char *format, ...) {
	va_list args;

	va_start(args, format);
	text_format(buffer, size, format, args);
	va_end(args);
}
