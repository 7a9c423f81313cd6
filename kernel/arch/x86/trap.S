/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * 256 entry points, 16 bytes apart. Each makes a struct trap_frame (trap.h), whether or not the
 * processor pushes an error code [SDM 3A 6.14 "Exception and Interrupt Handling
 * in 64-bit Mode"], and calls trap_dispatch. No SWAPGS: the kernel needs no GS.
 */
	.section .text

	.p2align 4
	.globl	trap_stubs
trap_stubs:
	.set	vector, 0
	.rept	256
	.p2align 4
	/* Exceptions with an error code: 8, 10..14, 17, 21, 29, 30. */
	.if !((vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || \
	      (vector == 21) || (vector == 29) || (vector == 30))
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr

	.p2align 4
trap_common:
	.irp	register, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	pushq	%\register
	.endr
	cld
	/* The processor aligned RSP by 16 before it pushed five words; with the
	 * seventeen of ours it is aligned again for the call. */
	movq	%rsp, %rdi
	call	trap_dispatch
	.irp	register, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax
	popq	%\register
	.endr
	addq	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
