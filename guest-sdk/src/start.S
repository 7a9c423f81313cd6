/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Entry by Multiboot 1 in 32-bit mode, and by SIPI in real mode: both end in
 * 64-bit mode on a stack of their own, in guest_start_c(index).
 * [Multiboot 0.6.96 3.2 "Machine state"], [SDM 3A 9.8.5 "Initializing IA-32e Mode"].
 */
#include "stack.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x3
#define CODE64          0x08
#define DATA            0x10
#define CODE32          0x18
#define MSR_EFER        0xc0000080
#define EFER_LME        0x100
#define CR0_PE_MP_NE_WP_PG 0x80010023
#define CR4_PAE         0x20

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.code32
	.globl guest_start
guest_start:
	cld
	mov %ebx, guest_multiboot_info
	mov %eax, guest_multiboot_magic
	lgdt guest_gdt_pointer
	ljmp $CODE32, $1f
1:	mov $DATA, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss

	/* Identity map of 4 GiB by 2 MiB pages. */
	movl $pdpt + 3, pml4
	mov $page_directories + 3, %eax
	xor %ecx, %ecx
2:	mov %eax, pdpt(, %ecx, 8)
	add $0x1000, %eax
	inc %ecx
	cmp $4, %ecx
	jne 2b
	mov $0x83, %eax
	xor %ecx, %ecx
3:	mov %eax, page_directories(, %ecx, 8)
	add $0x200000, %eax
	inc %ecx
	cmp $2048, %ecx
	jne 3b
	xor %edi, %edi

/* EDI is the VP's index; flat 32-bit segments. */
enter_64_bit_mode:
	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $pml4, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov $CR0_PE_MP_NE_WP_PG, %eax
	mov %eax, %cr0
	ljmp $CODE64, $4f

	.code64
4:	mov $DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	lea 1(%rdi), %eax
	imul $GUEST_STACK_SIZE, %rax, %rax
	lea guest_stacks(%rax), %rsp
	xor %ebp, %ebp
	call guest_start_c
5:	cli
	hlt
	jmp 5b

/* Copied to a page below 1 MiB; CS is that page, everything else is absolute. */
	.code16
	.globl guest_trampoline, guest_trampoline_end
guest_trampoline:
	cli
	cld
	xor %ax, %ax
	mov %ax, %ds
	lgdtl %cs:trampoline_gdt_pointer - guest_trampoline
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $CODE32, $ap_32_bit
	.balign 4
trampoline_gdt_pointer:
	.word gdt_end - gdt - 1
	.long gdt
guest_trampoline_end:

	.code32
ap_32_bit:
	mov $DATA, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov guest_cpu_next_index, %edi
	jmp enter_64_bit_mode

	.section .rodata
	.balign 8
gdt:	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00cf9b000000ffff
gdt_end:
guest_gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.bss
	.globl guest_multiboot_info, guest_multiboot_magic, guest_stacks
guest_multiboot_info:
	.long 0
guest_multiboot_magic:
	.long 0
	.balign 4096
pml4:	.skip 4096
pdpt:	.skip 4096
page_directories:
	.skip 4 * 4096
guest_stacks:
	.skip GUEST_STACK_SIZE * GUEST_CPUS_MAX

	.section .note.GNU-stack, "", @progbits
