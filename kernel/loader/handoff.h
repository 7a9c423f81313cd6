/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The one structure that the loader hands to the kernel.
 *
 * Entry state of the kernel, on the boot processor only: 64-bit mode, 4-level
 * paging, interrupts off, RDI = physical address of struct handoff (below
 * 4 GiB), RSP = a stack of at least 16 KiB of the loader's. The loader's page
 * tables map [0, max(4 GiB, end of RAM)) identically and the kernel's image at
 * its link address; the kernel replaces them. All other processors are where
 * the firmware left them: they answer to INIT-SIPI-SIPI.
 *
 * The loader has checked every address, size, name and count in here: the
 * kernel does no parsing. All addresses are physical, in bytes.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/boot_info.h>

#define HANDOFF_MAGIC        0x464f444e41484842ull
#define HANDOFF_VERSION      2u
#define HANDOFF_MAX_MEMORY   512u
#define HANDOFF_MAX_CPUS     256u
#define HANDOFF_MAX_IOAPICS  16u
#define HANDOFF_MAX_ISA_IRQS 16u
#define HANDOFF_MAX_SEGMENTS 8u

/* Where kernel-*.elf is linked. */
#define KERNEL_LINK_BASE     0xffffffff80000000ull

/* What the parent is told of has the parent's numbers. */
enum handoff_memory_type {
	/* RAM that nobody uses after the loader */
	HANDOFF_MEMORY_USABLE = HV_BOOT_MEMORY_USABLE,
	HANDOFF_MEMORY_KERNEL = 2, /* the kernel's image */
	/* handoff, loader's tables and stack: free once consumed; then the parent's image */
	HANDOFF_MEMORY_LOADER = HV_BOOT_MEMORY_IMAGE,
	/* modules, and the parent's file */
	HANDOFF_MEMORY_MODULE = HV_BOOT_MEMORY_MODULE,
	/* EFI runtime services and data, ACPI tables */
	HANDOFF_MEMORY_FIRMWARE = HV_BOOT_MEMORY_FIRMWARE,
	HANDOFF_MEMORY_RESERVED = 6, /* never RAM of ours */
};
/* Sorted by base, not overlapping, page-aligned, adjacent equals merged. */
struct handoff_memory {
	uint64_t base;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

struct handoff_cpu {
	uint32_t apic_id;
	uint32_t is_enabled;
};

struct handoff_ioapic {
	uint64_t base;
	uint32_t id;
	uint32_t gsi_base;
};

/* ISA interrupt n arrives at this input; identity where nothing overrides it. */
struct handoff_isa_irq {
	uint32_t gsi;
	uint8_t is_level;
	uint8_t is_active_low;
	uint16_t reserved;
};

/* A loadable segment of the parent; file bytes lie in the parent's file image. */
struct handoff_segment {
	uint64_t file; /* physical address of the segment's bytes */
	uint64_t file_size;
	uint64_t virtual_address; /* at or above HV_PARENT_LINK_BASE, page-aligned */
	uint64_t memory_size;
};

struct handoff {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* of this structure, bytes */

	/* The kernel's image: one contiguous range, mapped at KERNEL_LINK_BASE. */
	uint64_t kernel_base;
	uint64_t kernel_size;

	uint64_t memory_end;      /* of the highest range of memory[] that is memory */
	uint64_t trampoline;      /* one free page below 1 MiB, for starting processors */
	uint64_t local_apic_base; /* 0xfee00000 unless ACPI says otherwise */
	uint64_t hpet_base;       /* 0: none */
	uint64_t boot_tsc;        /* TSC when the loader started */
	uint64_t clock_tsc;       /* TSC when parent_info.boot_unix_time was read */
	uint32_t log_level;       /* enum hv_log_level */
	uint32_t has_pit;         /* 8254 present (assume 1 without ACPI) */

	uint32_t memory_count;
	uint32_t cpu_count; /* the boot processor comes first */
	uint32_t ioapic_count;
	uint32_t parent_segment_count;
	uint64_t parent_entry; /* virtual address */

	struct handoff_memory memory[HANDOFF_MAX_MEMORY];
	struct handoff_cpu cpu[HANDOFF_MAX_CPUS];
	struct handoff_ioapic ioapic[HANDOFF_MAX_IOAPICS];
	struct handoff_isa_irq isa_irq[HANDOFF_MAX_ISA_IRQS];
	struct handoff_segment parent_segment[HANDOFF_MAX_SEGMENTS];

	/* For the parent. The loader fills rsdp, efi_*, boot_unix_time, random_seed,
	 * seed_quality, framebuffer, log_level and the modules; the kernel fills
	 * the rest and copies it into the parent's memory at each start. */
	struct hv_boot_info parent_info;
};
