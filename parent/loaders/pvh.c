/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Finds the PVH entry among the ELF notes and writes the start info
 * [Xen "x86/HVM direct boot ABI (PVH)"; Xen public/arch-x86/hvm/start_info.h].
 */
#include "loaders/pvh.h"

#include <string.h>
#include "loaders/bytes.h"
#include "loaders/elf_image.h"

#define NOTE_HEADER_SIZE   12u
#define NOTE_PHYS32_ENTRY  18u
#define NOTE_NAME          "Xen" /* with its terminating zero */
#define START_INFO_MAGIC   0x336ec578u
#define START_INFO_VERSION 1u
#define START_INFO_SIZE    56u
#define MODULE_SIZE        32u
#define MEMMAP_ENTRY_SIZE  24u
#define MODULES_OFFSET     START_INFO_SIZE
#define MEMMAP_OFFSET      (MODULES_OFFSET + BOOT_MODULES_MAX * MODULE_SIZE)
#define INFO_SIZE          (MEMMAP_OFFSET + LAYOUT_RANGES * MEMMAP_ENTRY_SIZE)

_Static_assert(INFO_SIZE <= LAYOUT_BOOT_INFO_SIZE, "start info, modules and map fit");

/* Looks through one note segment; both classes pad names and descriptors to 4
 * bytes here, whatever the segment's alignment says. */
static bool find_entry(const uint8_t *notes, uint64_t size, uint64_t *entry) {
	while (size >= NOTE_HEADER_SIZE) {
		uint32_t name_size = get_u32(notes);
		uint32_t desc_size = get_u32(notes + 4);
		uint64_t name_room = ((uint64_t)name_size + 3) & ~3ull;
		uint64_t desc_room = ((uint64_t)desc_size + 3) & ~3ull;
		const uint8_t *desc = notes + NOTE_HEADER_SIZE + name_room;

		if (size - NOTE_HEADER_SIZE < name_room + desc_size)
			return false;
		if (get_u32(notes + 8) == NOTE_PHYS32_ENTRY && name_size == sizeof(NOTE_NAME) &&
		    memcmp(notes + NOTE_HEADER_SIZE, NOTE_NAME, sizeof(NOTE_NAME)) == 0 &&
		    (desc_size == 4 || desc_size == 8)) {
			*entry = desc_size == 8 ? get_u64(desc) : get_u32(desc);
			return true;
		}
		if (size - NOTE_HEADER_SIZE < name_room + desc_room)
			return false;
		size -= NOTE_HEADER_SIZE + name_room + desc_room;
		notes += NOTE_HEADER_SIZE + name_room + desc_room;
	}
	return false;
}

static bool find_pvh_entry(const uint8_t *data, const struct elf_image *image, uint64_t *entry) {
	for (unsigned i = 0; i < image->notes_count; i++) {
		if (find_entry(data + image->notes[i].offset, image->notes[i].size, entry))
			return true;
	}
	return false;
}

bool pvh_is(const uint8_t *data, uint64_t size) {
	struct elf_image image = {0};
	uint64_t entry = 0;

	return elf_image_parse(data, size, &image, NULL) == ERR_NONE && find_pvh_entry(data, &image, &entry);
}

static void build_info(const struct boot_request *request, const struct memory_layout *layout,
                       const struct load_plan *plan, uint8_t *info) {
	const uint64_t at = LAYOUT_BOOT_INFO;

	memset(info, 0, INFO_SIZE);
	put_u32(info, START_INFO_MAGIC);
	put_u32(info + 4, START_INFO_VERSION);
	put_u32(info + 12, request->module_count);
	put_u64(info + 16, request->module_count > 0 ? at + MODULES_OFFSET : 0);
	put_u64(info + 24, LAYOUT_COMMAND_LINE);
	put_u64(info + 32, request->rsdp);
	put_u64(info + 40, at + MEMMAP_OFFSET);
	put_u32(info + 48, layout->range_count);
	for (unsigned i = 0; i < request->module_count; i++) {
		uint8_t *module = info + MODULES_OFFSET + i * MODULE_SIZE;

		put_u64(module, plan->module_gpa[i]);
		put_u64(module + 8, request->module[i].size);
	}
	for (unsigned i = 0; i < layout->range_count; i++) {
		uint8_t *entry = info + MEMMAP_OFFSET + i * MEMMAP_ENTRY_SIZE;

		put_u64(entry, layout->range[i].gpa);
		put_u64(entry + 8, layout->range[i].size);
		put_u32(entry + 16, layout->range[i].type);
	}
}

static enum err prepare(const struct boot_request *request, const struct memory_layout *layout, struct elf_image *image,
                        struct err_text *text) {
	const struct boot_file *kernel = &request->kernel;
	size_t cmdline_size = strlen(request->cmdline) + 1;
	enum err error = elf_image_parse(kernel->data, kernel->size, image, text);

	if (error != ERR_NONE)
		return error;
	if (!find_pvh_entry(kernel->data, image, &image->plan.entry))
		return err_set(text, ERR_FORMAT, "the ELF file has no PVH entry (Xen note 18)");
	if (cmdline_size > LAYOUT_COMMAND_LINE_SIZE)
		return err_set(text, ERR_RANGE, "the command line has %zu bytes; up to %llu are possible",
		               cmdline_size - 1, LAYOUT_COMMAND_LINE_SIZE - 1);
	return load_plan_place(&image->plan, request, layout, text);
}

enum err pvh_load(const struct boot_request *request, const struct memory_layout *layout,
                  const struct guest_memory *memory, struct boot_state *state, struct err_text *text) {
	uint8_t info[INFO_SIZE];
	struct elf_image image = {0};
	enum err error;

	error = prepare(request, layout, &image, text);
	if (error != ERR_NONE)
		return error;
	error = load_plan_write(&image.plan, request, layout, memory, text);
	if (error != ERR_NONE)
		return error;
	build_info(request, layout, &image.plan, info);
	error = guest_memory_write(memory, LAYOUT_BOOT_INFO, info, sizeof(info));
	if (error == ERR_NONE)
		error = guest_memory_write(memory, LAYOUT_COMMAND_LINE, request->cmdline, strlen(request->cmdline) + 1);
	if (error != ERR_NONE)
		return err_set(text, error, "the VM's memory does not match its layout");
	boot_state_init_protected(state);
	state->gpr[HV_RBX] = LAYOUT_BOOT_INFO;
	state->rip = image.plan.entry;
	return ERR_NONE;
}
