/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What differs between the vendors' second-level entries; pt_format.c has the rest. */
#pragma once

#include <stdint.h>

/* Each vendor has one. */
extern const struct pt_bits {
	uint64_t present; /* any of them: the entry is present */
	uint64_t leaf;    /* of every leaf */
	uint64_t table;   /* of every entry that points to a table */
	uint64_t execute; /* of a leaf that may be executed */
	uint64_t no_execute;
} pt_bits;
