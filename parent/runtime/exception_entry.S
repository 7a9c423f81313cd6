/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Exceptions of the parent: 32 stubs that bring the stack into one shape and
 * go to exception_report, which never returns [APM2 8.9 "Long-Mode Interrupt
 * Control Transfers"]. All of them run on the VP's exception stack.
 */
	.text
/* Vectors with an error code: 8, 10-14, 17, 21, 29, 30. */
.macro stub vector
	.balign 16
	.if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30)
	.else
	push $0
	.endif
	push $\vector
	jmp exception_common
.endm

	.balign 16
	.globl exception_stubs
exception_stubs:
	.set vector_number, 0
	.rept 32
	stub vector_number
	.set vector_number, vector_number + 1
	.endr

exception_common:
	cld
	push %r15
	push %r14
	push %r13
	push %r12
	push %r11
	push %r10
	push %r9
	push %r8
	push %rdi
	push %rsi
	push %rbp
	push $0 /* the place of RSP, which the processor saved below */
	push %rbx
	push %rdx
	push %rcx
	push %rax
	mov %rsp, %rdi
	and $-16, %rsp
	call exception_report
	ud2

	.section .note.GNU-stack, "", @progbits
