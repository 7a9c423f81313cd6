/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The rules of memory ownership that CheckInvariants proves; which one was broken
 * first is in hv_check_invariants_out.first_bad_rule. Ours. Never renumber.
 */
#pragma once

enum hv_frame_rule {
	HV_FRAME_RULE_NONE = 0,            /* every rule holds */
	HV_FRAME_RULE_TYPE = 1,            /* type, flags or owner make no sense */
	HV_FRAME_RULE_OWNER_UNKNOWN = 2,   /* of, or lent to, a partition that is not there */
	HV_FRAME_RULE_LOAN_COUNT = 3,      /* mappings counted differ from those in tables */
	HV_FRAME_RULE_CHILD_FOREIGN = 4,   /* a child's table reaches a frame not lent to it */
	HV_FRAME_RULE_PARENT_KERNEL = 5,   /* the parent's table reaches a frame of the kernel */
	HV_FRAME_RULE_PARENT_SHARED = 6,   /* shared frame: not mapped, or with other access */
	HV_FRAME_RULE_PARENT_IDENTITY = 7, /* the parent's table maps a GPA to another SPA */
	HV_FRAME_RULE_PARENT_MISSING = 8,  /* a frame of the parent is not mapped there */
	HV_FRAME_RULE_TABLE_LINK = 9,      /* a table is not linked exactly once in its space */
	HV_FRAME_RULE_OVERLAY = 10,        /* placed and not found, or found twice */
	HV_FRAME_RULE_POOL_LIST = 11,      /* the queue of free frames is broken or incomplete */
	HV_FRAME_RULE_POOL_COUNT = 12,     /* a pool's totals are not what the table holds */
	/* 13 was the counts of a space, which has none any more */
	HV_FRAME_RULE_TABLE_COUNT = 14, /* totals of the frame table are wrong */
};
#define HV_FRAME_RULE_LAST HV_FRAME_RULE_TABLE_COUNT
