/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The severity of a machine check, most severe reason first. */
#include "arch/x86/bring_up.h"

enum mce_verdict mce_judge(uint64_t global, uint64_t status) {
	if (!(status & MCE_VALID))
		return MCE_NOTHING;
	if (status & MCE_CORRUPT)
		return MCE_FATAL;
	if (!(status & MCE_UNCORRECTED))
		return MCE_CORRECTED;
	/* A lost error may have been anywhere, so it cannot be contained. */
	if ((status & MCE_OVERFLOW) || !(global & MCE_GLOBAL_RIPV))
		return MCE_FATAL;
	return MCE_CONTAINED;
}
