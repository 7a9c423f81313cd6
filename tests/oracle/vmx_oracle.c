/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The checks, in the manual's order, with its encodings written out. */
#include "oracle/vmx_oracle.h"

#include <stdbool.h>
#include <stddef.h>

#include "oracle/vmx_vmcs.h"

#define F(field) vmx_vmcs_get(field)
#define ONE(n)   (1ull << (n))

enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

static const struct vmx_machine *machine;
static struct vmx_verdict verdict;

static void need(enum vmx_part part, bool holds, const char *rule) {
	if (!holds && verdict.part == VMX_ACCEPTED)
		verdict = (struct vmx_verdict){part, rule};
}

static bool is_canonical(uint64_t a) { return a >> 47 == 0 || a >> 47 == 0x1ffff; }

static bool is_address(uint64_t a, uint64_t alignment) {
	return (a & (alignment - 1)) == 0 && a >> machine->physical_bits == 0;
}

static bool is_pat(uint64_t pat) {
	for (unsigned i = 0; i < 64; i += 8) {
		unsigned t = pat >> i & 0xff;

		if (t != 0 && t != 1 && t != 4 && t != 5 && t != 6 && t != 7)
			return false;
	}
	return true;
}

static bool is_fixed(uint64_t v, uint64_t fixed0, uint64_t fixed1, uint64_t ignore) {
	return ((v | ignore) & fixed0) == fixed0 && (v & ~ignore & ~fixed1) == 0;
}

/* --- 27.2.1 --- */

static void check_words(void) {
	static const uint32_t field[5] = {0x4000, 0x4002, 0x401e, 0x400c, 0x4012};
	static const char *const rule[5] = {"pin-based controls", "primary controls", "secondary controls",
	                                    "exit controls", "entry controls"};

	for (unsigned i = 0; i < 5; i++) {
		uint32_t v = (uint32_t)F(field[i]);

		need(VMX_CONTROL, (~v & (uint32_t)machine->word[i]) == 0 && (v & ~(machine->word[i] >> 32)) == 0,
		     rule[i]);
	}
}

static void check_execution_controls(void) {
	uint64_t pin = F(0x4000), primary = F(0x4002), secondary = F(0x401e);
	uint64_t eptp;

	need(VMX_CONTROL, F(0x400a) <= 4, "CR3-target count");
	if (primary & ONE(25)) {
		need(VMX_CONTROL, is_address(F(0x2000), 4096), "I/O bitmap A");
		need(VMX_CONTROL, is_address(F(0x2002), 4096), "I/O bitmap B");
	}
	if (primary & ONE(28))
		need(VMX_CONTROL, is_address(F(0x2004), 4096), "MSR bitmap");
	need(VMX_CONTROL, (primary & ONE(21)) || !(secondary & (ONE(4) | ONE(8) | ONE(9))),
	     "APIC virtualization without TPR shadow");
	need(VMX_CONTROL, (pin & ONE(3)) || !(pin & ONE(5)), "virtual NMIs without NMI exiting");
	need(VMX_CONTROL, (pin & ONE(5)) || !(primary & ONE(22)), "NMI-window exiting without virtual NMIs");
	need(VMX_CONTROL, !(secondary & ONE(5)) || F(0x0000) != 0, "VPID 0");
	need(VMX_CONTROL, !(secondary & ONE(7)) || (secondary & ONE(1)), "unrestricted guest without EPT");
	if (secondary & ONE(1)) {
		eptp = F(0x201a);
		need(VMX_CONTROL, (eptp & 7) == 0 || (eptp & 7) == 6, "EPTP memory type");
		need(VMX_CONTROL, (eptp >> 3 & 7) == 3, "EPTP walk length");
		need(VMX_CONTROL, (eptp & 0xf80) == 0 && eptp >> machine->physical_bits == 0, "EPTP reserved bits");
	}
}

static bool has_error_code(unsigned vector) { return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17; }

