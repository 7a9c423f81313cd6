/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Tells the formats apart and calls the right loader. */
#include "loaders/guest_loader.h"

#include <string.h>
#include "loaders/bzimage.h"
#include "loaders/elf_image.h"
#include "loaders/multiboot1.h"
#include "loaders/pvh.h"

static enum err refuse(const uint8_t *data, uint64_t size, struct err_text *text) {
	if (size < 4)
		return err_set(text, ERR_FORMAT, "the kernel file has only %llu bytes", (unsigned long long)size);
	if (elf_image_is(data, size))
		return err_set(text, ERR_FORMAT,
		               "the kernel is an ELF file with neither a Multiboot header nor a "
		               "PVH entry note");
	return err_set(text, ERR_FORMAT,
	               "the kernel file begins with bytes %02x %02x %02x %02x and is neither a "
	               "Linux bzImage nor Multiboot nor PVH",
	               data[0], data[1], data[2], data[3]);
}

enum err guest_loader_identify(const uint8_t *data, uint64_t size, enum guest_format *format, struct err_text *text) {
	if (bzimage_is(data, size))
		*format = GUEST_BZIMAGE;
	else if (multiboot1_is(data, size))
		*format = GUEST_MULTIBOOT1;
	else if (pvh_is(data, size))
		*format = GUEST_PVH;
	else
		return refuse(data, size, text);
	return ERR_NONE;
}

enum err guest_loader_load(const struct boot_request *request, const struct memory_layout *layout,
                           const struct guest_memory *memory, struct boot_state *state, struct err_text *text) {
	enum guest_format format;
	enum err error;

	if (request->module_count > BOOT_MODULES_MAX)
		return err_set(text, ERR_RANGE, "%u modules; up to %u are possible", request->module_count,
		               BOOT_MODULES_MAX);
	error = guest_loader_identify(request->kernel.data, request->kernel.size, &format, text);
	if (error != ERR_NONE)
		return error;
	switch (format) {
	case GUEST_BZIMAGE:
		return bzimage_load(request, layout, memory, state, text);
	case GUEST_MULTIBOOT1:
		return multiboot1_load(request, layout, memory, state, text);
	case GUEST_PVH:
		return pvh_load(request, layout, memory, state, text);
	}
	return ERR_UNSUPPORTED;
}
