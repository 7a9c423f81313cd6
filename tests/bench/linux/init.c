/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The first program of a Linux that is measured up to there (row 16): it turns the
 * machine off. The probe knows its entry by an address that nothing else has.
 */
__asm__(".globl _start\n"
	"_start:\n"
	"	mov $169, %eax\n" /* reboot(2) */
	"	mov $0xfee1dead, %edi\n"
	"	mov $672274793, %esi\n"
	"	mov $0x4321fedc, %edx\n" /* LINUX_REBOOT_CMD_POWER_OFF */
	"	syscall\n"
	"1:	jmp 1b\n");
