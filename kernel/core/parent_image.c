/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Layout of the image's memory, contiguous: the image as linked, then the page
 * tables (identity by 1 GiB pages where there are such, the image by 2 MiB), then hv_boot_info.
 */
#include "core/parent.h"

#include "core/boot.h"
#include "core/cpu.h"
#include "core/machine.h"
#include "core/partition.h"
#include "core/vp.h"
#include "lib/bits.h"
#include "mm/frame_owner.h"

#define PTE_TABLE 0x3ull  /* present, writable */
#define PTE_LEAF  0x83ull /* present, writable, large */

/* Physical addresses, and numbers of tables. */
static struct {
	uint64_t base, boot_info, end;
	uint64_t tables; /* PML4, the identity's PDPTs and perhaps PDs, the image's PDPT and PD */
	uint64_t identity_roots, identity_tables;
} image;

static uint64_t buffer[PT_ENTRIES]; /* a page on its way into the image */

void parent_image_place(void) {
	const struct handoff *h = boot.handoff;
	unsigned bits = parent_partition.space.address_bits;
	uint64_t image_size = 0, info_offset, total_size;

	for (uint32_t i = 0; i < h->parent_segment_count; i++) {
		const struct handoff_segment *s = &h->parent_segment[i];

		image_size = larger(image_size, s->virtual_address - HV_PARENT_LINK_BASE + s->memory_size);
	}
	image_size = align_up(image_size, PAGE_SIZE_2M);
	check(image_size <= PAGE_SIZE_1G);
	image.identity_roots = bits > 39 ? BIT(bits - 39) : 1;
	image.identity_tables = image.identity_roots * (boot.has_huge_leaves ? 1 : 1 + PT_ENTRIES);
	info_offset = image_size + (1 + image.identity_tables + 2) * PAGE_SIZE;
	total_size = info_offset + align_up(sizeof(struct hv_boot_info), PAGE_SIZE);
	image.base = boot_take(total_size, HANDOFF_MEMORY_LOADER).v;
	if (image.base == 0)
		panic("no %lu KiB of contiguous memory for the parent's image", total_size / 1024);
	image.tables = image.base + image_size;
	image.boot_info = image.base + info_offset;
	image.end = image.base + total_size;
}

static void write_bytes(uint64_t to, const void *from, uint64_t size) {
	check(copy_to_guest(&parent_partition.space, gpa(to), from, size) == HV_STATUS_SUCCESS);
}

static void load_segment(const struct handoff_segment *s) {
	uint64_t to = image.base + (s->virtual_address - HV_PARENT_LINK_BASE);

	for (uint64_t at = 0; at < s->file_size; at += PAGE_SIZE) {
		uint64_t size = smaller(s->file_size - at, PAGE_SIZE);

		check(copy_from_guest(&parent_partition.space, gpa(s->file + at), buffer, size) == HV_STATUS_SUCCESS);
		write_bytes(to + at, buffer, size);
	}
}

/* Entries of one table from `index` on, each `step` more than the one before. */
static void write_table(uint64_t table, unsigned index, uint64_t count, uint64_t first, uint64_t step) {
	for (uint64_t i = 0; i < count; i++)
		buffer[i] = first + i * step;
	write_bytes(table + index * sizeof(buffer[0]), buffer, count * sizeof(buffer[0]));
}

/* A processor without leaves of 1 GiB has a PD for each. */
static void build_tables(void) {
	uint64_t identity = image.tables + PAGE_SIZE, lower = identity + image.identity_roots * PAGE_SIZE;
	uint64_t pdpt = identity + image.identity_tables * PAGE_SIZE, pd = pdpt + PAGE_SIZE;
	uint64_t step = boot.has_huge_leaves ? PAGE_SIZE_1G : PAGE_SIZE;
	uint64_t first = boot.has_huge_leaves ? PTE_LEAF : lower | PTE_TABLE;

	write_table(image.tables, 0, image.identity_roots, identity | PTE_TABLE, PAGE_SIZE);
	for (uint64_t t = 0; t < image.identity_roots; t++)
		write_table(identity + t * PAGE_SIZE, 0, PT_ENTRIES, first + t * PT_ENTRIES * step, step);
	for (uint64_t n = 0; lower + n * PAGE_SIZE < pdpt; n++)
		write_table(lower + n * PAGE_SIZE, 0, PT_ENTRIES, n * PAGE_SIZE_1G | PTE_LEAF, PAGE_SIZE_2M);
	write_table(image.tables, 511, 1, pdpt | PTE_TABLE, 0);
	write_table(pdpt, 510, 1, pd | PTE_TABLE, 0);
	write_table(pd, 0, (image.tables - image.base) / PAGE_SIZE_2M, image.base | PTE_LEAF, PAGE_SIZE_2M);
}

static void fill_memory(struct hv_boot_info *info) {
	const struct handoff *h = boot.handoff;

	info->memory_count = 0;
	for (uint32_t i = 0; i < h->memory_count && info->memory_count < HV_BOOT_MAX_MEMORY; i++) {
		const struct handoff_memory *m = &h->memory[i];

		if (m->type != HANDOFF_MEMORY_KERNEL && m->type != HANDOFF_MEMORY_RESERVED)
			info->memory[info->memory_count++] = (struct hv_boot_memory){m->base, m->size, m->type, 0};
	}
}

void parent_image_load(void) {
	struct hv_boot_info *info = &boot.handoff->parent_info;

	check(frame_owner_scrub(spa_to_sfn(spa(image.base)), (image.end - image.base) / PAGE_SIZE) ==
	      HV_STATUS_SUCCESS);
	for (uint32_t i = 0; i < boot.handoff->parent_segment_count; i++)
		load_segment(&boot.handoff->parent_segment[i]);
	build_tables();
	info->magic = HV_BOOT_INFO_MAGIC;
	info->version = HV_BOOT_INFO_VERSION;
	info->size = sizeof(*info);
	info->io_vp_count = cpu_count;
	info->incarnation = 0;
	info->tsc_frequency = machine_tsc_hz();
	info->reference_tsc_page = sfn_to_spa(parent_partition.reference_tsc_page).v;
	fill_memory(info);
	write_bytes(image.boot_info, info, sizeof(*info));
}

void parent_image_enter(struct vp *vp) {
	struct vp_state s;

	vp_state_reset(&s);
	s.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	s.cr3 = image.tables;
	s.cr4 = CR4_PAE | 0x600 /* OSFXSR, OSXMMEXCPT */ |
	        (parent_partition.cpu.limits.xcr0_allowed != 0 ? CR4_OSXSAVE : 0);
	s.efer = EFER_LME | EFER_LMA;
	s.rip = boot.handoff->parent_entry;
	s.segment[VP_CS] =
	    (struct hv_segment_register){.limit = 0xffffffff, .selector = 0x08, .attributes = 0xa09b /* 64-bit code */};
	s.segment[VP_IDTR].limit = 0;
	vp_hw_set_state(&vp->hw, &s);
	vp->own_gpr[HV_RDI] = image.boot_info;
}
