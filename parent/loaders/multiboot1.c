/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Reads the Multiboot header and writes the boot information
 * [Multiboot Specification 0.6.96, 3.1 "OS image format", 3.2 "Machine state",
 * 3.3 "Boot information format"]. A request for a video mode is not refused: the
 * information says that there is none.
 */
#include "loaders/multiboot1.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "loaders/bytes.h"
#include "loaders/elf_image.h"

#define HEADER_MAGIC     0x1badb002u
#define HEADER_SEARCH    8192u
#define HEADER_SIZE      12u
#define HEADER_SIZE_ADDR 32u /* with the address fields */
#define FLAG_PAGE_ALIGN  0x1u
#define FLAG_MEMORY_INFO 0x2u
#define FLAG_VIDEO_MODE  0x4u
#define FLAG_ADDRESSES   0x10000u
#define FLAGS_REQUIRED   0xffffu /* a loader that does not know one must refuse */
#define FLAGS_KNOWN      (FLAG_PAGE_ALIGN | FLAG_MEMORY_INFO | FLAG_VIDEO_MODE)
#define BOOTLOADER_MAGIC 0x2badb002u

#define INFO_MEMORY      0x1u
#define INFO_CMDLINE     0x4u
#define INFO_MODULES     0x8u
#define INFO_MMAP        0x40u
#define INFO_LOADER_NAME 0x200u
#define INFO_SIZE        120u
#define MODULE_SIZE      16u
#define MMAP_ENTRY_SIZE  24u
#define NAME_SIZE        96u
#define LOADER_NAME      "Bulkhead"

/* The page at LAYOUT_BOOT_INFO. */
struct info_page {
	uint8_t info[INFO_SIZE];
	uint8_t loader_name[16];
	uint8_t module[BOOT_MODULES_MAX][MODULE_SIZE];
	uint8_t mmap[LAYOUT_RANGES][MMAP_ENTRY_SIZE];
	char module_name[BOOT_MODULES_MAX][NAME_SIZE];
};
_Static_assert(sizeof(struct info_page) <= LAYOUT_BOOT_INFO_SIZE, "the information fits");

#define INFO_GPA(member) ((uint32_t)(LAYOUT_BOOT_INFO + offsetof(struct info_page, member)))

struct header {
	uint32_t offset; /* in the file */
	uint32_t flags;
};

static bool find_header(const uint8_t *data, uint64_t size, struct header *h) {
	uint64_t end = size < HEADER_SEARCH ? size : HEADER_SEARCH;

	for (uint32_t i = 0; i + HEADER_SIZE <= end; i += 4) {
		uint32_t flags = get_u32(data + i + 4);

		if (get_u32(data + i) == HEADER_MAGIC && HEADER_MAGIC + flags + get_u32(data + i + 8) == 0) {
			*h = (struct header){i, flags};
			return true;
		}
	}
	return false;
}

bool multiboot1_is(const uint8_t *data, uint64_t size) {
	struct header h = {0};

	return find_header(data, size, &h);
}

/* [Multiboot 3.1.3 "The address fields of Multiboot header"]: 0 as load_end_addr
 * means the whole file, 0 as bss_end_addr means no bss. */
static enum err read_addresses(const uint8_t *data, uint64_t size, const struct header *h, struct load_plan *plan,
                               struct err_text *text) {
	const uint8_t *p = data + h->offset;
	uint32_t header_addr, load, load_end, bss_end;
	uint64_t file_offset, file_size;

	if (size - h->offset < HEADER_SIZE_ADDR)
		return err_set(text, ERR_FORMAT, "the Multiboot header's address fields are cut off at offset 0x%x",
		               h->offset);
	header_addr = get_u32(p + 12);
	load = get_u32(p + 16);
	load_end = get_u32(p + 20);
	bss_end = get_u32(p + 24);
	if (header_addr < load || header_addr - load > h->offset)
		return err_set(text, ERR_FORMAT,
		               "the Multiboot header at offset 0x%x cannot be loaded at 0x%x with "
		               "load_addr 0x%x",
		               h->offset, header_addr, load);
	file_offset = h->offset - (header_addr - load);
	if (load_end != 0 && load_end < load)
		return err_set(text, ERR_FORMAT, "load_end_addr 0x%x is below load_addr 0x%x", load_end, load);
	file_size = load_end != 0 ? load_end - load : size - file_offset;
	if (bss_end != 0 && bss_end < load + file_size)
		return err_set(text, ERR_FORMAT, "bss_end_addr 0x%x is below the end 0x%llx", bss_end,
		               (unsigned long long)(load + file_size));
	plan->segment[0] = (struct load_segment){
	    .gpa = load,
	    .file_offset = file_offset,
	    .file_size = file_size,
	    .memory_size = bss_end != 0 ? bss_end - load : file_size,
	};
	plan->segment_count = 1;
	plan->entry = get_u32(p + 28);
	return ERR_NONE;
}

static enum err read_image(const uint8_t *data, uint64_t size, struct load_plan *plan, struct err_text *text) {
	struct elf_image image = {0};
	struct header h = {0};
	enum err error;

