/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A row per processor that may be met, and the sentence about it. */
#include "loader/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define LONG_MODE (1u << 29)
#define NX        (1u << 20)
#define LOCKED    1u
#define VMX_ON    4u

static void each_processor_gets_its_verdict(void **state) {
	static const struct {
		const char *machine;
		struct cpu_facts facts;
		enum features_kernel kernel;
		const char *words;
	} rows[] = {
	    {"without NX", {.extended1_edx = LONG_MODE}, FEATURES_NONE, "execute protection"},
	    {"5 levels on",
	     {.extended1_edx = LONG_MODE | NX, .extended1_ecx = 4, .svm_edx = 1, .cr4 = 1 << 12},
	     FEATURES_NONE,
	     "CR4.LA57"},
	    {"neither", {.extended1_edx = LONG_MODE | NX}, FEATURES_NONE, "neither AMD SVM nor"},
	    {"AMD", {.extended1_edx = LONG_MODE | NX, .extended1_ecx = 4, .svm_edx = 1}, FEATURES_SVM, "AMD SVM"},
	    {"AMD without NPT",
	     {.extended1_edx = LONG_MODE | NX, .extended1_ecx = 4, .svm_edx = 0xfe},
	     FEATURES_NONE,
	     "without nested paging"},
	    {"AMD, disabled",
	     {.extended1_edx = LONG_MODE | NX, .extended1_ecx = 4, .svm_edx = 1, .vm_cr = 0x10},
	     FEATURES_NONE,
	     "VM_CR.SVMDIS"},
	    {"AMD, locked but enabled",
	     {.extended1_edx = LONG_MODE | NX, .extended1_ecx = 4, .svm_edx = 5, .vm_cr = 0x8},
	     FEATURES_SVM,
	     "AMD SVM"},
	    {"Intel, not locked", {.extended1_edx = LONG_MODE | NX, .leaf1_ecx = 0x20}, FEATURES_VMX, "Intel VMX"},
	    {"Intel, locked on",
	     {.extended1_edx = LONG_MODE | NX, .leaf1_ecx = 0x20, .feature_control = LOCKED | VMX_ON},
	     FEATURES_VMX,
	     "Intel VMX"},
	    {"Intel, locked off",
	     {.extended1_edx = LONG_MODE | NX, .leaf1_ecx = 0x20, .feature_control = LOCKED},
	     FEATURES_NONE,
	     "IA32_FEATURE_CONTROL"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *sentence;

		if (features_judge(&rows[i].facts, &sentence) != rows[i].kernel ||
		    strstr(sentence, rows[i].words) == NULL)
			fail_msg("%s: \"%s\"", rows[i].machine, sentence);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_processor_gets_its_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
