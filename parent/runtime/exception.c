/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What an exception in the parent leaves behind in the log. */
#include <stddef.h>
#include <stdio.h>
#include "runtime/exception.h"
#include "runtime/hypercall.h"
#include "runtime/insn.h"
#include "runtime/log.h"
#include "runtime/vp_local.h"

static const char *exception_name(uint64_t vector) {
	/* [APM2 8.2 "Vectors"] */
	static const char *const names[] = {
	    [0] = "divide error",         [1] = "debug",
	    [3] = "breakpoint",           [4] = "overflow",
	    [6] = "invalid opcode",       [7] = "device not available",
	    [8] = "double fault",         [10] = "invalid TSS",
	    [11] = "segment not present", [12] = "stack fault",
	    [13] = "general protection",  [14] = "page fault",
	    [17] = "alignment check",     [19] = "SIMD floating point",
	};

	if (vector >= sizeof(names) / sizeof(names[0]) || names[vector] == NULL)
		return "exception";
	return names[vector];
}

_Noreturn void parent_die(uint64_t code, uint64_t rip, const char *text) {
	struct hv_report_death_in in = {.code = code, .rip = rip};

	snprintf(in.text, sizeof(in.text), "%s", text);
	for (;;)
		(void)hypercall_report_death(&in);
}

_Noreturn void exception_report(const struct exception_frame *f) {
	char text[96];

	snprintf(text, sizeof(text), "%s (vector %u) at 0x%llx on VP %u", exception_name(f->vector),
	         (unsigned)f->vector, (unsigned long long)f->rip, vp_local()->index);
	log_error("%s, error code 0x%llx, cr2 0x%llx, rsp 0x%llx, rflags 0x%llx", text,
	          (unsigned long long)f->error_code, (unsigned long long)insn_read_cr2(), (unsigned long long)f->rsp,
	          (unsigned long long)f->rflags);
	for (unsigned i = 0; i < HV_GPR_COUNT; i += 4)
		log_error("registers %u-%u: %016llx %016llx %016llx %016llx", i, i + 3, (unsigned long long)f->gpr[i],
		          (unsigned long long)f->gpr[i + 1], (unsigned long long)f->gpr[i + 2],
		          (unsigned long long)f->gpr[i + 3]);
	parent_die(f->vector, f->rip, text);
}
