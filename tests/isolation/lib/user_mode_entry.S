/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The way to CPL 3; only an exception leads back, through the TSS's stack. */
	.text
	.globl user_mode_enter
user_mode_enter:
	mov %rsp, %rax
	and $-16, %rax
	mov %rax, user_mode_tss + 4
	push $0x23
	push 8(%rdi)
	push 16(%rdi)
	push $0x2b
	push 0(%rdi)
	iretq

	.section .note.GNU-stack, "", @progbits
