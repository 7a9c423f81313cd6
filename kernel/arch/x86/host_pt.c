/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Building and changing the kernel's page tables. All tables come from the boot
 * reserve before core runs, so mapping a frame later only writes one entry and
 * cannot fail [SDM 3A 4.5.4 "Linear-Address Translation with 4-Level Paging"].
 */
#include "arch/x86/host_pt.h"

#include "arch/x86/insn.h"
#include "core/boot.h"
#include "core/machine.h"
#include "lib/bits.h"

#define PTE_PRESENT   BIT(0)
#define PTE_WRITABLE  BIT(1)
#define PTE_UNCACHED  (BIT(3) | BIT(4)) /* PWT and PCD: entry 3 of the PAT */
#define PTE_USED      (BIT(5) | BIT(6)) /* accessed and dirty, never asked for */
#define PTE_NO_EXEC   BIT(63)
#define PTE_ADDRESS   0x000ffffffffff000ull
#define PTE_TEXT      (PTE_PRESENT | PTE_USED)
#define PTE_RODATA    (PTE_TEXT | PTE_NO_EXEC)
#define PTE_DATA      (PTE_RODATA | PTE_WRITABLE)
#define PTE_TABLE     (PTE_TEXT | PTE_WRITABLE)
#define ENTRIES       512u
#define WINDOW_STRIDE (8 * PAGE_SIZE)

extern const char image_text[], image_rodata[], image_data[], image_end[];

static uint64_t root[ENTRIES] __attribute__((aligned(4096)));
static uint64_t *cpu_windows; /* one entry per 4 KiB above CPU_WINDOW_BASE */
static uint64_t frame_base;   /* FRAME_WINDOW_BASE once the tables are current */
static unsigned mmio_pages;

_Static_assert(MAX_CPUS *WINDOW_STRIDE <= PAGE_SIZE_2M, "the windows share one table");

static uint64_t image_spa(const void *address) {
	return (uint64_t)address - KERNEL_LINK_BASE + boot.handoff->kernel_base;
}

uint64_t host_pt_root(void) { return image_spa(root); }

void *frame_pointer(sfn_t frame) { return (void *)(frame_base + sfn_to_spa(frame).v); }

/* The entry of `va` in the last level. Tables are missing at boot only. */
static uint64_t *find(uint64_t va) {
	uint64_t *table = root;

	for (unsigned shift = 39; shift > PAGE_SHIFT; shift -= 9) {
		uint64_t *entry = &table[va >> shift & (ENTRIES - 1)];

		if (!(*entry & PTE_PRESENT))
			*entry = boot_allocate(PAGE_SIZE, PAGE_SIZE).v | PTE_TABLE;
		table = frame_pointer(spa_to_sfn(spa(*entry & PTE_ADDRESS)));
	}
	return &table[va >> PAGE_SHIFT & (ENTRIES - 1)];
}

static void map(uint64_t va, uint64_t address, uint64_t size, uint64_t flags) {
	for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE)
		__atomic_store_n(find(va + offset), (address + offset) | flags, __ATOMIC_RELEASE);
}

static void map_image(const char *start, const char *end, uint64_t flags) {
	map((uint64_t)start, image_spa(start), (uint64_t)(end - start), flags);
}

void host_pt_init(struct handoff_memory reserve) {
	uint64_t ram_size = boot.frame_count << PAGE_SHIFT;

	check(ram_size <= FRAME_WINDOW_SIZE);
	map_image(image_text, image_rodata, PTE_TEXT);
	map_image(image_rodata, image_data, PTE_RODATA);
	map_image(image_data, image_end, PTE_DATA);
	/* Tables for all RAM, since any of it may become the kernel's. */
	for (uint64_t at = 0; at < ram_size; at += PAGE_SIZE_2M)
		find(FRAME_WINDOW_BASE + at);
	map(FRAME_WINDOW_BASE + reserve.base, reserve.base, reserve.size, PTE_DATA);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	/* Firmware may have used global pages; clearing PGE forgets them too. */
	write_cr4(read_cr4() & ~CR4_PGE);
	write_cr0(read_cr0() | CR0_WP);
	write_cr3(host_pt_root());
	frame_base = FRAME_WINDOW_BASE;
	cpu_windows = find(CPU_WINDOW_BASE);
}

volatile void *host_pt_map_mmio(spa_t address) {
	uint64_t va = MMIO_BASE + mmio_pages++ * PAGE_SIZE;

	map(va, align_down(address.v, PAGE_SIZE), PAGE_SIZE, PTE_DATA | PTE_UNCACHED);
	return (volatile void *)(va + (address.v & (PAGE_SIZE - 1)));
}

void host_pt_make_stacks(struct cpu *cpu) {
	for (unsigned slot = 0; slot < STACK_SLOT_COUNT; slot++) {
		uint64_t base = host_pt_stack_top(cpu, slot) - CPU_STACK_SIZE;

		map(base, boot_allocate(CPU_STACK_SIZE, PAGE_SIZE).v, CPU_STACK_SIZE, PTE_DATA);
		*(struct cpu **)base = cpu;
	}
}

void host_pt_map_trampoline(spa_t page) { map(page.v, page.v, PAGE_SIZE, PTE_TEXT | PTE_WRITABLE); }

void host_pt_unmap_trampoline(void) {
	root[0] = 0;
	machine_kernel_tlb_flush();
}

void machine_frame_map(sfn_t frame) {
	check(frame.v < boot.frame_count);
	map((uint64_t)frame_pointer(frame), sfn_to_spa(frame).v, PAGE_SIZE, PTE_DATA);
}

void machine_frame_unmap(sfn_t frame) {
	check(frame.v < boot.frame_count);
	map((uint64_t)frame_pointer(frame), 0, PAGE_SIZE, 0);
	invlpg(frame_pointer(frame));
}

/* No page of the kernel is global, so CR3 reaches all. */
void machine_kernel_tlb_flush(void) { write_cr3(read_cr3()); }

void *window_map(sfn_t frame) {
	uint64_t offset = this_cpu()->index * WINDOW_STRIDE;
	uint64_t *entry = &cpu_windows[offset >> PAGE_SHIFT];

	check(*entry == 0);
	/* No processor caches that an entry is absent [SDM 3A 4.10.2.3 "Details of TLB
	 * Use"], so the one INVLPG is that of unmap. */
	__atomic_store_n(entry, sfn_to_spa(frame).v | PTE_DATA, __ATOMIC_RELEASE);
	return (void *)(CPU_WINDOW_BASE + offset);
}

void window_unmap(void) {
	uint64_t offset = this_cpu()->index * WINDOW_STRIDE;

	__atomic_store_n(&cpu_windows[offset >> PAGE_SHIFT], 0, __ATOMIC_RELEASE);
	invlpg((const void *)(CPU_WINDOW_BASE + offset));
}
