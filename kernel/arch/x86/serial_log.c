/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Lines to a polled 16550 [National Semiconductor PC16550D, "Registers"]. Every
 * wait is bounded, so that a missing or stuck port costs time once and never
 * stops the kernel. The lock is not one of lib/spinlock.h: a machine check or a
 * panic may come on the processor that holds it and must still be able to speak.
 */
#include "arch/x86/bring_up.h"
#include "arch/x86/insn.h"

#define COM1           0x3f8
#define COM_DATA       (COM1 + 0)
#define COM_IER        (COM1 + 1)
#define COM_FCR        (COM1 + 2)
#define COM_LCR        (COM1 + 3)
#define COM_MCR        (COM1 + 4)
#define COM_LSR        (COM1 + 5)
#define LCR_8N1        0x03
#define LCR_DLAB       0x80
#define FCR_CLEAR      0x07 /* FIFOs on and emptied */
#define MCR_DTR_RTS    0x03
#define LSR_THR_EMPTY  0x20
#define DIVISOR_115200 1

#define TEXT_SIZE      256u
#define LINE_SIZE      (TEXT_SIZE + 64)
#define FIFO_SIZE      16u
#define READY_SPIN     200000u      /* port reads, each about a microsecond */
#define LOCK_TICKS     (1ull << 29) /* of the TSC: longer than a line takes */

static enum hv_log_level log_level = HV_LOG_INFO;
static uint64_t clock_start;
static uint32_t lock_owner; /* processor index + 1 */

/* A line that goes out in portions, and how many there were with it. */
static char slow_line[LINE_SIZE];
static const char *slow_rest = "";
static uint64_t slow_count;

void serial_log_init(void) {
	out8(COM_IER, 0);
	out8(COM_LCR, LCR_DLAB);
	out8(COM_DATA, DIVISOR_115200);
	out8(COM_IER, 0);
	out8(COM_LCR, LCR_8N1);
	out8(COM_FCR, FCR_CLEAR);
	out8(COM_MCR, MCR_DTR_RTS);
}

void log_configure(enum hv_log_level level, uint64_t boot_tsc) {
	log_level = level;
	clock_start = boot_tsc;
}

/* Sends what the empty FIFO takes. True: all of the text has left the FIFO, too. */
static bool put_portion(const char **text) {
	static uint32_t spin;

	if (in8(COM_LSR) & LSR_THR_EMPTY) {
		if (**text == '\0')
			return true;
		for (unsigned i = 0; i < FIFO_SIZE && **text != '\0'; i++)
			out8(COM_DATA, (uint8_t)*(*text)++);
		spin = 0;
	} else if (spin == READY_SPIN) {
		*text = ""; /* stuck, until it is ready again */
		return true;
	} else {
		spin++;
	}
	return false;
}

static void put_all(const char *text) {
	while (!put_portion(&text))
		cpu_pause();
}

/* Takes the lock within `ticks`, and says whether it must be given back: an
 * exception on top of a line of this processor goes on without it. */
static bool lock(uint64_t ticks) {
	uint32_t me = this_cpu()->index + 1;
	uint64_t begin = rdtsc();
	uint32_t owner = 0;

	while (!__atomic_compare_exchange_n(&lock_owner, &owner, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		if (owner == me || rdtsc() - begin > ticks)
			return false;
		owner = 0;
		cpu_pause();
	}
	return true;
}

void log_enter_panic(void) {
	lock(LOCK_TICKS);
	__atomic_store_n(&lock_owner, this_cpu()->index + 1, __ATOMIC_RELAXED);
}

/* Without a wrapper text_format takes only a va_list. */
static void format_text(char *out, size_t size, const char *format, ...) {
	va_list args;

	va_start(args, format);
	text_format(out, size, format, args);
	va_end(args);
}

static void format_line(char *line, const char *prefix, const char *text) {
	uint64_t us = time_rate(rdtsc() - clock_start, machine_tsc_hz(), 1000000);

	format_text(line, LINE_SIZE, "[%5lu.%06lu] %s%s\r\n", us / 1000000, us % 1000000, prefix, text);
}

static void unlock(bool is_held) {
	if (is_held)
		__atomic_store_n(&lock_owner, 0, __ATOMIC_RELEASE);
}

void log_line(const char *prefix, const char *format, va_list args) {
	char text[TEXT_SIZE];
	char line[LINE_SIZE];
	bool is_held;

	text_format(text, sizeof(text), format, args);
	format_line(line, prefix, text);
	is_held = lock(~0ull);
	put_all(slow_rest);
	slow_rest = "";
	put_all(line);
	unlock(is_held);
}

void log_write(enum hv_log_level level, const char *format, ...) {
	va_list args;

	if (level > log_level)
		return;
	va_start(args, format);
	log_line("kernel: ", format, args);
	va_end(args);
}

bool log_write_slowly(uint64_t *ticket, const char *prefix, const char *text) {
	bool is_held = lock(~0ull);
	bool is_free = put_portion(&slow_rest);
	bool is_out = *ticket != LOG_NO_TICKET && (is_free || *ticket != slow_count);

	if (is_out) {
		*ticket = LOG_NO_TICKET;
	} else if (is_free) {
		format_line(slow_line, prefix, text);
		slow_rest = slow_line;
		*ticket = ++slow_count;
	}
	unlock(is_held);
	return is_out;
}
