/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Instructions whose addresses the tests know. */
	.text
	/* One instruction per line; a function each: name, then the instruction. */
	.macro one name:req, instruction:vararg
	.globl code_\name
code_\name:
	\instruction
	ret
	.endm

	one vmrun, vmrun
	one vmload, vmload
	one vmsave, vmsave
	one stgi, stgi
	one clgi, clgi
	one skinit, skinit
	one invlpga, invlpga
	one vmxoff, vmxoff
	one vmlaunch, vmlaunch
	one monitor, monitor
	one mwait, mwait
	one rsm, rsm
	one rdpru, .byte 0x0f, 0x01, 0xfd
	one invd, invd
	one wbinvd, wbinvd
	one rdpmc, rdpmc

	/* code_step: TF is set by POPF; #DB comes after each of the instructions
	 * that follow. RDI: index of the instruction to step over. */
	.globl code_step, code_step_after
	.macro step_over number:req, instruction:vararg
	cmp $\number, %edi
	jne 1f
	push %rbx
	pushf
	orq $0x100, (%rsp)
	popf
	\instruction
	.pushsection .rodata.step, "a"
	.quad 2f
	.popsection
2:	nop
	pop %rbx
	ret
1:
	.endm
	.section .rodata.step, "a"
	.balign 8
code_step_after:
	.text
code_step:
	mov $0x40000000, %eax
	xor %ecx, %ecx
	step_over 0, cpuid
	mov $0x174, %ecx
	step_over 1, rdmsr
	mov $0x10, %ecx /* the TSC: intercepted, writes are ignored */
	xor %eax, %eax
	xor %edx, %edx
	step_over 2, wrmsr
	mov $0xffff, %ecx /* no such call */
	step_over 3, vmmcall
	mov $0x80, %dx
	step_over 4, in %dx, %al
	step_over 5, out %al, %dx
	step_over 6, wbinvd
	mov $0x40000020, %ecx /* the reference counter */
	step_over 7, rdmsr
	mov $0xe0000000, %edx /* nobody's memory */
	step_over 8, mov (%rdx), %eax
	step_over 9, hlt
	mov $0xffff, %ecx
	step_over 10, vmcall
	ud2

	.globl code_step_bad_wrmsr, code_step_bad_wrmsr_at
code_step_bad_wrmsr:
	mov $0x40000002, %ecx /* VP index: read only */
	pushf
	orq $0x100, (%rsp)
	popf
code_step_bad_wrmsr_at:
	wrmsr
	ret

	.globl code_user_in, code_user_hlt, code_user_rdmsr, code_user_cpuid, code_user_cpuid_end
	.globl code_user_wbinvd, code_user_xsetbv
code_user_in:
	in $0x80, %al
code_user_hlt:
	hlt
code_user_rdmsr:
	mov $0x40000020, %ecx
	rdmsr
code_user_cpuid:
	mov $0x40000000, %eax
	cpuid
code_user_cpuid_end:
	ud2
code_user_wbinvd:
	wbinvd
code_user_xsetbv:
	xor %ecx, %ecx
	mov $7, %eax
	xor %edx, %edx
	xsetbv

	/* Longest and prefixed encodings. */
	one prefixed_cpuid, .byte 0x66, 0x2e, 0x3e, 0x48, 0x0f, 0xa2

	.section .note.GNU-stack, "", @progbits
