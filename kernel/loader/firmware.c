/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A ledger of all memory taken from the firmware: on failure everything is
 * given back, on success it says what the kernel must not overwrite.
 * Follows [UEFI 7.2 "Memory Allocation Services"].
 */
#include "loader/firmware.h"

#include "lib/addr.h"
#include "lib/string.h"
#include "loader/report.h"

#define LEDGER_SIZE (HV_BOOT_MAX_MODULES + 32u)
#define MAP_SLACK   16384u

struct firmware firmware;

static struct handoff_memory ledger[LEDGER_SIZE];
static uint32_t ledger_count;

void *firmware_allocate(const char *what, uint64_t size, uint64_t alignment, uint64_t limit,
                        enum handoff_memory_type type) {
	EFI_PHYSICAL_ADDRESS base = limit;
	uint64_t slack = alignment - PAGE_SIZE;
	uint64_t pages = (align_up(size, PAGE_SIZE) + slack) / PAGE_SIZE;
	uint64_t start;

	if (ledger_count == LEDGER_SIZE ||
	    firmware.boot->AllocatePages(AllocateMaxAddress, EfiLoaderData, pages, &base) != 0)
		fail(EFI_OUT_OF_RESOURCES, "there is no memory for %s (%lu KiB); give the machine more or load less",
		     what, size >> 10);
	size = align_up(size, PAGE_SIZE);
	start = align_up(base, alignment);
	if (start > base)
		firmware.boot->FreePages(base, (start - base) / PAGE_SIZE);
	if (base + slack > start)
		firmware.boot->FreePages(start + size, (base + slack - start) / PAGE_SIZE);
	memset((void *)start, 0, size);
	ledger[ledger_count++] = (struct handoff_memory){start, size, type, 0};
	return (void *)start;
}

void firmware_release_all(void) {
	while (ledger_count-- > 0)
		firmware.boot->FreePages(ledger[ledger_count].base, ledger[ledger_count].size / PAGE_SIZE);
}

uint32_t firmware_claims(const struct handoff_memory **claims) {
	*claims = ledger;
	return ledger_count;
}

void *firmware_protocol(EFI_GUID guid) {
	void *interface = NULL;

	firmware.boot->LocateProtocol(&guid, NULL, &interface);
	return interface;
}

uint64_t firmware_table(EFI_GUID guid) {
	for (UINTN i = 0; i < firmware.system->NumberOfTableEntries; i++) {
		const EFI_CONFIGURATION_TABLE *table = &firmware.system->ConfigurationTable[i];

		if (memcmp(&table->VendorGuid, &guid, sizeof(guid)) == 0)
			return (uint64_t)table->VendorTable;
	}
	return 0;
}

UINTN firmware_memory_map(struct memory_source *source) {
	static UINTN capacity;
	static void *buffer;
	UINTN size = 0, stride, key;
	UINT32 version;
	EFI_STATUS status;

	while ((status = firmware.boot->GetMemoryMap(&size, buffer, &key, &stride, &version)) == EFI_BUFFER_TOO_SMALL) {
		if (size > capacity) {
			/* Taking these pages may itself lengthen the map. */
			capacity = size + MAP_SLACK;
			buffer = firmware_allocate("the memory map", capacity, PAGE_SIZE, FIRMWARE_ANYWHERE,
			                           HANDOFF_MEMORY_USABLE);
		}
		size = capacity;
	}
	if (status != EFI_SUCCESS)
		fail(status, "the firmware does not give its memory map (%s); update the firmware",
		     report_status_text(status));
	*source = (struct memory_source){buffer, size, stride};
	return key;
}
