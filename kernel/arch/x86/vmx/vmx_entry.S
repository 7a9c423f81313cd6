/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * vmx_enter(gpr, is_launched): the world switch on the current VMCS
 * [SDM 3C 27 "VM Entries"]. 0: the guest ran, or its state was refused, and
 * vmx_exit_point was reached; 1: the instruction failed on a control field.
 *
 * Fifteen general registers each way are all that is paid here: RSP travels in
 * the VMCS. Interrupts are off: external ones exit whatever the guest's IF.
 */
#include "arch/x86/vp_gprs.S"

	.set	VMCS_HOST_RSP, 0x6c14

	.text
	.globl	vmx_enter
	.type	vmx_enter, @function
vmx_enter:
	push_host
	movl	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	testl	%esi, %esi
	movq	(%rdi), %rax
	load_guest
	jnz	1f
	vmlaunch
	jmp	2f
1:	vmresume
2:	/* Failed: the stack is as it was, the registers are the guest's. */
	popq	%rdi
	movl	$1, %eax
	jmp	3f

	.globl	vmx_exit_point
vmx_exit_point:
	pushq	%rdi
	movq	8(%rsp), %rdi
	movq	%rax, (%rdi)
	save_guest %rdi
	popq	56(%rdi)
	popq	%rdi
	xorl	%eax, %eax
3:	pop_host
	ret
	.size	vmx_enter, . - vmx_enter
	.section .note.GNU-stack, "", @progbits
