/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The hypercall control word and result value
 * [TLFS "Hypercall Interface", "Hypercall Inputs" and "Hypercall Outputs"],
 * and the call numbers, made from calls.def.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/types.h>
#include <hv_abi/status.h>

/* Control word, in RCX. */
#define HV_CONTROL_CODE_MASK       0xffffull
#define HV_CONTROL_FAST            (1ull << 16)
#define HV_CONTROL_VARHEAD_SHIFT   17
#define HV_CONTROL_VARHEAD_MASK    (0x3ffull << HV_CONTROL_VARHEAD_SHIFT)
#define HV_CONTROL_NESTED          (1ull << 31)
#define HV_CONTROL_REP_COUNT_SHIFT 32
#define HV_CONTROL_REP_COUNT_MASK  (0xfffull << HV_CONTROL_REP_COUNT_SHIFT)
#define HV_CONTROL_REP_START_SHIFT 48
#define HV_CONTROL_REP_START_MASK  (0xfffull << HV_CONTROL_REP_START_SHIFT)
/* Bits 30:27, 47:44 and 63:60 must be zero. */
#define HV_CONTROL_RESERVED        (0xfull << 27 | 0xfull << 44 | 0xfull << 60)

/* Result value, in RAX: status in bits 15:0, completed reps in bits 43:32. */
#define HV_RESULT_STATUS_MASK      0xffffull
#define HV_RESULT_REPS_SHIFT       32
#define HV_RESULT_REPS_MASK        (0xfffull << HV_RESULT_REPS_SHIFT)

enum hv_call_code {
#define HV_CALL(NAME, name, code, privilege, target, form, in_size, rep_in_size, out_size, rep_out_size)               \
	HV_CALL_##NAME = (code),
#include <hv_abi/calls.def>
#undef HV_CALL
};
