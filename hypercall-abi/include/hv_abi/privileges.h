/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Partition privilege mask: CPUID 0x40000003 EAX is its low half, EBX its high
 * half [TLFS "Partition Privilege Flags", HV_PARTITION_PRIVILEGE_MASK].
 */
#pragma once

#include <stdint.h>
#include <hv_abi/cpuid.h>

#define HV_PRIVILEGE_NONE                     0ull
#define HV_PRIVILEGE_ACCESS_VP_RUNTIME        (1ull << 0)
#define HV_PRIVILEGE_ACCESS_REFERENCE_COUNTER (1ull << 1)
#define HV_PRIVILEGE_ACCESS_SYNIC             (1ull << 2)
#define HV_PRIVILEGE_ACCESS_SYNTHETIC_TIMERS  (1ull << 3)
#define HV_PRIVILEGE_ACCESS_INTR_CTRL         (1ull << 4)
#define HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS    (1ull << 5)
#define HV_PRIVILEGE_ACCESS_VP_INDEX          (1ull << 6)
#define HV_PRIVILEGE_ACCESS_RESET             (1ull << 7)
#define HV_PRIVILEGE_ACCESS_STATS_MSR         (1ull << 8)
#define HV_PRIVILEGE_ACCESS_REFERENCE_TSC     (1ull << 9)
#define HV_PRIVILEGE_ACCESS_GUEST_IDLE        (1ull << 10)
#define HV_PRIVILEGE_ACCESS_FREQUENCY         (1ull << 11)
#define HV_PRIVILEGE_ACCESS_REENLIGHTENMENT   (1ull << 13)
#define HV_PRIVILEGE_ACCESS_TSC_INVARIANT     (1ull << 15)
#define HV_PRIVILEGE_CREATE_PARTITIONS        (1ull << 32)
#define HV_PRIVILEGE_ACCESS_PARTITION_ID      (1ull << 33)
#define HV_PRIVILEGE_ACCESS_MEMORY_POOL       (1ull << 34)
#define HV_PRIVILEGE_POST_MESSAGES            (1ull << 36)
#define HV_PRIVILEGE_SIGNAL_EVENTS            (1ull << 37)
#define HV_PRIVILEGE_CREATE_PORT              (1ull << 38)
#define HV_PRIVILEGE_CONNECT_PORT             (1ull << 39)
#define HV_PRIVILEGE_ACCESS_STATS             (1ull << 40)
#define HV_PRIVILEGE_DEBUGGING                (1ull << 43)
#define HV_PRIVILEGE_CPU_MANAGEMENT           (1ull << 44)
#define HV_PRIVILEGE_ACCESS_VP_REGISTERS      (1ull << 49)

/* What a child may call by the hints of CPUID 0x40000004 [TLFS "Hypervisor Recommendations"], as
 * bits that the mask does not use; calls.def speaks of them. */
#define HV_PRIVILEGE_HINTED_FLUSH             (1ull << 58)
#define HV_PRIVILEGE_HINTED_IPI               (1ull << 59)
#define HV_PRIVILEGE_HINTED_SETS              (1ull << 60)
#define HV_PRIVILEGE_HINTED_FLUSH_EX          (HV_PRIVILEGE_HINTED_FLUSH | HV_PRIVILEGE_HINTED_SETS)
#define HV_PRIVILEGE_HINTED_IPI_EX            (HV_PRIVILEGE_HINTED_IPI | HV_PRIVILEGE_HINTED_SETS)
static inline uint64_t hv_privileges_of_hints(uint64_t hints) {
	return (hints & HV_HINT_REMOTE_TLB_FLUSH) << 56 | (hints & (HV_HINT_CLUSTER_IPI | HV_HINT_EX_PROCESSOR_MASKS))
	                                                      << 49;
}
