/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * An oracle of VMRUN: whether a processor would enter this VMCB, judged by the
 * manual's consistency checks [APM2 15.5.1 "Basic Operation",
 * "Canonicalization and Consistency Checks"], which the emulators make only in part
 * (docs/emulators.md). Written from the manual alone: it shares no code, header or constant with
 * the kernel and reads the VMCB as bytes [APM2 Appendix B "Layout of VMCB"].
 */
#pragma once

#include <stdint.h>

enum svm_rule {
	SVM_ACCEPTED,
	SVM_EFER_SVME_CLEAR,
	SVM_CR0_NW_WITHOUT_CD,
	SVM_CR0_HIGH,
	SVM_CR3_MBZ,
	SVM_CR4_MBZ,
	SVM_DR6_HIGH,
	SVM_DR7_HIGH,
	SVM_EFER_MBZ,
	SVM_LONG_WITHOUT_PAE,
	SVM_LONG_WITHOUT_PE,
	SVM_LONG_CS_L_AND_D,
	SVM_VMRUN_NOT_INTERCEPTED,
	SVM_MAP_OUT_OF_RANGE,
	SVM_ILLEGAL_EVENT,
	SVM_ASID_ZERO,
	SVM_CET_WITHOUT_WP,
	SVM_NESTED_CR3,
	SVM_RULE_COUNT,
};

/* What the processor has. */
struct svm_machine {
	uint64_t cr4_mbz;
	uint64_t efer_mbz;
	unsigned physical_bits;
};

/* The first rule that the VMCB, 4 KiB, breaks; its name for messages. */
enum svm_rule svm_oracle_judge(const void *vmcb, const struct svm_machine *machine);
const char *svm_oracle_name(enum svm_rule rule);

/*
 * What the processor does not refuse but changes on the way in, so that a VMCB
 * that relies on it shows another state than it runs: 0 if nothing, else the
 * VMCB's offset of the field. CPL is forced to 0 in real mode and to 3 in
 * virtual-8086 mode [APM2 Table B-2, offset 0CBh] and must be SS.DPL elsewhere;
 * bases of FS, GS, LDTR, TR, GDTR and IDTR, and the MSRs with addresses, are
 * made canonical.
 */
unsigned svm_oracle_changes(const void *vmcb);
