/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A VMCS as an array: what the kernel's vmcs_read and vmcs_write reach in host
 * tests. Fields have the widths that their encodings say; reading one that
 * nobody wrote ends the test, since a fresh VMCS has no defined contents
 * [SDM 3C 25.11.3 "Initializing a VMCS"].
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void vmx_vmcs_clear(void);
uint64_t vmx_vmcs_get(uint32_t field);
void vmx_vmcs_put(uint32_t field, uint64_t value);
bool vmx_vmcs_is_written(uint32_t field);
