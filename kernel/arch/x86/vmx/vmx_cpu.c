/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Turning VMX on [SDM 3C 24.7 "Enabling and Entering VMX Operation"], access to
 * VMCSs [SDM 3C 25.1 "Overview"] and what the processor caches of translations
 * [SDM 3C 29.4 "Caching Translation Information"].
 */
#include "arch/x86/vmx/vmx_cpu.h"

#include "arch/x86/insn.h"
#include "arch/x86/trap.h"
#include "core/boot.h"
#include "core/cpu.h"
#include "lib/string.h"

#define CPUID_1_ECX_VMX        (1u << 5)
#define CPUID_EDX_1G_PAGES     (1u << 26)
#define BASIC_REVISION         0x7fffffffull
#define BASIC_HAS_TRUE         (1ull << 55)
#define SECONDARY_CONTROLS     (1ull << 63)    /* may be 1 in the primary ones */
#define EPT_AND_VPID           0x2200000000ull /* may be 1 in the secondary ones */
#define MSR_FEATURE_CONTROL    0x3au
#define FEATURE_CONTROL_LOCKED 0x1ull
#define FEATURE_CONTROL_VMX    0x4ull /* outside SMX */
#define MSR_VMX_BASIC          0x480u
#define MSR_VMX_CR0_FIXED0     0x486u /* FIXED1 follows */
#define MSR_VMX_CR4_FIXED0     0x488u
#define MSR_VMX_SECONDARY      0x48bu
#define MSR_VMX_EPT_VPID       0x48cu

#define INVALIDATE_SINGLE      1u
#define INVALIDATE_ALL         2u

struct vmx_cpu vmx_cpus[MAX_CPUS];
struct vmx_controls vmx_controls;
uint32_t vmx_revision;

extern const char vmx_exit_point[];

/* In line everywhere: the whole price of an exit is in these two. */
extern inline __attribute__((always_inline)) uint64_t vmcs_read(enum vmcs_field field) {
	uint64_t value = 0;

	check(vmread(field, &value));
	return value;
}

extern inline __attribute__((always_inline)) void vmcs_write(enum vmcs_field field, uint64_t value) {
	check(vmwrite(field, value));
}

/* MSRs of the words, in the order of enum vmx_word; the TRUE ones lie 12 higher
 * [SDM 3D A.2 "Reserved Controls and Default Settings"]. */
static void read_capabilities(struct vmx_capabilities *c) {
	uint32_t set = rdmsr(MSR_VMX_BASIC) & BASIC_HAS_TRUE ? 0x48d : 0x481;
	uint64_t ept_vpid = 0;

	*c = (struct vmx_capabilities){{rdmsr(set), rdmsr(set + 1), 0, rdmsr(set + 2), rdmsr(set + 3)}};
	if (c->word[VMX_WORD_PRIMARY] & SECONDARY_CONTROLS)
		c->word[VMX_WORD_SECONDARY] = rdmsr(MSR_VMX_SECONDARY);
	if (c->word[VMX_WORD_SECONDARY] & EPT_AND_VPID)
		ept_vpid = rdmsr(MSR_VMX_EPT_VPID);
	c->word[VMX_WORD_EPT] = ept_vpid << 32;
	c->word[VMX_WORD_VPID] = ept_vpid >> 32 << 32;
}

static bool is_fixed_right(uint64_t value, uint32_t msr) {
	uint64_t fixed0 = rdmsr(msr);

	return (value & fixed0) == fixed0 && (value & ~rdmsr(msr + 1)) == 0;
}

