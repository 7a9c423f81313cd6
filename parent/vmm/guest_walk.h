/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Walks a guest's page tables: guest virtual to guest physical address, with
 * the access rights, for every paging mode. Accessed and dirty bits are not
 * written, protection keys are not checked, nothing is cached.
 * Follows [APM2 5 "Page Translation and Protection"].
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Page-fault error code [APM2 8.4.2 "Page-Fault Error Code"]. */
#define GUEST_FAULT_PRESENT  0x01u
#define GUEST_FAULT_WRITE    0x02u
#define GUEST_FAULT_USER     0x04u
#define GUEST_FAULT_RESERVED 0x08u
#define GUEST_FAULT_FETCH    0x10u

/* The registers that decide how a VP translates. */
struct guest_paging {
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	uint64_t rflags;       /* AC, for SMAP */
	uint8_t cpl;           /* 3: a user access */
	uint8_t physical_bits; /* guest's MAXPHYADDR, for reserved bits; 0 means 52 */
};

enum guest_access {
	GUEST_READ,
	GUEST_WRITE,
	GUEST_FETCH,
};

/* Copies size bytes (4 or 8, aligned) from guest memory; false if there is no
 * RAM. Each entry is read exactly once. */
typedef bool guest_read_physical_t(void *context, uint64_t gpa, void *buffer, size_t size);

enum guest_walk_status {
	GUEST_WALK_OK,
	GUEST_WALK_PAGE_FAULT,    /* error_code is set */
	GUEST_WALK_NOT_CANONICAL, /* a general-protection fault on a processor */
	GUEST_WALK_NO_MEMORY,     /* gpa is a table's address, and no RAM is there */
};

struct guest_walk {
	uint64_t gpa;        /* of the byte asked for */
	uint64_t page_size;  /* of the leaf in bytes; 4096 without paging */
	uint32_t error_code; /* GUEST_FAULT_* */
};

/* Translates one byte's linear address. The result holds to the page's end
 * only. *walk is set as each status above says, otherwise zero. */
enum guest_walk_status guest_walk(const struct guest_paging *paging, uint64_t gva, enum guest_access access,
                                  guest_read_physical_t *read, void *context, struct guest_walk *walk)
    __attribute__((warn_unused_result));
