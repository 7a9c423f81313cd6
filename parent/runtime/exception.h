/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The parent's own faults: registers go to the log, then the parent reports its
 * death and the kernel takes over (architecture.md D6). */
#pragma once

#include <stdint.h>
#include <hv_abi/registers.h>

/* As exception_entry.S and the processor push it. */
struct exception_frame {
	uint64_t gpr[HV_GPR_COUNT];
	uint64_t vector;
	uint64_t error_code;
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
};

#define EXCEPTION_STUB_SIZE 16u
extern const uint8_t exception_stubs[]; /* 32 of them, EXCEPTION_STUB_SIZE apart */

/* Called by the stubs. */
_Noreturn void exception_report(const struct exception_frame *frame);

/* The parent gives itself up: reports `text` and never comes back. */
_Noreturn void parent_die(uint64_t code, uint64_t rip, const char *text);
