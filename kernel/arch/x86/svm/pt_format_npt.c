/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Entry format of AMD's nested page tables: the long-mode page-table entries
 * [APM2 5.3 "Long-Mode Page Translation"], read by the nested walk with the
 * host's EFER.NXE, which must be on, and CR4 [APM2 15.25.3 "Enabling Nested
 * Paging"].
 */
#include "arch/x86/pt_bits.h"

#include "lib/bits.h"

#define NPT_PRESENT    BIT(0)
#define NPT_WRITABLE   BIT(1)
/* Every guest access is a user access to the nested tables, so no level may lack
 * this bit [APM2 15.25.5 "Nested Table Walk"]. */
#define NPT_USER       BIT(2)
#define NPT_NO_EXECUTE BIT(63)

const struct pt_bits pt_bits = {
    .present = NPT_PRESENT,
    .leaf = NPT_PRESENT | NPT_USER,
    .table = NPT_PRESENT | NPT_WRITABLE | NPT_USER,
    .no_execute = NPT_NO_EXECUTE,
};
