/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * How a guest asks the parent of these tests for an illegal state: OUT to
 * POKE_PORT with RBX the offset of a u64 in the register page, RCX the bits of it
 * that stay, RDX those that are set, RAX the HV_DIRTY_* group it belongs to. The
 * VP is resumed behind the instruction with that.
 */
#pragma once

#define POKE_PORT 0xbd