/* Core takes 1 GiB leaves where the processor has 1 GiB pages of its own. */
static const char *missing(struct vmx_controls *controls) {
	struct vmx_capabilities capabilities;
	const char *lacking;

	read_capabilities(&capabilities);
	lacking = vmx_controls_compute(&capabilities, controls);
	if (lacking != NULL)
		return lacking;
	if ((cpuid(0x80000001, 0).edx & CPUID_EDX_1G_PAGES) && !(controls->word[VMX_WORD_EPT] & VMX_EPT_1G))
		return "EPT leaves of 1 GiB";
	if (!is_fixed_right(read_cr0(), MSR_VMX_CR0_FIXED0) ||
	    !is_fixed_right(read_cr4() | CR4_VMXE, MSR_VMX_CR4_FIXED0))
		return "operation with the kernel's CR0 and CR4";
	return NULL;
}

static bool unlock(void) {
	uint64_t control = rdmsr(MSR_FEATURE_CONTROL);

	if (!(control & FEATURE_CONTROL_LOCKED)) {
		control |= FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX;
		wrmsr(MSR_FEATURE_CONTROL, control);
	}
	return control & FEATURE_CONTROL_VMX;
}

static bool enter_vmx(struct vmx_cpu *vmx) {
	*(uint32_t *)frame_pointer(spa_to_sfn(vmx->region)) = vmx_revision;
	write_cr4(read_cr4() | CR4_VMXE);
	if (!vmxon(vmx->region.v))
		return false;
	vmx->is_on = true;
	for (uint32_t i = 0; i < SYSCALL_MSRS; i++)
		vmx->syscall[i] = rdmsr(MSR_STAR + i);
	vp_hw_flush_all();
	/* What an earlier user of VMX left. */
	return invvpid(INVALIDATE_ALL, 0);
}

const char *vp_hw_cpu_enable(struct cpu *cpu) {
	struct vmx_cpu *vmx = &vmx_cpus[cpu->index];
	struct vmx_controls controls;
	const char *lacking;

	if (vmx->is_on)
		return NULL;
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_VMX))
		return "VMX (CPUID 1 ECX bit 5)";
	if (!unlock())
		return "VMX enabled by firmware (IA32_FEATURE_CONTROL)";
	lacking = missing(&controls);
	if (lacking != NULL)
		return lacking;
	if (vmx_revision == 0) {
		vmx_revision = (uint32_t)(rdmsr(MSR_VMX_BASIC) & BASIC_REVISION);
		vmx_controls = controls;
	}
	if (memcmp(&vmx_controls, &controls, sizeof(controls)) != 0)
		return "VMX like the boot processor's";
	return enter_vmx(vmx) ? NULL : "a VMXON that succeeds";
}

void vmx_cpu_host(void) {
	struct segments *own = &segments[this_cpu()->index];

	vmx_setup_host(rdmsr(MSR_EFER), (const uint64_t[VMCS_HOST_NATURAL_COUNT]){
	                                    read_cr0(),
	                                    read_cr3(),
	                                    read_cr4(),
	                                    0,
	                                    0,
	                                    (uint64_t)&own->tss,
	                                    (uint64_t)own->gdt,
	                                    (uint64_t)segments_idt,
	                                    0,
	                                    0,
	                                    0,
	                                    (uint64_t)vmx_exit_point,
	                                });
}

void vmx_cpu_select(const struct vp_hw *hw) {
	struct vmx_cpu *vmx = &vmx_cpus[this_cpu()->index];

	if (vmx->current == hw)
		return;
	check(vmptrld(hw->control_spa.v));
	vmx->current = hw;
}

void vmx_cpu_release(const struct vp_hw *hw) {
	struct vmx_cpu *vmx = &vmx_cpus[this_cpu()->index];

	check(vmclear(hw->control_spa.v));
	vmx_vp_of(hw)->is_launched = false;
	if (vmx->current == hw)
		vmx->current = NULL;
}

/* This covers every VPID. */
void vmx_cpu_flush(const struct vp_hw *hw) {
	if (vmx_controls.word[VMX_WORD_EPT] & VMX_EPT_INVEPT_SINGLE)
		check(invept(INVALIDATE_SINGLE, vmx_ept_pointer(hw)));
	else
		vp_hw_flush_all();
}

void vp_hw_flush_all(void) { check(invept(INVALIDATE_ALL, 0)); }
