/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * 256 entries of the IDT, all of 16 bytes, that bring the stack into the shape of
 * struct guest_frame; and the two ends of guest_try.
 */
	.text
	.balign 16
	.globl guest_trap_entries
guest_trap_entries:
	vector = 0
	.rept 256
	.balign 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	push $0
	.endif
	push $vector
	jmp trap_common
	vector = vector + 1
	.endr

trap_common:
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	mov %rsp, %rdi
	mov %rsp, %rbx
	and $-16, %rsp
	call guest_trap
	mov %rbx, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq

/* bool guest_catch(struct guest_catch *point, void (*f)(void *), void *argument):
 * true once f has returned, false after guest_catch_throw(point). */
	.globl guest_catch
guest_catch:
	mov %rbx, 0(%rdi)
	mov %rbp, 8(%rdi)
	mov %r12, 16(%rdi)
	mov %r13, 24(%rdi)
	mov %r14, 32(%rdi)
	mov %r15, 40(%rdi)
	mov %rsp, 48(%rdi)
	mov %rsi, %rax
	mov %rdx, %rdi
	sub $8, %rsp
	call *%rax
	add $8, %rsp
	mov $1, %eax
	ret

	.globl guest_catch_throw
guest_catch_throw:
	mov 0(%rdi), %rbx
	mov 8(%rdi), %rbp
	mov 16(%rdi), %r12
	mov 24(%rdi), %r13
	mov 32(%rdi), %r14
	mov 40(%rdi), %r15
	mov 48(%rdi), %rsp
	xor %eax, %eax
	ret

	.section .note.GNU-stack, "", @progbits
