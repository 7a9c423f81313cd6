/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Picks the kernel by what the processor can do, never by its vendor's name,
 * and tells apart what is missing from what the firmware has switched off.
 * Follows [APM2 15.4 "Enabling SVM"] and [SDM 3C 24.7 "Enabling and Entering
 * VMX Operation"].
 */
#include "loader/features.h"

#include <stdbool.h>

#include "lib/bits.h"

#define EXTENDED1_EDX_NX       BIT(20)
#define EXTENDED1_EDX_LONG     BIT(29)
#define SVM_EDX_NPT            BIT(0)
#define CR4_LA57               BIT(12)
#define VM_CR_SVMDIS           BIT(4)
#define FEATURE_CONTROL_LOCKED BIT(0)
#define FEATURE_CONTROL_VMX    BIT(2)

enum features_kernel features_judge(const struct cpu_facts *facts, const char **sentence) {
	const bool has_svm = facts->extended1_ecx & EXTENDED1_ECX_SVM;
	const bool has_vmx = facts->leaf1_ecx & LEAF1_ECX_VMX;
	/* Unlocked is fine: the kernel then enables VMX itself. */
	const bool is_vmx_locked =
	    (facts->feature_control & FEATURE_CONTROL_LOCKED) && !(facts->feature_control & FEATURE_CONTROL_VMX);
	const struct {
		bool is_broken;
		const char *sentence;
	} rules[] = {
	    {!(facts->extended1_edx & EXTENDED1_EDX_NX),
	     "the processor has no execute protection (NX); enable it in the firmware setup"},
	    {facts->cr4 & CR4_LA57,
	     "the firmware has switched on 5-level paging (CR4.LA57), in which Bulkhead does not "
	     "run; switch it off in the firmware setup (QEMU: -cpu ...,-la57)"},
	    {!has_svm && !has_vmx, "the processor has neither AMD SVM nor Intel VMX; use another "
	                           "machine (QEMU: -cpu max)"},
	    {has_svm && (facts->vm_cr & VM_CR_SVMDIS),
	     "AMD SVM is disabled in the firmware (VM_CR.SVMDIS is set); enable it in the firmware "
	     "setup and switch the machine off and on"},
	    {has_svm && !(facts->svm_edx & SVM_EDX_NPT),
	     "the processor has AMD SVM without nested paging; use a newer machine"},
	    {!has_svm && is_vmx_locked,
	     "Intel VMX is disabled in the firmware (IA32_FEATURE_CONTROL is locked without it); "
	     "enable VT-x in the firmware setup"},
	};

	for (unsigned i = 0; i < ARRAY_COUNT(rules); i++) {
		*sentence = rules[i].sentence;
		if (rules[i].is_broken)
			return FEATURES_NONE;
	}
	*sentence = has_svm ? "AMD SVM with nested paging" : "Intel VMX";
	return has_svm ? FEATURES_SVM : FEATURES_VMX;
}
