/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* enum hv_status, made from status.def. */
#pragma once

enum hv_status {
#define HV_STATUS(name, value, sentence) HV_STATUS_##name = (value),
#include <hv_abi/status.def>
#undef HV_STATUS
};
