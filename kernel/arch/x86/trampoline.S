/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Where a processor wakes up after INIT and STARTUP: real mode, in a page below
 * 1 MiB that this code was copied to [SDM 3A 9.4 "Multiple-Processor (MP)
 * Initialization"]. It goes to 64-bit mode by the documented steps [SDM 3A 10.8.5
 * "Initializing IA-32e Mode"], where the kernel's image is mapped, and takes the one
 * stack that smp.c has laid out.
 */
	.section .rodata
	.p2align 4
	.globl	trampoline_start, trampoline_root, trampoline_end

	.set	MSR_EFER, 0xc0000080
	.set	EFER_LME_NXE, 0x900
	.set	CR4_PAE, 0x20
	.set	CR0_PE_ET, 0x11
	.set	CR0_PG_WP_PE_ET, 0x80010011

/* A place in the page; while DS starts at the page, also its address. */
#define AT(symbol) (symbol - trampoline_start)

	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movzwl	%ax, %ebx
	shll	$4, %ebx
	/* EBX is the page from here on. What depends on it becomes absolute. */
	leal	AT(gdt)(%ebx), %eax
	movl	%eax, AT(gdt_pointer) + 2
	leal	AT(code_32)(%ebx), %eax
	movl	%eax, AT(far_32)
	leal	AT(code_64)(%ebx), %eax
	movl	%eax, AT(far_64)
	lgdtl	AT(gdt_pointer)
	movl	$CR0_PE_ET, %eax
	movl	%eax, %cr0
	ljmpl	*AT(far_32)

	.code32
code_32:
	movl	$AT(gdt_data) - AT(gdt), %eax
	movl	%eax, %ds
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	AT(trampoline_root)(%ebx), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME_NXE, %eax
	wrmsr
	movl	$CR0_PG_WP_PE_ET, %eax
	movl	%eax, %cr0
	ljmpl	*AT(far_64)(%ebx)

	.code64
code_64:
	xorl	%esp, %esp
	/* The stack is there once: who comes late finds none and stops. */
	movabsq	$smp_stack, %rax
	xchgq	%rsp, (%rax)
	testq	%rsp, %rsp
	jz	1f
	xorl	%ebp, %ebp
	pushq	$0
	movabsq	$smp_enter, %rax
	jmpq	*%rax
1:	cli
	hlt
	jmp	1b

	.p2align 3
gdt:	.quad	0
gdt_32:	.quad	0x00cf9b000000ffff
gdt_64:	.quad	0x00af9b000000ffff
gdt_data: .quad	0x00cf93000000ffff
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	0
far_32:	.long	0
	.word	gdt_32 - gdt
far_64:	.long	0
	.word	gdt_64 - gdt

trampoline_root: /* smp.c fills it */
	.long	0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