static void check_injection(void) {
	uint64_t info = F(0x4016);
	unsigned vector = info & 0xff, type = info >> 8 & 7;
	bool wants_error = type == 3 && has_error_code(vector) && (F(0x6800) & 1);

	if (!(info & ONE(31)))
		return;
	need(VMX_CONTROL, type != 1 && type != 7, "interruption type");
	need(VMX_CONTROL, type != 2 || vector == 2, "NMI vector");
	need(VMX_CONTROL, type != 3 || vector < 32, "exception vector");
	/* Unrestricted guest: by CR0.PE. */
	need(VMX_CONTROL, ((info & ONE(11)) != 0) == wants_error, "deliver-error-code bit");
	need(VMX_CONTROL, (info & 0x7ffff000) == 0, "interruption reserved bits");
	need(VMX_CONTROL, !(info & ONE(11)) || F(0x4018) >> 15 == 0, "error code");
	if (type >= 4)
		need(VMX_CONTROL, F(0x401a) >= 1 && F(0x401a) <= 15, "instruction length");
}

static void check_controls(void) {
	check_words();
	check_execution_controls();
	need(VMX_CONTROL, F(0x400e) == 0 && F(0x4010) == 0 && F(0x4014) == 0, "MSR areas");
	check_injection();
	need(VMX_CONTROL, !(F(0x4012) & (ONE(10) | ONE(11))), "SMM entry controls");
}

/* --- 27.2.2 to 27.2.4 --- */

