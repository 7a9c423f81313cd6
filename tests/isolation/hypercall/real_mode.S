/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What another VP runs in real mode, copied to REAL_MODE_PAGE: a hypercall (the test
 * puts VMCALL there on Intel), whose #UD arrives by the interrupt vector table at 0. The byte at offset 0x100 of the
 * page tells what happened: 1 #UD at the instruction, 2 it was carried out,
 * 3 #UD elsewhere.
 */
	.text
	.code16
	.globl hypercall_real_mode, hypercall_real_mode_call, hypercall_real_mode_end
hypercall_real_mode:
	cli
	cld
	xor %ax, %ax
	mov %ax, %ss
	mov $0x7000, %sp
	mov %cs, %ax
	mov %ax, %ds
	xor %bx, %bx
	mov %bx, %es
	movw $undefined - hypercall_real_mode, %es:6 * 4
	mov %cs, %es:6 * 4 + 2
	mov $0x8, %eax
	xor %edx, %edx
hypercall_real_mode_call:
	vmmcall
	movb $2, 0x100
stop:	hlt
	jmp stop
undefined:
	pop %ax
	cmp $hypercall_real_mode_call - hypercall_real_mode, %ax
	jne elsewhere
	movb $1, 0x100
	jmp stop
elsewhere:
	movb $3, 0x100
	jmp stop
hypercall_real_mode_end:

	.code64
	.globl hypercall_user_vmmcall, hypercall_user_vmcall
hypercall_user_vmmcall:
	vmmcall
	ud2
hypercall_user_vmcall:
	vmcall
	ud2

	.section .note.GNU-stack, "", @progbits
