/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Scalar types and small structures that every part of the ABI uses.
 * Follows [TLFS "Basic Data Types"]; all fields are little endian.
 */
#pragma once

#include <stdint.h>

#define HV_PAGE_SIZE  4096u
#define HV_PAGE_SHIFT 12

typedef uint64_t hv_partition_id_t;
typedef uint32_t hv_vp_index_t;
typedef uint64_t hv_gpfn_t; /* guest page number, 4 KiB units */

/* The caller's own partition and VP, wherever an id is asked for. */
#define HV_PARTITION_ID_SELF    (~0ull)
#define HV_PARTITION_ID_INVALID 0ull
#define HV_VP_INDEX_SELF        0xfffffffeu

/* 100 ns, the unit of reference time [TLFS "Timers"]. */
typedef uint64_t hv_reference_time_t;
#define HV_REFERENCE_TIME_HZ 10000000ull

/* [TLFS "Virtual Processor Register Formats", HV_X64_SEGMENT_REGISTER].
 * attributes: bits 3:0 type, 4 S, 6:5 DPL, 7 P, 12 AVL, 13 L, 14 D/B, 15 G. */
struct hv_segment_register {
	uint64_t base;
	uint32_t limit;
	uint16_t selector;
	uint16_t attributes;
};

struct hv_table_register {
	uint16_t pad[3];
	uint16_t limit;
	uint64_t base;
};
