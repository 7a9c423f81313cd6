/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The memory map is built twice: on trial, while the console still works, and
 * for good from the very map whose key ends boot services.
 * Follows [UEFI 7.4.6 "EFI_BOOT_SERVICES.ExitBootServices()"].
 */
#include "lib/addr.h"
#include "loader/firmware.h"
#include "loader/page_tables.h"
#include "loader/report.h"
#include "loader/stages.h"

#define STACK_SIZE          (64ull << 10)
#define TRAMPOLINE_LIMIT    0x9ffffull
#define SMALLEST_MEMORY_MIB 256u
#define EXIT_TRIES          8u

/* jump.S: loads the page tables and the stack and jumps, no way back. */
_Noreturn void jump_to_kernel(uint64_t root, uint64_t entry, const struct handoff *handoff, uint64_t stack_end);

/* Makes the memory map of this moment and returns its key. */
static UINTN build_map(struct handoff *handoff) {
	const struct handoff_memory *claims;
	struct memory_source source;
	UINTN key = firmware_memory_map(&source);
	/* Only now: reading the map may have taken memory. */
	uint32_t count = firmware_claims(&claims);
	const char *fault = memory_map_build(&source, claims, count, handoff);

	if (fault != NULL)
		fail(EFI_LOAD_ERROR, "the firmware's memory map cannot be used: %s; update the firmware", fault);
	handoff->memory_end = memory_map_end(handoff);
	return key;
}

/* After the first attempt only the memory services may be called. */
static void leave_boot_services(struct handoff *handoff) {
	EFI_STATUS status = EFI_INVALID_PARAMETER;

	for (unsigned i = 0; i < EXIT_TRIES && status == EFI_INVALID_PARAMETER; i++) {
		UINTN key = build_map(handoff);

		firmware.has_left = true;
		status = firmware.boot->ExitBootServices(firmware.image, key);
	}
	if (status != EFI_SUCCESS)
		fail(status, "the firmware does not end its boot services (%s); update the firmware",
		     report_status_text(status));
}

_Noreturn void exit_to_kernel(struct handoff *handoff, uint64_t entry) {
	uint64_t usable, end;
	void *tables, *stack;

	build_map(handoff);
	usable = memory_map_usable(handoff) >> 20;
	if (usable < SMALLEST_MEMORY_MIB)
		fail(EFI_OUT_OF_RESOURCES,
		     "only %lu MiB of memory are left beside kernel and modules, but %u MiB are "
		     "needed; give the machine more memory or load less",
		     usable, SMALLEST_MEMORY_MIB);
	/* Devices lie below 4 GiB, whatever the memory's end. */
	end = handoff->memory_end | FIRMWARE_BELOW_4G;
	tables = firmware_allocate("page tables", page_tables_pages(end) * PAGE_SIZE, PAGE_SIZE, FIRMWARE_BELOW_4G,
	                           HANDOFF_MEMORY_LOADER);
	page_tables_build(tables, end, handoff->kernel_base, handoff->kernel_size);
	stack = firmware_allocate("a stack", STACK_SIZE, PAGE_SIZE, FIRMWARE_BELOW_4G, HANDOFF_MEMORY_LOADER);
	handoff->trampoline = (uint64_t)firmware_allocate("starting processors, below 640 KiB", PAGE_SIZE, PAGE_SIZE,
	                                                  TRAMPOLINE_LIMIT, HANDOFF_MEMORY_LOADER);
	leave_boot_services(handoff);
	jump_to_kernel((uint64_t)tables, entry, handoff, (uint64_t)stack + STACK_SIZE);
}
