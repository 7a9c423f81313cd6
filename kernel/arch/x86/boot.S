/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The first instructions of bring-up on the boot processor: from the loader's state
 * (loader/handoff.h) onto the kernel's boot stack.
 */
	.section .text
	.globl	kernel_entry
	.type	kernel_entry, @function
kernel_entry:
	cli
	cld
	leaq	boot_stack_end(%rip), %rsp
	/* The first word of a stack leads to its cpu (core/cpu.h). */
	leaq	cpus(%rip), %rax
	movq	%rax, boot_stack(%rip)
	xorl	%ebp, %ebp
	pushq	$0
	jmp	boot_main

	.section .bss
	.p2align 14
boot_stack:
	.skip	16384
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
