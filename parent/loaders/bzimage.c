/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Checks a bzImage's header, places kernel and initrd, then writes everything.
 * Offsets and rules: [Linux "The Linux/x86 Boot Protocol", "The Real-Mode Kernel
 * Header", "Details of Header Fields", "64-bit Boot Protocol"] and
 * [Linux "Zero Page"].
 */
#include "loaders/bzimage.h"

#include <string.h>
#include "loaders/bytes.h"

enum header_offset {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	VID_MODE = 0x1fa,
	BOOT_FLAG = 0x1fe,
	JUMP = 0x200,
	HEADER_MAGIC = 0x202,
	VERSION = 0x206,
	TYPE_OF_LOADER = 0x210,
	LOADFLAGS = 0x211,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	CMD_LINE_PTR = 0x228,
	INITRD_ADDR_MAX = 0x22c,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE_KERNEL = 0x234,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	SETUP_DATA = 0x250,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_END_2_12 = 0x268, /* after handover_offset */
};

enum zero_page_offset {
	ZP_ACPI_RSDP_ADDR = 0x070,
	ZP_E820_ENTRIES = 0x1e8,
	ZP_SETUP_HEADER = 0x1f1,
	ZP_SETUP_HEADER_END = 0x290,
	ZP_E820_TABLE = 0x2d0,
	ZP_SIZE = 0x1000,
};
#define E820_ENTRY_SIZE 20u

/* struct setup_data: next, type, length, then the data. */
enum setup_data_offset { SETUP_DATA_TYPE = 8, SETUP_DATA_LENGTH = 12, SETUP_DATA_HEADER = 16 };
#define SETUP_RNG_SEED    9u

#define MAGIC_HDRS        0x53726448u
#define MAGIC_BOOT_FLAG   0xaa55u
#define VERSION_2_12      0x020cu
#define LOADED_HIGH       0x01u
#define XLF_KERNEL_64     0x01u
#define ENTRY_64          0x200ull /* of the 64-bit entry in the payload */
#define SECTOR            512u
#define LOADER_UNDEFINED  0xffu
#define VID_MODE_NORMAL   0xffffu
#define ALIGNMENT_DEFAULT 0x1000u
#define ALIGNMENT_MAX     0x40000000u

_Static_assert(ZP_E820_TABLE + LAYOUT_RANGES * E820_ENTRY_SIZE <= ZP_SIZE, "e820 fits");

bool bzimage_is(const uint8_t *data, uint64_t size) {
	return size >= HEADER_END_2_12 && get_u16(data + BOOT_FLAG) == MAGIC_BOOT_FLAG &&
	       get_u32(data + HEADER_MAGIC) == MAGIC_HDRS;
}

/* The fields that say whether the 64-bit protocol is possible at all. */
static enum err check_protocol(const uint8_t *data, uint64_t size, struct err_text *text) {
	unsigned version;

	if (!bzimage_is(data, size))
		return err_set(text, ERR_FORMAT, "not a Linux bzImage: %llu bytes without boot flag and \"HdrS\"",
		               (unsigned long long)size);
	version = get_u16(data + VERSION);
	if (version < VERSION_2_12)
		return err_set(text, ERR_UNSUPPORTED,
		               "the kernel speaks boot protocol %u.%02u; 2.12 or newer is needed", version >> 8,
		               version & 0xff);
	if (!(data[LOADFLAGS] & LOADED_HIGH))
		return err_set(text, ERR_UNSUPPORTED, "the kernel is a zImage (loadflags 0x%02x); a bzImage is needed",
		               data[LOADFLAGS]);
	if (!(get_u16(data + XLOADFLAGS) & XLF_KERNEL_64))
		return err_set(text, ERR_UNSUPPORTED, "the kernel has no 64-bit entry (xloadflags 0x%04x)",
		               get_u16(data + XLOADFLAGS));
	return ERR_NONE;
}

static enum err parse_sizes(const uint8_t *data, uint64_t size, struct bzimage *image, struct err_text *text) {
	uint32_t sectors = data[SETUP_SECTS] != 0 ? data[SETUP_SECTS] : 4;
	uint64_t code_size = (uint64_t)get_u32(data + SYSSIZE) * 16;

	image->payload_offset = (sectors + 1) * SECTOR;
	image->header_end = HEADER_MAGIC + (uint32_t)data[JUMP + 1];
	if (image->header_end < HEADER_END_2_12 || image->header_end > ZP_SETUP_HEADER_END ||
	    image->header_end > image->payload_offset)
		return err_set(text, ERR_FORMAT, "the kernel's setup header ends at 0x%x; 0x268 to 0x290 is possible",
		               image->header_end);
	if (size <= image->payload_offset + ENTRY_64 || size - image->payload_offset < code_size)
		return err_set(text, ERR_FORMAT, "the kernel file is cut short: it has %llu bytes of at least %llu",
		               (unsigned long long)size, (unsigned long long)(image->payload_offset + code_size));
	image->payload_size = size - image->payload_offset;
	image->init_size = get_u32(data + INIT_SIZE);
	if (image->init_size < image->payload_size)
		return err_set(text, ERR_FORMAT, "the kernel's init_size 0x%x is smaller than its code, 0x%llx",
		               image->init_size, (unsigned long long)image->payload_size);
	return ERR_NONE;
}

static enum err parse_placement(const uint8_t *data, struct bzimage *image, struct err_text *text) {
	uint32_t alignment = get_u32(data + KERNEL_ALIGNMENT);

	image->is_relocatable = data[RELOCATABLE_KERNEL] != 0;
	if (image->is_relocatable &&
	    (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > ALIGNMENT_MAX))
		return err_set(text, ERR_FORMAT, "the kernel's alignment 0x%x is no power of two up to 1 GiB",
		               alignment);
	image->alignment = image->is_relocatable && alignment > ALIGNMENT_DEFAULT ? alignment : ALIGNMENT_DEFAULT;
	image->pref_address = get_u64(data + PREF_ADDRESS);
	image->initrd_limit = (uint64_t)get_u32(data + INITRD_ADDR_MAX) + 1;
	image->cmdline_max = get_u32(data + CMDLINE_SIZE);
	return ERR_NONE;
}

enum err bzimage_parse(const uint8_t *data, uint64_t size, struct bzimage *image, struct err_text *text) {
	enum err error = check_protocol(data, size, text);

	if (error != ERR_NONE)
		return error;
	error = parse_sizes(data, size, image, text);
	if (error != ERR_NONE)
		return error;
	return parse_placement(data, image, text);
}

/* Where everything goes. */
struct placement {
	uint64_t load;
	uint64_t initrd;
};

/* The preferred address if that is RAM, else, for a relocatable kernel, the
 * lowest aligned one. 0 if neither holds init_size bytes. */
static uint64_t place_kernel(const struct bzimage *image, const struct memory_layout *layout) {
	uint64_t pref = image->pref_address;
	uint64_t lowest = LAYOUT_RAM_1M;

	if (pref >= LAYOUT_RAM_1M && pref < layout->low_size && pref % image->alignment == 0 &&
	    memory_layout_is_ram(layout, pref, image->init_size))
		return pref;
	if (!image->is_relocatable)
		return 0;
	lowest = (lowest + image->alignment - 1) & ~((uint64_t)image->alignment - 1);
	return memory_layout_is_ram(layout, lowest, image->init_size) ? lowest : 0;
}

static enum err place(const struct bzimage *image, const struct boot_request *request,
                      const struct memory_layout *layout, struct placement *p, struct err_text *text) {
	const struct boot_file *initrd = &request->module[0];
	uint32_t cmdline_max = image->cmdline_max;

	if (request->module_count > 1)
		return err_set(text, ERR_UNSUPPORTED,
		               "a Linux kernel takes an initrd and no modules; %u files are named",
		               request->module_count);
	if (cmdline_max > LAYOUT_COMMAND_LINE_SIZE - 1)
		cmdline_max = LAYOUT_COMMAND_LINE_SIZE - 1;
	if (strlen(request->cmdline) > cmdline_max)
		return err_set(text, ERR_RANGE, "the command line has %zu bytes; this kernel takes up to %u",
		               strlen(request->cmdline), cmdline_max);
	p->load = place_kernel(image, layout);
	if (p->load == 0)
		return err_set(text, ERR_RANGE, "the kernel needs %u KiB at 0x%llx; the VM has %llu MiB below 4 GiB",
		               image->init_size >> 10, (unsigned long long)image->pref_address,
		               (unsigned long long)(layout->low_size >> 20));
	p->initrd = 0;
	if (request->module_count == 0 || initrd->size == 0)
		return ERR_NONE;
	p->initrd = memory_layout_place_high(layout, initrd->size, image->initrd_limit, p->load, image->init_size);
	if (p->initrd == 0)
		return err_set(text, ERR_RANGE,
		               "the initrd has %llu KiB; beside the kernel's %u KiB there is no "
		               "room in %llu MiB of memory",
		               (unsigned long long)(initrd->size >> 10), image->init_size >> 10,
		               (unsigned long long)(layout->low_size >> 20));
	return ERR_NONE;
}

static void fill_zero_page(const struct bzimage *image, const struct boot_request *request,
                           const struct memory_layout *layout, const struct placement *p, uint8_t *zero_page) {
	uint8_t *entry = zero_page + ZP_E820_TABLE;

	memset(zero_page, 0, ZP_SIZE);
	memcpy(zero_page + ZP_SETUP_HEADER, request->kernel.data + SETUP_SECTS, image->header_end - SETUP_SECTS);
	zero_page[TYPE_OF_LOADER] = LOADER_UNDEFINED;
	zero_page[VID_MODE] = VID_MODE_NORMAL & 0xff;
	zero_page[VID_MODE + 1] = VID_MODE_NORMAL >> 8;
	/* A file's own values in fields that are the loader's to set do not count. */
	put_u32(zero_page + RAMDISK_IMAGE, (uint32_t)p->initrd);
	put_u32(zero_page + RAMDISK_SIZE, p->initrd ? (uint32_t)request->module[0].size : 0);
	put_u32(zero_page + CMD_LINE_PTR, (uint32_t)LAYOUT_COMMAND_LINE);
	put_u64(zero_page + SETUP_DATA, request->seed ? LAYOUT_SETUP_DATA : 0);
	put_u64(zero_page + ZP_ACPI_RSDP_ADDR, request->rsdp);
	zero_page[ZP_E820_ENTRIES] = (uint8_t)layout->range_count;
	for (unsigned i = 0; i < layout->range_count; i++, entry += E820_ENTRY_SIZE) {
		put_u64(entry, layout->range[i].gpa);
		put_u64(entry + 8, layout->range[i].size);
		put_u32(entry + 16, layout->range[i].type);
	}
}

/* [Linux "The Linux/x86 Boot Protocol", "setup_data"]: the kernel wipes a seed once it has it. */
static enum err write_seed(const struct boot_request *request, const struct guest_memory *memory) {
	uint8_t *node = guest_memory_pointer(memory, LAYOUT_SETUP_DATA, SETUP_DATA_HEADER + BOOT_SEED_SIZE);

	if (request->seed == NULL)
		return ERR_NONE;
	if (node == NULL)
		return ERR_RANGE;
	put_u64(node, 0); /* the only one */
	put_u32(node + SETUP_DATA_TYPE, SETUP_RNG_SEED);
	put_u32(node + SETUP_DATA_LENGTH, BOOT_SEED_SIZE);
	memcpy(node + SETUP_DATA_HEADER, request->seed, BOOT_SEED_SIZE);
	return ERR_NONE;
}

static enum err write_all(const struct bzimage *image, const struct boot_request *request,
                          const struct memory_layout *layout, const struct placement *p,
                          const struct guest_memory *memory) {
	uint8_t *zero_page = guest_memory_pointer(memory, LAYOUT_BOOT_INFO, ZP_SIZE);
	enum err error;

	if (zero_page == NULL)
		return ERR_RANGE;
	fill_zero_page(image, request, layout, p, zero_page);
	error = guest_memory_write(memory, LAYOUT_COMMAND_LINE, request->cmdline, strlen(request->cmdline) + 1);
	if (error == ERR_NONE)
		error = write_seed(request, memory);
	if (error == ERR_NONE)
		error = boot_tables_write_gdt(memory);
	if (error == ERR_NONE)
		error = boot_tables_write_paging(memory);
	if (error == ERR_NONE)
		error = guest_memory_write(memory, p->load, request->kernel.data + image->payload_offset,
		                           image->payload_size);
	if (error == ERR_NONE && p->initrd != 0)
		error = guest_memory_write(memory, p->initrd, request->module[0].data, request->module[0].size);
	return error;
}

enum err bzimage_load(const struct boot_request *request, const struct memory_layout *layout,
                      const struct guest_memory *memory, struct boot_state *state, struct err_text *text) {
	struct bzimage image = {0};
	struct placement p = {0};
	enum err error;

	error = bzimage_parse(request->kernel.data, request->kernel.size, &image, text);
	if (error != ERR_NONE)
		return error;
	error = place(&image, request, layout, &p, text);
	if (error != ERR_NONE)
		return error;
	if (!guest_memory_covers(memory, 0, layout->low_size))
		return err_set(text, ERR_RANGE, "the VM's memory does not match its layout");
	error = write_all(&image, request, layout, &p, memory);
	if (error != ERR_NONE)
		return err_set(text, error, "the VM's memory does not match its layout");
	boot_state_init_long(state);
	state->gpr[HV_RSI] = LAYOUT_BOOT_INFO;
	state->rip = p.load + ENTRY_64;
	return ERR_NONE;
}
