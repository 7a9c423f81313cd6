/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The table of controls, and of what else VMX must have here. */
#include "arch/x86/vmx/vmx_controls.h"

#include "lib/bits.h"

/* ABSENT: a processor that insists on it cannot run our policy. SWITCHED: set and
 * cleared while a VP runs (vmcs.h has its name). What has no row is set only where
 * the processor insists. */
enum rule { REQUIRED, WANTED, SWITCHED, ABSENT };

static const struct {
	enum vmx_word word;
	enum rule rule;
	uint8_t bit;
	const char *name;
} rows[] = {
    {VMX_WORD_PIN, REQUIRED, 0, "external-interrupt exiting"},
    {VMX_WORD_PIN, REQUIRED, 3, "NMI exiting"},
    {VMX_WORD_PIN, REQUIRED, 5, "virtual NMIs"},
    {VMX_WORD_PRIMARY, SWITCHED, 2, "interrupt-window exiting"},
    {VMX_WORD_PRIMARY, REQUIRED, 3, "TSC offsetting"},
    {VMX_WORD_PRIMARY, REQUIRED, 7, "HLT exiting"},
    {VMX_WORD_PRIMARY, ABSENT, 9, "operation without INVLPG exiting"},
    {VMX_WORD_PRIMARY, REQUIRED, 10, "MWAIT exiting"},
    {VMX_WORD_PRIMARY, REQUIRED, 11, "RDPMC exiting"},
    {VMX_WORD_PRIMARY, ABSENT, 12, "operation without RDTSC exiting"},
    {VMX_WORD_PRIMARY, ABSENT, 15, "operation without CR3-load exiting"},
    {VMX_WORD_PRIMARY, ABSENT, 16, "operation without CR3-store exiting"},
    {VMX_WORD_PRIMARY, REQUIRED, 19, "CR8-load exiting"},
    {VMX_WORD_PRIMARY, REQUIRED, 20, "CR8-store exiting"},
    {VMX_WORD_PRIMARY, ABSENT, 21, "operation without TPR shadow"},
    {VMX_WORD_PRIMARY, SWITCHED, 22, "NMI-window exiting"},
    {VMX_WORD_PRIMARY, SWITCHED, 23, "MOV-DR exiting"},
    {VMX_WORD_PRIMARY, REQUIRED, 25, "I/O bitmaps"},
    {VMX_WORD_PRIMARY, REQUIRED, 28, "MSR bitmaps"},
    {VMX_WORD_PRIMARY, REQUIRED, 29, "MONITOR exiting"},
    {VMX_WORD_PRIMARY, REQUIRED, 31, "secondary controls"},
    {VMX_WORD_SECONDARY, REQUIRED, 1, "extended page tables (EPT)"},
    {VMX_WORD_SECONDARY, WANTED, 3, "RDTSCP"},
    {VMX_WORD_SECONDARY, REQUIRED, 5, "VPIDs"},
    {VMX_WORD_SECONDARY, REQUIRED, 6, "WBINVD exiting"},
    {VMX_WORD_SECONDARY, REQUIRED, 7, "unrestricted guest"},
    {VMX_WORD_SECONDARY, WANTED, 12, "INVPCID"},
    {VMX_WORD_EXIT, REQUIRED, 2, "saving of DR7"},
    {VMX_WORD_EXIT, REQUIRED, 9, "a 64-bit host"},
    {VMX_WORD_EXIT, ABSENT, 15, "operation without acknowledgment at exits"},
    {VMX_WORD_EXIT, REQUIRED, 19, "loading of PAT at exits"},
    {VMX_WORD_EXIT, REQUIRED, 20, "saving of EFER"},
    {VMX_WORD_EXIT, REQUIRED, 21, "loading of EFER at exits"},
    {VMX_WORD_ENTRY, REQUIRED, 2, "loading of DR7"},
    {VMX_WORD_ENTRY, SWITCHED, 9, "64-bit guests"},
    {VMX_WORD_ENTRY, REQUIRED, 14, "loading of PAT"},
    {VMX_WORD_ENTRY, REQUIRED, 15, "loading of EFER"},
    {VMX_WORD_EPT, REQUIRED, 6, "EPT walks of four levels"},
    {VMX_WORD_EPT, REQUIRED, 14, "write-back EPT structures"},
    {VMX_WORD_EPT, REQUIRED, 16, "EPT leaves of 2 MiB"},
    {VMX_WORD_EPT, WANTED, 17, "EPT leaves of 1 GiB"},
    {VMX_WORD_EPT, REQUIRED, 20, "INVEPT"},
    {VMX_WORD_EPT, WANTED, 25, "INVEPT of one context"},
    {VMX_WORD_EPT, REQUIRED, 26, "INVEPT of all contexts"},
    {VMX_WORD_VPID, REQUIRED, 0, "INVVPID"},
    {VMX_WORD_VPID, REQUIRED, 10, "INVVPID of all contexts"},
};

const char *vmx_controls_compute(const struct vmx_capabilities *c, struct vmx_controls *out) {
	for (unsigned w = 0; w < VMX_WORD_COUNT; w++)
		out->word[w] = (uint32_t)c->word[w];
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		uint64_t word = c->word[rows[i].word];
		bool must_be = word & BIT(rows[i].bit);
		bool may_be = word >> 32 & BIT(rows[i].bit);

		if ((must_be && rows[i].rule >= SWITCHED) ||
		    (!may_be && (rows[i].rule == REQUIRED || rows[i].rule == SWITCHED)))
			return rows[i].name;
		if (may_be && rows[i].rule <= WANTED)
			out->word[rows[i].word] |= 1u << rows[i].bit;
	}
	return NULL;
}
