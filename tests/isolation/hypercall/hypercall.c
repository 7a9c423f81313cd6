/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: a child gets the documented status for every malformed, unknown or
 * forbidden hypercall, and nothing happens [TLFS "Hypercall Interface"]. The
 * table of malformed calls is made from calls.def, so it cannot drift. The VM
 * has two VPs: the second one calls from real mode.
 */
#include <guest/apic.h>
#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/hypercall.h>
#include <guest/test.h>
#include <guest/time.h>
#include <hv_abi/cpuid.h>
#include <hv_abi/msr.h>
#include <hv_abi/privileges.h>
#include "user_mode.h"
#include "vendor.h"

#define PAGE           4096u
#define REAL_MODE_PAGE 0x9000u
#define REP(count)     ((uint64_t)(count) << HV_CONTROL_REP_COUNT_SHIFT)
#define START(index)   ((uint64_t)(index) << HV_CONTROL_REP_START_SHIFT)

struct row {
	const char *name;
	uint64_t privilege;
	uint32_t in, rep_in, out, rep_out;
	uint16_t code;
	enum guest_call_form form;
};

static const struct row rows[] = {
#define HV_CALL(NAME, name, code, privilege, target, form, in, rep_in, out, rep_out)                                   \
	{#name, HV_PRIVILEGE_##privilege, in, rep_in, out, rep_out, code, GUEST_CALL_##form},
#include <hv_abi/calls.def>
#undef HV_CALL
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

extern const uint8_t hypercall_real_mode[], hypercall_real_mode_call[], hypercall_real_mode_end[],
    hypercall_user_vmmcall[], hypercall_user_vmcall[];

static uint8_t in_page[PAGE] __attribute__((aligned(4096)));
static uint8_t out_page[PAGE] __attribute__((aligned(4096)));

static bool is_rep(const struct row *row) {
	return row->form == GUEST_CALL_REP || row->form == GUEST_CALL_REP_VARIABLE;
}

static bool is_simple(const struct row *row) {
	return row->form == GUEST_CALL_SIMPLE || row->form == GUEST_CALL_SIMPLE_VARIABLE;
}

static bool has_variable_header(const struct row *row) { return row->form >= GUEST_CALL_SIMPLE_VARIABLE; }

/* What a guest is shown may be called: tests/isolation/broadcast does. */
static bool is_hinted(const struct row *row) {
	uint64_t rights = hv_privileges_of_hints(guest_cpuid(HV_CPUID_HINTS, 0).eax);

	return row->privilege != HV_PRIVILEGE_NONE && (row->privilege & ~rights) == 0;
}

static bool is_known(uint32_t code) {
	for (unsigned i = 0; i < ROWS; i++)
		if (rows[i].code == code)
			return true;
	return false;
}

static uint64_t call(uint64_t control) { return guest_hypercall(control, (uintptr_t)in_page, (uintptr_t)out_page); }

/* Each failing call is made twice: an error must leave nothing behind. */
static void expect_status(const char *name, uint64_t control, uint64_t status) {
	for (unsigned i = 0; i < 2; i++) {
		uint64_t result = call(control);

		if (result != status)
			guest_test_fail("%s, control 0x%llx: 0x%llx, not 0x%llx", name, (unsigned long long)control,
			                (unsigned long long)result, (unsigned long long)status);
	}
}

/* A control word that fits the call's form. */
static uint64_t well_formed(const struct row *row) {
	if (is_rep(row))
		return row->code | REP(1);
	if (row->form == GUEST_CALL_REGISTER)
		return row->code | HV_CONTROL_FAST;
	return row->code;
}

GUEST_TEST("the hypercall page comes up") { expect(guest_hypercall_setup()); }

GUEST_TEST("every unknown call code is refused as such, in every form") {
	for (uint32_t code = 0; code <= 0xffff; code++)
		if (!is_known(code))
			expect_status("unknown call", code, HV_STATUS_INVALID_HYPERCALL_CODE);
	for (uint32_t code = 0; code <= 0xffff; code += 7)
		if (!is_known(code)) {
			expect_status("unknown call", code | HV_CONTROL_FAST | REP(0xfff),
			              HV_STATUS_INVALID_HYPERCALL_CODE);
			expect_status("unknown call", code | HV_CONTROL_RESERVED, HV_STATUS_INVALID_HYPERCALL_CODE);
		}
}

GUEST_TEST("every reserved bit, nesting, and a variable header that is none or too large, are refused for every call") {
	for (unsigned i = 0; i < ROWS; i++) {
		uint64_t good = well_formed(&rows[i]);

		for (unsigned bit = 17; bit < 64; bit++) {
			uint64_t flag = 1ull << bit;

			if (has_variable_header(&rows[i]) && (flag & HV_CONTROL_VARHEAD_MASK) && bit < 26)
				continue; /* it may have so many words */
			if (flag & (HV_CONTROL_RESERVED | HV_CONTROL_NESTED | HV_CONTROL_VARHEAD_MASK))
				expect_status(rows[i].name, good | flag, HV_STATUS_INVALID_HYPERCALL_INPUT);
		}
	}
}

GUEST_TEST("rep count and start that do not fit the form are refused for every call") {
	for (unsigned i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		uint64_t bad = HV_STATUS_INVALID_HYPERCALL_INPUT;

		if (!is_rep(row)) {
			expect_status(row->name, well_formed(row) | REP(1), bad);
			expect_status(row->name, well_formed(row) | REP(0xfff), bad);
			expect_status(row->name, well_formed(row) | START(1), bad);
			continue;
		}
		expect_status(row->name, row->code, bad);
		expect_status(row->name, row->code | REP(1) | START(1), bad);
		expect_status(row->name, row->code | REP(2) | START(0xfff), bad);
		expect_status(row->name, row->code | REP(1) | HV_CONTROL_FAST, bad);
		if (row->in + 0xfff * row->rep_in > PAGE || row->out + 0xfff * row->rep_out > PAGE)
			expect_status(row->name, row->code | REP(0xfff), bad);
	}
}

GUEST_TEST("fast calls that do not fit two registers are refused, and slow register calls") {
	for (unsigned i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (row->form == GUEST_CALL_REGISTER)
			expect_status(row->name, row->code, HV_STATUS_INVALID_HYPERCALL_INPUT);
		else if (is_simple(row) && (row->in > 16 || row->out != 0))
			expect_status(row->name, row->code | HV_CONTROL_FAST, HV_STATUS_INVALID_HYPERCALL_INPUT);
	}
}

GUEST_TEST("every call of the parent is denied to a child and writes no output") {
	unsigned denied = 0;
	unsigned open = 0;

	for (unsigned i = 0; i < PAGE; i++) {
		in_page[i] = 0xff; /* "self" wherever an id is asked for */
		out_page[i] = 0x5a;
	}
	for (unsigned i = 0; i < ROWS; i++) {
		if (rows[i].privilege == HV_PRIVILEGE_NONE || is_hinted(&rows[i]) ||
		    rows[i].privilege == HV_PRIVILEGE_POST_MESSAGES ||
		    rows[i].privilege == HV_PRIVILEGE_SIGNAL_EVENTS) {
			open++;
			continue;
		}
		expect_status(rows[i].name, well_formed(&rows[i]), HV_STATUS_ACCESS_DENIED);
		denied++;
	}
	expect_equal(denied, ROWS - open);
	/* The spin hint, what the full profile recommends, PostMessage and SignalEvent. */
	expect_equal(open, 9);
	for (unsigned i = 0; i < PAGE; i++)
		expect_equal(out_page[i], 0x5a);
}

static uint64_t spin_wait_at(uint64_t input) { return guest_hypercall(HV_CALL_NOTIFY_LONG_SPIN_WAIT, input, 0); }

GUEST_TEST("the call that every child may make succeeds, in memory and fast") {
	expect_equal(spin_wait_at((uintptr_t)in_page), HV_STATUS_SUCCESS);
	expect_equal(spin_wait_at((uintptr_t)in_page + PAGE - 8), HV_STATUS_SUCCESS);
	expect_equal(guest_hypercall(HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_CONTROL_FAST, 1, 0), HV_STATUS_SUCCESS);
	/* The hypercall page itself: read-only is good enough for input. */
	expect_equal(spin_wait_at(guest_rdmsr(HV_MSR_HYPERCALL) & ~0xfffull), HV_STATUS_SUCCESS);
}

GUEST_TEST("input that is misaligned or lies on no memory is refused") {
	static const uint64_t nowhere[] = {
	    0x40000000,         0xc0000000,         0xfec00000,         0xfee00000,        0xfffffff8, 0x100000000,
	    1ull << 39,         1ull << 40,         1ull << 46,         1ull << 47,        1ull << 51, 1ull << 52,
	    0x7ffffffffffffff8, 0x8000000000000000, 0xfffffffffffff000, 0xfffffffffffffff8};

	for (unsigned i = 1; i < 8; i++)
		expect_equal(spin_wait_at((uintptr_t)in_page + i), HV_STATUS_INVALID_ALIGNMENT);
	expect_equal(spin_wait_at((uintptr_t)in_page + PAGE - 4), HV_STATUS_INVALID_ALIGNMENT);
	expect_equal(spin_wait_at(~0ull), HV_STATUS_INVALID_ALIGNMENT);
	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
		for (unsigned n = 0; n < 2; n++)
			if (spin_wait_at(nowhere[i]) != HV_STATUS_INVALID_PARAMETER)
				guest_test_fail("input at 0x%llx: 0x%llx", (unsigned long long)nowhere[i],
				                (unsigned long long)spin_wait_at(nowhere[i]));
}

static uint64_t call_with_registers(const uint64_t before[9], uint64_t after[9]) {
	uint64_t rax = 0xaaaa;

#define CALL_WITH_REGISTERS(instruction)                                                                               \
	__asm__ volatile("mov 0(%[from]), %%rbx; mov 8(%[from]), %%rcx; mov 16(%[from]), %%rdx\n"                      \
	                 "mov 24(%[from]), %%rsi; mov 32(%[from]), %%rdi; mov 40(%[from]), %%r8\n"                     \
	                 "mov 48(%[from]), %%r9; mov 56(%[from]), %%r12; mov 64(%[from]), %%r15\n" instruction "\n"    \
	                 "mov %%rbx, 0(%[to]); mov %%rcx, 8(%[to]); mov %%rdx, 16(%[to])\n"                            \
	                 "mov %%rsi, 24(%[to]); mov %%rdi, 32(%[to]); mov %%r8, 40(%[to])\n"                           \
	                 "mov %%r9, 48(%[to]); mov %%r12, 56(%[to]); mov %%r15, 64(%[to])\n"                           \
	                 : "+a"(rax)                                                                                   \
	                 : [from] "r"(before), [to] "r"(after)                                                         \
	                 : "memory", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r12", "r15")
	if (is_intel())
		CALL_WITH_REGISTERS("vmcall");
	else
		CALL_WITH_REGISTERS("vmmcall");
#undef CALL_WITH_REGISTERS
	return rax;
}

GUEST_TEST("a hypercall changes RAX and no other register") {
	static const uint64_t before[9] = {0xbbbb, 0xfffe, 0xdddd, 0x5151, 0xd1d1, 0x8888, 0x9999, 0xcccc, 0xffff};
	uint64_t after[9];

	expect_equal(call_with_registers(before, after), HV_STATUS_INVALID_HYPERCALL_CODE);
	for (unsigned i = 0; i < 9; i++)
		expect_equal(after[i], before[i]);
}

GUEST_TEST("a hypercall at CPL 3 raises #UD") {
	const uint8_t *code = is_intel() ? hypercall_user_vmcall : hypercall_user_vmmcall;
	struct guest_fault fault;

	user_mode_run(code, 0, &fault);
	expect_equal(fault.vector, GUEST_UD);
	expect_equal(fault.rip, (uintptr_t)code);
}

GUEST_TEST("a hypercall in real mode raises #UD") {
	uint8_t *page = (uint8_t *)(uintptr_t)REAL_MODE_PAGE;
	volatile uint8_t *told;

	__asm__("" : "+r"(page)); /* an address, not an object of size 0 */
	told = page + 0x100;
	for (const uint8_t *from = hypercall_real_mode; from < hypercall_real_mode_end; from++)
		page[from - hypercall_real_mode] = *from;
	if (is_intel())
		page[hypercall_real_mode_call - hypercall_real_mode + 2] = 0xc1; /* VMCALL */
	*told = 0;
	guest_apic_send(0x4500, 1);
	guest_delay_us(10000);
	guest_apic_send(0x4600 | REAL_MODE_PAGE / PAGE, 1);
	for (unsigned i = 0; i < 5000 && *told == 0; i++)
		guest_delay_us(1000);
	expect_equal(*told, 1);
}

GUEST_TEST("the other vendor's hypercall instruction raises #UD") {
	static const uint8_t vmcall[] = {0x0f, 0x01, 0xc1, 0xc3};
	static const uint8_t vmmcall[] = {0x0f, 0x01, 0xd9, 0xc3};
	const uint8_t *code = is_intel() ? vmmcall : vmcall;
	struct guest_fault fault;

	expect(!guest_try((void (*)(void *))(uintptr_t)code, NULL, &fault));
	expect_equal(fault.vector, GUEST_UD);
}
