/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Control registers: what the guest reads, what the processor has, what exits do. */
#include "arch/x86/vmx/vmx_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <hv_abi/registers.h>
#include "arch/x86/vmx/vmcs.h"
#include "oracle/vmx_vmcs.h"

/* Exit qualifications: number, kind << 4, register << 8. */
#define MOV_TO(n, gpr)   ((n) | (unsigned)(gpr) << 8)
#define MOV_FROM(n, gpr) ((n) | 0x10u | (unsigned)(gpr) << 8)
#define CLTS             0x20u
#define LMSW(source)     (0x30u | (unsigned)(source) << 16)

static uint64_t gpr[HV_GPR_COUNT];
static struct vp_hw hw;
static struct vmx_vp *const vp = (struct vmx_vp *)hw.vendor;

static int fresh_vp(void **state) {
	(void)state;
	vmx_vmcs_clear();
	hw = (struct vp_hw){.gpr = gpr};
	for (unsigned i = 0; i < HV_GPR_COUNT; i++)
		gpr[i] = 0xdeadbeef00000000ull + i;
	vmcs_write(VMCS_ENTRY_CONTROLS, VMX_ENTRY_LONG_MODE);
	vmcs_write(VMCS_GUEST_ES_ACCESS + 2 * VP_CS, 0x9b | SEGMENT_L);
	vmx_cr0_set(vp, CR0_PE | CR0_ET | CR0_PG);
	vmx_cr4_set(CR4_PAE);
	return 0;
}

enum outcome { SKIP, AGAIN, FAULT, CORE_JUDGES };

/* What becomes of an access by an instruction of three bytes. */
static enum outcome access(uint64_t qualification) {
	const struct vp_exit exit = {.reason = VP_EXIT_CR, .instruction_length = 3};
	enum vp_exit_reason reason;
	uint64_t skipped;

	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmcs_write(VMCS_GUEST_RIP, 0x1000);
	reason = vmx_cr_access(&hw, qualification, &exit);
	skipped = vmcs_read(VMCS_GUEST_RIP) - 0x1000;
	if (skipped != 0) {
		assert_int_equal(reason, VP_EXIT_NONE);
		assert_int_equal(skipped, 3);
		return SKIP;
	}
	if (reason == VP_EXIT_NONE)
		return AGAIN;
	if (reason == VP_EXIT_PRIVILEGED)
		return FAULT;
	assert_int_equal(reason, VP_EXIT_CR);
	return CORE_JUDGES;
}

static void the_guest_reads_the_cr0_that_it_wrote(void **state) {
	const uint64_t value = CR0_CD | CR0_NW | CR0_ET;

	(void)state;
	vmx_cr0_set(vp, value);
	assert_int_equal(vmx_cr0_get(), value);
	/* VMX wants NE; caching is the host's. */
	assert_int_equal(vmcs_read(VMCS_GUEST_CR0), CR0_ET | CR0_NE);
	assert_int_equal(vmcs_read(VMCS_CR0_MASK), CR0_CD | CR0_NW | CR0_NE);
}

static void an_armed_fpu_trap_is_not_seen(void **state) {
	(void)state;
	vp->traps_fpu = true;
	vmx_cr0_set(vp, CR0_PE);
	assert_int_equal(vmx_cr0_get(), CR0_PE);
	assert_int_equal(vmcs_read(VMCS_GUEST_CR0), CR0_PE | CR0_NE | CR0_TS);
	vp->traps_fpu = false;
	vmx_cr0_set(vp, vmx_cr0_get());
	assert_int_equal(vmcs_read(VMCS_GUEST_CR0), CR0_PE | CR0_NE);
}

static void cr4_has_vmxe_and_mce_that_the_guest_does_not_see(void **state) {
	(void)state;
	vmx_cr4_set(CR4_PAE | CR4_OSXSAVE);
	assert_int_equal(vmx_cr4_get(), CR4_PAE | CR4_OSXSAVE);
	assert_int_equal(vmcs_read(VMCS_GUEST_CR4), CR4_PAE | CR4_OSXSAVE | CR4_MCE | 0x2000);
	/* Its own bits change without an exit. */
	vmcs_write(VMCS_GUEST_CR4, vmcs_read(VMCS_GUEST_CR4) | 0x80);
	assert_int_equal(vmx_cr4_get(), CR4_PAE | CR4_OSXSAVE | 0x80);
	assert_int_equal(vmcs_read(VMCS_CR4_MASK) & 0x80, 0);
}

