/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The general registers around a world switch, for each vendor's *_entry.S, which
 * includes this: the host's on the stack, the guest's in enum hv_gpr's order at gpr.
 */

	/* The host's, which the guest's replace; gpr, which is in RDI, is on top. */
	.macro	push_host
	.irp	r, rbp, rbx, r12, r13, r14, r15, rdi
	pushq	%\r
	.endr
	.endm

	/* All but gpr. */
	.macro	pop_host
	.irp	r, r15, r14, r13, r12, rbx, rbp
	popq	%\r
	.endr
	.endm

	/* All but RAX and RSP; RDI, which holds gpr, is the last. */
	.macro	load_guest
	movq	8(%rdi), %rcx
	movq	16(%rdi), %rdx
	movq	24(%rdi), %rbx
	movq	40(%rdi), %rbp
	movq	48(%rdi), %rsi
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	movq	8 * \n(%rdi), %r\n
	.endr
	movq	56(%rdi), %rdi
	.endm

	/* All but RAX, RSP and the register that holds gpr. */
	.macro	save_guest gpr
	movq	%rcx, 8(\gpr)
	movq	%rdx, 16(\gpr)
	movq	%rbx, 24(\gpr)
	movq	%rbp, 40(\gpr)
	movq	%rsi, 48(\gpr)
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	movq	%r\n, 8 * \n(\gpr)
	.endr
	.endm
