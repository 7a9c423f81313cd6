/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Entry format of Intel's extended page tables [SDM 3C 29.3.2 "EPT Translation
 * Mechanism"]. The memory type is write-back and the guest's PAT counts
 * [SDM 3C 29.3.7 "EPT and Memory Typing"]; the MTRRs do not, so whoever maps
 * device registers says so in its own page tables.
 */
#include "arch/x86/pt_bits.h"

#include "lib/bits.h"

#define EPT_READ       BIT(0)
#define EPT_WRITE      BIT(1)
#define EPT_EXECUTE    BIT(2)
#define EPT_ACCESS     (EPT_READ | EPT_WRITE | EPT_EXECUTE)
#define EPT_WRITE_BACK (6ull << 3) /* leaves only */

const struct pt_bits pt_bits = {
    .present = EPT_ACCESS,
    .leaf = EPT_READ | EPT_WRITE_BACK,
    .table = EPT_ACCESS,
    .execute = EPT_EXECUTE,
};
