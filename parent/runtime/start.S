/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Entry of every VP of the parent (hv_abi/boot_info.h): RDI = boot info,
 * RSI = VP index, no stack. Takes the VP's slice of the stacks and goes to C.
 */
#include "runtime/vp_local.h"

	.section .text.entry, "ax"
	.globl parent_entry
	.type parent_entry, @function
parent_entry:
	cld
	cmp $VP_LOCAL_MAX, %esi
	jae 1f
	mov %esi, %esi
	lea 1(%rsi), %rax
	imul $VP_STACK_SIZE, %rax, %rax
	mov $vp_stacks, %rsp
	add %rax, %rsp
	xor %ebp, %ebp
	push $0
	push $0
	call parent_start
1:	ud2

	.section .bss.stacks, "aw", @nobits
	.balign 4096
	.globl vp_stacks
vp_stacks:
	.skip VP_STACK_SIZE * VP_LOCAL_MAX

	.section .note.GNU-stack, "", @progbits
