/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What each VP of the parent has for itself, found by the GS base: its index,
 * its hypercall pages, its descriptor tables. Its stack is a slice of one array.
 */
#pragma once

#define VP_STACK_SIZE           65536
#define VP_EXCEPTION_STACK_SIZE 8192
#define VP_LOCAL_MAX            65 /* HV_BOOT_MAX_IO_VPS and the management VP */

#ifndef __ASSEMBLER__
#include <stdint.h>
#include <hv_abi/boot_info.h>

_Static_assert(VP_LOCAL_MAX == HV_BOOT_MAX_IO_VPS + 1, "one VP local per VP of the parent");

/* [APM2 12.2.5 "64-Bit Task State Segment"] */
struct __attribute__((packed)) task_state {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_base;
};
_Static_assert(sizeof(struct task_state) == 104, "layout of the APM");

struct vp_local {
	struct vp_local *self; /* at offset 0: read through GS */
	uint32_t index;
	uint32_t reserved;
	uint64_t input_gpa; /* of the two hypercall pages below */
	uint64_t output_gpa;
	uint8_t *input;
	uint8_t *output;
	struct hv_event_page *events;
	uint64_t gdt[5]; /* null, code, data, TSS (two entries) */
	struct task_state tss;
};

static inline struct vp_local *vp_local(void) {
	struct vp_local *self;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(self));
	return self;
}

/* Sets up the calling VP: descriptor tables, GS base, hypercall pages. `event_page` is
 * the GPA of its event page. Called once per VP, first of all. */
void vp_local_init(uint32_t index, uint64_t event_page);

/* Index of the calling VP. Host tests link a fake. */
uint32_t vp_local_index(void);
#endif
