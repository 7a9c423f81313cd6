/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Places and writes kernels that are made of segments. */
#include "loaders/load_plan.h"

#include <stdbool.h>
#include "loaders/boot_state.h"

static enum err check_segment(const struct load_segment *s, uint64_t kernel_size, const struct memory_layout *layout,
                              struct err_text *text) {
	if (s->file_offset > kernel_size || s->file_size > kernel_size - s->file_offset)
		return err_set(text, ERR_FORMAT,
		               "the kernel file is cut short: a segment of 0x%llx bytes at offset "
		               "0x%llx, but the file has 0x%llx",
		               (unsigned long long)s->file_size, (unsigned long long)s->file_offset,
		               (unsigned long long)kernel_size);
	if (s->file_size > s->memory_size)
		return err_set(text, ERR_FORMAT,
		               "a segment of the kernel has 0x%llx bytes in the file but only "
		               "0x%llx in memory",
		               (unsigned long long)s->file_size, (unsigned long long)s->memory_size);
	if (s->gpa < LAYOUT_PAGE_TABLES || s->gpa >= layout->low_size ||
	    !memory_layout_is_ram(layout, s->gpa, s->memory_size))
		return err_set(text, ERR_RANGE,
		               "a segment of the kernel wants 0x%llx bytes at 0x%llx, which is not "
		               "free RAM of a VM with %llu MiB below 4 GiB",
		               (unsigned long long)s->memory_size, (unsigned long long)s->gpa,
		               (unsigned long long)(layout->low_size >> 20));
	return ERR_NONE;
}

static bool is_in_segment(const struct load_plan *plan, uint64_t gpa) {
	for (unsigned i = 0; i < plan->segment_count; i++) {
		const struct load_segment *s = &plan->segment[i];

		if (gpa >= s->gpa && gpa - s->gpa < s->memory_size)
			return true;
	}
	return false;
}

static enum err place_modules(struct load_plan *plan, const struct boot_request *request,
                              const struct memory_layout *layout, uint64_t start, struct err_text *text) {
	for (unsigned i = 0; i < request->module_count; i++) {
		uint64_t size = request->module[i].size;
		uint64_t gpa = memory_layout_place_low(layout, size, start);

		if (gpa == 0)
			return err_set(text, ERR_RANGE,
			               "module %u has %llu KiB; after the kernel there is no room "
			               "in %llu MiB of memory",
			               i, (unsigned long long)(size >> 10),
			               (unsigned long long)(layout->low_size >> 20));
		plan->module_gpa[i] = gpa;
		start = gpa + size;
	}
	return ERR_NONE;
}

enum err load_plan_place(struct load_plan *plan, const struct boot_request *request, const struct memory_layout *layout,
                         struct err_text *text) {
	uint64_t end = 0;

	for (unsigned i = 0; i < plan->segment_count; i++) {
		const struct load_segment *s = &plan->segment[i];
		enum err error = check_segment(s, request->kernel.size, layout, text);

		if (error != ERR_NONE)
			return error;
		if (s->gpa + s->memory_size > end)
			end = s->gpa + s->memory_size;
	}
	if (!is_in_segment(plan, plan->entry))
		return err_set(text, ERR_FORMAT, "the kernel's entry 0x%llx lies outside its segments",
		               (unsigned long long)plan->entry);
	return place_modules(plan, request, layout, end, text);
}

static enum err write_segment(const struct load_segment *s, const struct boot_request *request,
                              const struct guest_memory *memory) {
	enum err error = guest_memory_write(memory, s->gpa, request->kernel.data + s->file_offset, s->file_size);

	if (error != ERR_NONE)
		return error;
	return guest_memory_fill(memory, s->gpa + s->file_size, 0, s->memory_size - s->file_size);
}

enum err load_plan_write(const struct load_plan *plan, const struct boot_request *request,
                         const struct memory_layout *layout, const struct guest_memory *memory, struct err_text *text) {
	enum err error = ERR_NONE;

	if (!guest_memory_covers(memory, 0, layout->low_size))
		return err_set(text, ERR_RANGE, "the VM's memory does not cover the %llu MiB of its layout",
		               (unsigned long long)(layout->low_size >> 20));
	for (unsigned i = 0; error == ERR_NONE && i < plan->segment_count; i++)
		error = write_segment(&plan->segment[i], request, memory);
	for (unsigned i = 0; error == ERR_NONE && i < request->module_count; i++)
		error =
		    guest_memory_write(memory, plan->module_gpa[i], request->module[i].data, request->module[i].size);
	if (error == ERR_NONE)
		error = boot_tables_write_gdt(memory);
	return error;
}
