/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The outputs of CPUID, and leaves 0x40000000 to 0x40000006
 * [TLFS "Feature and Interface Discovery"]. */
#pragma once

enum cpuid_output { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX, CPUID_OUTPUTS };

#define HV_CPUID_BASE              0x40000000u
#define HV_CPUID_INTERFACE         0x40000001u
#define HV_CPUID_VERSION           0x40000002u
#define HV_CPUID_FEATURES          0x40000003u
#define HV_CPUID_HINTS             0x40000004u
#define HV_CPUID_LIMITS            0x40000005u
#define HV_CPUID_HARDWARE          0x40000006u
#define HV_CPUID_MAX               0x40000006u
#define HV_CPUID_VENDOR_EBX        0x7263694du /* "Micr" */
#define HV_CPUID_VENDOR_ECX        0x666f736fu /* "osof" */
#define HV_CPUID_VENDOR_EDX        0x76482074u /* "t Hv" */
#define HV_CPUID_INTERFACE_ID      0x31237648u /* "Hv#1" */

/* 0x40000003 EDX */
#define HV_FEATURE_FREQUENCY_MSRS  (1u << 8)
#define HV_FEATURE_CRASH_MSRS      (1u << 10)
#define HV_FEATURE_SINT_POLLING    (1u << 17)
#define HV_FEATURE_DIRECT_TIMERS   (1u << 19)

/* 0x40000004 EAX */
#define HV_HINT_REMOTE_TLB_FLUSH   (1u << 2)
#define HV_HINT_APIC_MSRS          (1u << 3)
#define HV_HINT_RELAXED_TIMING     (1u << 5)
#define HV_HINT_DEPRECATE_AUTO_EOI (1u << 9)
#define HV_HINT_CLUSTER_IPI        (1u << 10)
#define HV_HINT_EX_PROCESSOR_MASKS (1u << 11)
