/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the parent is told at its entry. Ours.
 *
 * Entry state of every VP of the parent: 64-bit mode, paging on, interrupts
 * off, RDI = GVA of struct hv_boot_info (in the identity map), RSI = VP index,
 * RSP = 0. The page tables (built by the kernel in the parent's own memory) map
 * all guest physical addresses identically from 0, with 1 GiB pages, and the
 * parent's image at its link address. VPs 0..io_vp_count-1 are the I/O VPs,
 * pinned, index = processor; VP io_vp_count is the management VP.
 */
#pragma once

#include <stdint.h>

#define HV_BOOT_INFO_MAGIC   0x4f46494448564242ull
#define HV_BOOT_INFO_VERSION 1u
#define HV_BOOT_MAX_MODULES  96u
#define HV_BOOT_MAX_MEMORY   192u
#define HV_BOOT_MAX_IO_VPS   64u
#define HV_BOOT_NAME_SIZE    96u

/* Where the parent's image is linked: it is compiled for the top 2 GiB. */
#define HV_PARENT_LINK_BASE  0xffffffff80000000ull

enum hv_boot_memory_type {
	HV_BOOT_MEMORY_USABLE = 1,   /* the parent's to use */
	HV_BOOT_MEMORY_IMAGE = 3,    /* the parent's image, tables and this page */
	HV_BOOT_MEMORY_MODULE = 4,   /* a module; usable once it is no longer needed */
	HV_BOOT_MEMORY_FIRMWARE = 5, /* runtime services, ACPI: leave alone */
};
struct hv_boot_memory {
	uint64_t base; /* bytes, multiple of 4 KiB */
	uint64_t size; /* bytes, multiple of 4 KiB */
	uint32_t type; /* enum hv_boot_memory_type */
	uint32_t reserved;
};
struct hv_boot_module {
	char name[HV_BOOT_NAME_SIZE]; /* zero-terminated */
	uint64_t base;
	uint64_t size; /* exact bytes of the file */
};
struct hv_boot_framebuffer {
	uint64_t base; /* 0: none */
	uint64_t size;
	uint32_t width;
	uint32_t height;
	uint32_t pixels_per_line;
	uint32_t format; /* EFI_GRAPHICS_PIXEL_FORMAT */
};

struct hv_boot_info {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* of this structure, bytes */
	uint32_t io_vp_count;
	uint32_t incarnation;        /* 0 at first boot, counts restarts of the parent */
	uint64_t tsc_frequency;      /* Hz */
	uint64_t reference_tsc_page; /* GPA of a struct hv_reference_tsc_page, read only */
	uint64_t rsdp;               /* GPA, 0 if the firmware has no ACPI tables */
	uint64_t efi_system_table;   /* GPA, 0 if none */
	uint64_t efi_reset_system;   /* GPA of ResetSystem (Microsoft ABI), 0 if none */
	int64_t boot_unix_time;      /* seconds since 1970 at reference time 0, 0: unknown */
	uint8_t random_seed[32];     /* from the firmware or the processor; see seed_quality */
	uint32_t seed_quality;       /* 0 none, 1 timer jitter only, 2 RDRAND, 3 EFI RNG */
	uint32_t log_level;          /* enum hv_log_level */
	struct hv_boot_framebuffer framebuffer;
	uint64_t event_page[HV_BOOT_MAX_IO_VPS + 1]; /* GPA by VP index */
	uint32_t memory_count;
	uint32_t module_count;
	struct hv_boot_memory memory[HV_BOOT_MAX_MEMORY];
	struct hv_boot_module module[HV_BOOT_MAX_MODULES];
};

/*
 * Event page of a VP of the parent (architecture.md D1, D4), written by the
 * kernel with atomic OR; the parent takes bits with an atomic exchange.
 */
struct hv_event_page {
	uint64_t device[2]; /* bit n: device interrupt n */
	uint64_t software;  /* bit n: SignalParentVp event n */
	/* Event ports of the parent: bit n of `port` is port n, bit n of `port_words`
	 * says that port[n] has one. Taken in the opposite order. */
	uint64_t port_words[4];
	uint64_t port[256];
	uint8_t reserved[4096 - 8 * 263];
};
