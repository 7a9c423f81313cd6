/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Severity of machine checks, a row per rule. */
#include "arch/x86/bring_up.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define GOES_ON (MCE_GLOBAL_RIPV | MCE_GLOBAL_MCIP)
#define STOPS   MCE_GLOBAL_MCIP

static void a_bank_is_judged_by_its_most_severe_property(void **state) {
	static const struct {
		uint64_t global;
		uint64_t status;
		enum mce_verdict verdict;
	} rows[] = {
	    /* Without VALID the other bits mean nothing. */
	    {GOES_ON, 0, MCE_NOTHING},
	    {STOPS, ~MCE_VALID, MCE_NOTHING},
	    {GOES_ON, MCE_VALID, MCE_CORRECTED},
	    {GOES_ON, MCE_VALID | MCE_ADDRESS, MCE_CORRECTED},
	    /* A corrected error may be one of many and is still corrected, even in a
	     * machine check that something else caused. */
	    {GOES_ON, MCE_VALID | MCE_OVERFLOW, MCE_CORRECTED},
	    {STOPS, MCE_VALID, MCE_CORRECTED},
	    {GOES_ON, MCE_VALID | MCE_UNCORRECTED | MCE_ADDRESS, MCE_CONTAINED},
	    {GOES_ON, MCE_VALID | MCE_UNCORRECTED, MCE_CONTAINED},
	    {GOES_ON, MCE_VALID | MCE_UNCORRECTED | MCE_OVERFLOW, MCE_FATAL},
	    {STOPS, MCE_VALID | MCE_UNCORRECTED | MCE_ADDRESS, MCE_FATAL},
	    {GOES_ON, MCE_VALID | MCE_UNCORRECTED | MCE_CORRUPT, MCE_FATAL},
	    {GOES_ON, MCE_VALID | MCE_CORRUPT, MCE_FATAL},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (mce_judge(rows[i].global, rows[i].status) != rows[i].verdict)
			fail_msg("row %u: verdict %d", i, (int)mce_judge(rows[i].global, rows[i].status));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bank_is_judged_by_its_most_severe_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
