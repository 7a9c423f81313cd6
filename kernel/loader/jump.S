/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The last instructions of the loader: kernel/loader/handoff.h says in which
 * state the kernel is entered. This code and the stack are mapped identically
 * in both page tables, so CR3 may change in mid-flight.
 *
 * _Noreturn void jump_to_kernel(uint64_t root, uint64_t entry,
 *                               const struct handoff *handoff, uint64_t stack_end);
 */
	.text
	.globl	jump_to_kernel
	.hidden	jump_to_kernel
jump_to_kernel:
	cli
	cld
	movq	%rdi, %cr3
	movq	%rcx, %rsp
	movq	%rdx, %rdi
	xorl	%ebp, %ebp
	jmpq	*%rsi

	.section .note.GNU-stack, "", @progbits
