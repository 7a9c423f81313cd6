/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * svm_enter(gpr, vmcb): the world switch [APM2 15.5 "VMRUN Instruction"].
 *
 * Fifteen general registers each way are all that is paid here: RAX and RSP
 * travel in the VMCB, FS, GS, TR and the syscall registers stay loaded
 * (vp_hw_svm.c moves them when another VP is entered).
 *
 * GIF is clear from CLGI until vp_hw_put sets it again, so no interrupt and no
 * NMI arrives while a guest's TR is loaded. IF must be set at VMRUN: with
 * V_INTR_MASKING it decides whether physical interrupts reach the host while
 * the guest runs [APM2 15.21.1 "V_INTR_MASKING"].
 */
#include "arch/x86/vp_gprs.S"

	.text
	.globl	svm_enter
	.type	svm_enter, @function
svm_enter:
	push_host
	movq	%rsi, %rax
	clgi
	sti
	load_guest
	vmrun	%rax
	cli
	movq	(%rsp), %rax
	movq	%rdi, 56(%rax)
	save_guest %rax
	popq	%rdi
	pop_host
	ret
	.size	svm_enter, . - svm_enter
	.section .note.GNU-stack, "", @progbits