static void check_host(void) {
	static const uint32_t base[] = {0x6c06, 0x6c08, 0x6c0a, 0x6c0c, 0x6c0e};
	uint64_t efer = F(0x2c02);
	bool is_64 = F(0x400c) & ONE(9);

	need(VMX_HOST, is_fixed(F(0x6c00), machine->cr0_fixed0, machine->cr0_fixed1, 0), "CR0");
	need(VMX_HOST, is_fixed(F(0x6c04), machine->cr4_fixed0, machine->cr4_fixed1, 0), "CR4");
	need(VMX_HOST, F(0x6c02) >> machine->physical_bits == 0, "CR3");
	need(VMX_HOST, is_canonical(F(0x6c10)) && is_canonical(F(0x6c12)), "SYSENTER");
	need(VMX_HOST, !(F(0x400c) & ONE(19)) || is_pat(F(0x2c00)), "PAT");
	if (F(0x400c) & ONE(21))
		need(VMX_HOST,
		     (efer & ~machine->efer_has) == 0 && ((efer & ONE(10)) != 0) == is_64 &&
		         ((efer & ONE(8)) != 0) == is_64,
		     "EFER");
	for (uint32_t selector = 0x0c00; selector <= 0x0c0c; selector += 2)
		need(VMX_HOST, (F(selector) & 7) == 0, "RPL or TI of a selector");
	need(VMX_HOST, F(0x0c02) != 0 && F(0x0c0c) != 0, "null CS or TR");
	need(VMX_HOST, is_64 || F(0x0c04) != 0, "null SS");
	for (unsigned i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		need(VMX_HOST, is_canonical(F(base[i])), "a base address");
	need(VMX_HOST, is_64, "the host is in 64-bit mode");
	need(VMX_HOST, F(0x6c04) & ONE(5), "CR4.PAE");
	need(VMX_HOST, is_canonical(F(0x6c16)), "RIP");
}

/* --- 27.3.1.1 --- */

static void check_guest_control(void) {
	uint64_t cr0 = F(0x6800), cr4 = F(0x6804), entry = F(0x4012), efer = F(0x2806);
	bool is_long = entry & ONE(9);
	/* PE and PG: unrestricted guest. NW, CD: an entry does not change them. */
	uint64_t ignored = ONE(0) | ONE(31) | ONE(29) | ONE(30);

	need(VMX_GUEST_CR, is_fixed(cr0, machine->cr0_fixed0, machine->cr0_fixed1, ignored), "CR0");
	need(VMX_GUEST_CR, !(cr0 & ONE(31)) || (cr0 & 1), "paging without protection");
	need(VMX_GUEST_CR, is_fixed(cr4, machine->cr4_fixed0, machine->cr4_fixed1, 0), "CR4");
	if (entry & ONE(2)) {
		need(VMX_GUEST_CR, F(0x2802) == 0, "DEBUGCTL"); /* none of its bits is ours */
		need(VMX_GUEST_CR, F(0x681a) >> 32 == 0, "DR7");
	}
	need(VMX_GUEST_CR, !is_long || ((cr0 & ONE(31)) && (cr4 & ONE(5))), "long mode without paging or PAE");
	need(VMX_GUEST_CR, is_long || !(cr4 & ONE(17)), "PCIDE outside long mode");
	need(VMX_GUEST_CR3, F(0x6802) >> machine->physical_bits == 0, "CR3");
	need(VMX_GUEST_CR, is_canonical(F(0x6824)) && is_canonical(F(0x6826)), "SYSENTER");
	need(VMX_GUEST_CR, !(entry & ONE(14)) || is_pat(F(0x2804)), "PAT");
	if (entry & ONE(15)) {
		need(VMX_GUEST_CR, (efer & ~machine->efer_has) == 0, "EFER reserved bits");
		need(VMX_GUEST_CR, ((efer & ONE(10)) != 0) == is_long, "EFER.LMA");
		need(VMX_GUEST_CR, !(cr0 & ONE(31)) || ((efer & ONE(10)) != 0) == ((efer & ONE(8)) != 0), "EFER.LME");
	}
}

/* --- 27.3.1.2 --- */

static uint64_t selector(unsigned n) { return F(0x0800 + 2 * n); }
static uint64_t base(unsigned n) { return F(0x6806 + 2 * n); }
static uint64_t limit(unsigned n) { return F(0x4800 + 2 * n); }
static uint64_t access(unsigned n) { return F(0x4814 + 2 * n); }
static unsigned type(unsigned n) { return access(n) & 0xf; }
static unsigned dpl(unsigned n) { return access(n) >> 5 & 3; }
static bool is_usable(unsigned n) { return !(access(n) & ONE(16)); }

static void segment(bool holds, const char *rule) { need(VMX_GUEST_SEGMENT, holds, rule); }

static void check_virtual_8086(void) {
	for (unsigned n = ES; n <= GS; n++) {
		segment(base(n) == selector(n) << 4, "8086: base");
		segment(limit(n) == 0xffff, "8086: limit");
		segment(access(n) == 0xf3, "8086: access rights");
	}
}

static void check_code(void) {
	unsigned t = type(CS);

	segment(t == 3 || t == 9 || t == 11 || t == 13 || t == 15, "CS: type");
	if (t == 3)
		segment(dpl(CS) == 0, "CS: DPL of a data segment");
	else if (t == 9 || t == 11)
		segment(dpl(CS) == dpl(SS), "CS: DPL against SS");
	else
		segment(dpl(CS) <= dpl(SS), "CS: DPL of a conforming segment");
	segment(!(F(0x4012) & ONE(9)) || !(access(CS) & ONE(13)) || !(access(CS) & ONE(14)), "CS: L and D");
}

static void check_limit(unsigned n) {
	bool is_pages = access(n) & ONE(15);

	segment((limit(n) & 0xfff) == 0xfff || !is_pages, "limit is no whole number of pages");
	segment(limit(n) >> 20 == 0 || is_pages, "limit needs pages");
	segment((access(n) & 0xf00) == 0 && access(n) >> 17 == 0, "access reserved bits");
}

static void check_data(void) {
	static const unsigned data[] = {DS, ES, FS, GS};

	segment(!is_usable(SS) || type(SS) == 3 || type(SS) == 7, "SS: type");
	segment(((F(0x6800) & 1) && type(CS) != 3) || dpl(SS) == 0, "SS: DPL in real mode");
	for (unsigned i = 0; i < 4; i++) {
		if (!is_usable(data[i]))
			continue;
		segment(type(data[i]) & 1, "data segment is not accessed");
		segment(!(type(data[i]) & 8) || (type(data[i]) & 2), "code segment as data is readable");
	}
	for (unsigned n = ES; n <= GS; n++) {
		if (n != CS && !is_usable(n))
			continue;
		segment(access(n) & ONE(4), "S is clear");
		segment(access(n) & ONE(7), "P is clear");
		check_limit(n);
	}
}

static void check_system_segments(void) {
	bool is_long = F(0x4012) & ONE(9);

	segment(!(selector(TR) & 4), "TR: selector");
	segment(is_canonical(base(TR)), "TR: base");
	segment(type(TR) == 11 || (!is_long && type(TR) == 3), "TR: type");
	segment(!(access(TR) & ONE(4)) && (access(TR) & ONE(7)) && is_usable(TR), "TR: S, P, usable");
	check_limit(TR);
	if (is_usable(LDTR)) {
		segment(!(selector(LDTR) & 4), "LDTR: selector");
		segment(is_canonical(base(LDTR)), "LDTR: base");
		segment(type(LDTR) == 2 && !(access(LDTR) & ONE(4)) && (access(LDTR) & ONE(7)), "LDTR: access rights");
		check_limit(LDTR);
	}
}

static void check_segments(void) {
	segment(is_canonical(base(FS)) && is_canonical(base(GS)), "FS or GS base");
	segment(base(CS) >> 32 == 0, "CS base");
	for (unsigned n = ES; n <= DS; n++)
		segment(n == CS || !is_usable(n) || base(n) >> 32 == 0, "a base above 4 GiB");
	if (F(0x6820) & ONE(17)) {
		check_virtual_8086();
	} else {
		check_code();
		check_data();
	}
	check_system_segments();
}

/* --- 27.3.1.3 to 27.3.1.6 --- */

static void check_rest(void) {
	uint64_t rflags = F(0x6820), blocking = F(0x4824), info = F(0x4016);
	bool is_64 = (F(0x4012) & ONE(9)) && (access(CS) & ONE(13));
	unsigned event = info & ONE(31) ? info >> 8 & 7 : 8;
	bool is_shadow = blocking & 3;

	need(VMX_GUEST_TABLE, is_canonical(F(0x6816)) && is_canonical(F(0x6818)), "table base");
	need(VMX_GUEST_TABLE, F(0x4810) <= 0xffff && F(0x4812) <= 0xffff, "table limit");
	need(VMX_GUEST_RIP, is_64 ? is_canonical(F(0x681e)) : F(0x681e) >> 32 == 0, "RIP");
	need(VMX_GUEST_RIP, (rflags & ~0x3f7fd7ull) == 0 && (rflags & 2), "RFLAGS reserved bits");
	need(VMX_GUEST_FLAG_VM, !(rflags & ONE(17)) || (!(F(0x4012) & ONE(9)) && (F(0x6800) & 1)), "RFLAGS.VM");
	need(VMX_GUEST_FLAG_IF, event != 0 || (rflags & ONE(9)), "RFLAGS.IF for an interrupt");
	need(VMX_GUEST_OTHER, F(0x4826) == 0, "activity");
	need(VMX_GUEST_OTHER, (blocking & ~0x1full) == 0 && (blocking & 3) != 3, "blocking");
	need(VMX_GUEST_OTHER, (rflags & ONE(9)) || !(blocking & 1), "blocking by STI without IF");
	need(VMX_GUEST_OTHER, event != 0 || !is_shadow, "an interrupt in a shadow");
	need(VMX_GUEST_OTHER, event != 2 || (!is_shadow && !(blocking & 8)), "a blocked NMI");
	need(VMX_GUEST_OTHER, !is_shadow || ((F(0x6822) & ONE(14)) != 0) == ((rflags & ONE(8)) != 0),
	     "single step in a shadow");
	need(VMX_GUEST_OTHER, (F(0x6822) & ~0x1500full) == 0, "pending debug reserved bits");
	need(VMX_GUEST_OTHER, F(0x2800) == ~0ull, "VMCS link pointer");
	for (uint32_t pdpte = 0x280a; pdpte <= 0x2810; pdpte += 2)
		need(VMX_GUEST_OTHER, !(F(pdpte) & 1) || (F(pdpte) & 0x1e6) == 0, "PDPTE");
}

struct vmx_verdict vmx_oracle_judge(const struct vmx_machine *m) {
	machine = m;
	verdict = (struct vmx_verdict){VMX_ACCEPTED, NULL};
	check_controls();
	check_host();
	check_guest_control();
	check_segments();
	check_rest();
	return verdict;
}