	if (!find_header(data, size, &h))
		return err_set(text, ERR_FORMAT, "no Multiboot header in the file's first 8 KiB");
	if ((h.flags & FLAGS_REQUIRED & ~FLAGS_KNOWN) != 0)
		return err_set(text, ERR_UNSUPPORTED, "the Multiboot header requires flags 0x%x; 0x%x are known",
		               h.flags & FLAGS_REQUIRED, FLAGS_KNOWN);
	if ((h.flags & FLAG_ADDRESSES) != 0)
		return read_addresses(data, size, &h, plan, text);
	error = elf_image_parse(data, size, &image, text);
	if (error == ERR_NONE)
		*plan = image.plan;
	return error;
}

static enum err check_command_line(const struct boot_request *request, struct err_text *text) {
	size_t name_size = strlen(request->kernel.name) + 1;
	size_t size = strlen(request->cmdline) + 1;

	if (name_size + size > LAYOUT_COMMAND_LINE_SIZE)
		return err_set(text, ERR_RANGE,
		               "the command line has %zu bytes; with the kernel's name up to %llu "
		               "are possible",
		               name_size + size - 1, LAYOUT_COMMAND_LINE_SIZE - 1);
	return ERR_NONE;
}

/* As other loaders give it: "NAME ARGUMENTS". */
static enum err write_command_line(const struct boot_request *request, const struct guest_memory *memory) {
	size_t name_size = strlen(request->kernel.name);
	uint64_t gpa = LAYOUT_COMMAND_LINE;
	enum err error = guest_memory_write(memory, gpa, request->kernel.name, name_size);

	if (error == ERR_NONE)
		error = guest_memory_fill(memory, gpa + name_size, ' ', 1);
	if (error == ERR_NONE)
		error = guest_memory_write(memory, gpa + name_size + 1, request->cmdline, strlen(request->cmdline) + 1);
	return error;
}

static void build_modules(const struct boot_request *request, const struct load_plan *plan, struct info_page *page) {
	for (unsigned i = 0; i < request->module_count; i++) {
		uint64_t gpa = plan->module_gpa[i];

		put_u32(page->module[i], (uint32_t)gpa);
		put_u32(page->module[i] + 4, (uint32_t)(gpa + request->module[i].size));
		put_u32(page->module[i] + 8, INFO_GPA(module_name[i]));
		(void)snprintf(page->module_name[i], NAME_SIZE, "%s", request->module[i].name);
	}
}

static void build_info(const struct boot_request *request, const struct memory_layout *layout,
                       const struct load_plan *plan, struct info_page *page) {
	memset(page, 0, sizeof(*page));
	put_u32(page->info, INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MMAP | INFO_LOADER_NAME);
	put_u32(page->info + 4, (uint32_t)(LAYOUT_LOW_END >> 10));
	put_u32(page->info + 8, (uint32_t)((layout->low_size - LAYOUT_RAM_1M) >> 10));
	put_u32(page->info + 16, (uint32_t)LAYOUT_COMMAND_LINE);
	put_u32(page->info + 20, request->module_count);
	put_u32(page->info + 24, INFO_GPA(module));
	put_u32(page->info + 44, layout->range_count * MMAP_ENTRY_SIZE);
	put_u32(page->info + 48, INFO_GPA(mmap));
	put_u32(page->info + 64, INFO_GPA(loader_name));
	memcpy(page->loader_name, LOADER_NAME, sizeof(LOADER_NAME));
	build_modules(request, plan, page);
	for (unsigned i = 0; i < layout->range_count; i++) {
		uint8_t *entry = page->mmap[i];

		put_u32(entry, MMAP_ENTRY_SIZE - 4); /* the size does not count itself */
		put_u64(entry + 4, layout->range[i].gpa);
		put_u64(entry + 12, layout->range[i].size);
		put_u32(entry + 20, layout->range[i].type);
	}
}

enum err multiboot1_load(const struct boot_request *request, const struct memory_layout *layout,
                         const struct guest_memory *memory, struct boot_state *state, struct err_text *text) {
	struct load_plan plan = {.segment_count = 0};
	struct info_page page;
	enum err error;

	error = read_image(request->kernel.data, request->kernel.size, &plan, text);
	if (error == ERR_NONE)
		error = load_plan_place(&plan, request, layout, text);
	if (error == ERR_NONE)
		error = check_command_line(request, text);
	if (error == ERR_NONE)
		error = load_plan_write(&plan, request, layout, memory, text);
	if (error != ERR_NONE)
		return error;
	build_info(request, layout, &plan, &page);
	error = guest_memory_write(memory, LAYOUT_BOOT_INFO, &page, sizeof(page));
	if (error == ERR_NONE)
		error = write_command_line(request, memory);
	if (error != ERR_NONE)
		return err_set(text, error, "the VM's memory does not match its layout");
	boot_state_init_protected(state);
	state->gpr[HV_RAX] = BOOTLOADER_MAGIC;
	state->gpr[HV_RBX] = LAYOUT_BOOT_INFO;
	state->rip = plan.entry;
	return ERR_NONE;
}
