/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Formats a line once and writes it once. Many firmwares show their console on
 * COM1 too, so COM1 is written directly only where there is no console.
 * Ends by [UEFI 7.4.5 "EFI_BOOT_SERVICES.Exit()"], which unwinds from anywhere.
 */
#include "loader/report.h"

#include <stdarg.h>

#include "lib/bits.h"
#include "lib/log.h"
#include "loader/files.h"
#include "loader/firmware.h"
#include "loader/insn.h"

#define COM1              0x3f8u
#define LSR_HOLDING_EMPTY 0x20u
#define LINE_SIZE         480u

static void write_serial(const char *text) {
	for (; *text != '\0'; text++) {
		/* Bounded: perhaps no UART answers. */
		for (unsigned i = 0; i < 100000 && !(read_port(COM1 + 5) & LSR_HOLDING_EMPTY); i++)
			;
		write_port(COM1, (uint8_t)*text);
	}
}

static void write_text(const char *text) {
	SIMPLE_TEXT_OUTPUT_INTERFACE *console = firmware.system->ConOut;
	CHAR16 wide[LINE_SIZE];
	unsigned n = 0;

	if (firmware.has_left || console == NULL) {
		write_serial(text);
		return;
	}
	do
		wide[n] = (CHAR16)(unsigned char)text[n];
	while (text[n++] != '\0');
	console->OutputString(console, wide);
}

void report(const char *format, ...) {
	char line[LINE_SIZE];
	va_list args;

	va_start(args, format);
	text_format(line, sizeof(line), format, args);
	va_end(args);
	write_text("bulkhead loader: ");
	write_text(line);
	write_text("\r\n");
}

_Noreturn void report_end(EFI_STATUS status) {
	SIMPLE_INPUT_INTERFACE *keys = firmware.system->ConIn;
	EFI_INPUT_KEY key;

	if (firmware.has_left)
		halt();
	report("not started; returning to the firmware in 5 seconds, or at a key");
	if (keys != NULL)
		keys->Reset(keys, FALSE);
	for (unsigned tenths = 0; tenths < 50; tenths++) {
		if (keys != NULL && keys->ReadKeyStroke(keys, &key) == EFI_SUCCESS)
			break;
		firmware.boot->Stall(100000);
	}
	files_close();
	firmware_release_all();
	firmware.boot->Exit(firmware.image, status, 0, NULL);
	halt();
}

const char *report_status_text(EFI_STATUS status) {
	static const char *const texts[] = {
	    [0] = "no error",      [2] = "invalid parameter", [3] = "not supported", [7] = "device error",
	    [9] = "out of memory", [10] = "damaged volume",   [12] = "no medium",    [13] = "medium changed",
	    [14] = "not found",    [15] = "access denied",
	};
	UINTN code = status & ~EFI_ERROR_MASK;

	return code < ARRAY_COUNT(texts) && texts[code] != NULL ? texts[code] : "firmware error";
}