static void a_write_of_cr0_moves_the_shadow_and_runs_again(void **state) {
	(void)state;
	gpr[HV_RBX] = CR0_PE | CR0_PG | CR0_ET | CR0_NE | CR0_CD;
	assert_int_equal(access(MOV_TO(0, HV_RBX)), AGAIN);
	/* Bits that the guest owns are left to the processor. */
	assert_int_equal(vmcs_read(VMCS_CR0_SHADOW) & vmcs_read(VMCS_CR0_MASK), CR0_NE | CR0_CD);
	assert_int_equal(vmcs_read(VMCS_GUEST_CR0), CR0_PE | CR0_PG | CR0_ET | CR0_NE);
}

static void an_illegal_cr0_faults_and_changes_nothing(void **state) {
	static const uint64_t values[] = {CR0_PE | CR0_PG | CR0_NW, CR0_PG | CR0_CD, CR0_PE | CR0_CD | 1ull << 32};
	const uint64_t old = vmx_cr0_get();

	(void)state;
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		gpr[HV_RAX] = values[i];
		assert_int_equal(access(MOV_TO(0, HV_RAX)), FAULT);
		assert_int_equal(vmx_cr0_get(), old);
	}
}

static void outside_64_bit_mode_only_half_a_register_is_written(void **state) {
	(void)state;
	vmcs_write(VMCS_GUEST_ES_ACCESS + 2 * VP_CS, 0x9b | SEGMENT_D);
	gpr[HV_RAX] = 0xffffffff00000000ull | CR0_PE | CR0_CD;
	assert_int_equal(access(MOV_TO(0, HV_RAX)), AGAIN);
}

static void cr8_is_the_task_priority(void **state) {
	(void)state;
	gpr[HV_R9] = 7;
	assert_int_equal(access(MOV_TO(8, HV_R9)), SKIP);
	assert_int_equal(hw.cr8, 7);
	assert_int_equal(access(MOV_FROM(8, HV_RSP)), SKIP);
	assert_int_equal(gpr[HV_RSP], 7);
	gpr[HV_R9] = 16;
	assert_int_equal(access(MOV_TO(8, HV_R9)), FAULT);
	assert_int_equal(hw.cr8, 7);
}

static void cr4_is_for_core_to_judge(void **state) {
	(void)state;
	gpr[HV_RAX] = CR4_PAE | CR4_OSXSAVE;
	assert_int_equal(access(MOV_TO(4, HV_RAX)), CORE_JUDGES);
	assert_int_equal(vmx_cr4_get(), CR4_PAE);
}

static void clts_and_lmsw_change_what_the_guest_sees(void **state) {
	(void)state;
	vp->traps_fpu = true;
	vmx_cr0_set(vp, CR0_PE | CR0_TS | CR0_MP);
	assert_int_equal(access(CLTS), SKIP);
	assert_int_equal(vmx_cr0_get(), CR0_PE | CR0_MP);
	/* LMSW sets PE, MP, EM, TS and cannot clear PE. */
	assert_int_equal(access(LMSW(0x8)), AGAIN);
	assert_int_equal(vmcs_read(VMCS_CR0_SHADOW), CR0_PE | CR0_TS);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_guest_reads_the_cr0_that_it_wrote, fresh_vp),
	    cmocka_unit_test_setup(an_armed_fpu_trap_is_not_seen, fresh_vp),
	    cmocka_unit_test_setup(cr4_has_vmxe_and_mce_that_the_guest_does_not_see, fresh_vp),
	    cmocka_unit_test_setup(a_write_of_cr0_moves_the_shadow_and_runs_again, fresh_vp),
	    cmocka_unit_test_setup(an_illegal_cr0_faults_and_changes_nothing, fresh_vp),
	    cmocka_unit_test_setup(outside_64_bit_mode_only_half_a_register_is_written, fresh_vp),
	    cmocka_unit_test_setup(cr8_is_the_task_priority, fresh_vp),
	    cmocka_unit_test_setup(cr4_is_for_core_to_judge, fresh_vp),
	    cmocka_unit_test_setup(clts_and_lmsw_change_what_the_guest_sees, fresh_vp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
