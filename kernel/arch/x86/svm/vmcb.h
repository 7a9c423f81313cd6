/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The virtual machine control block: the fields that we use
 * [APM2 Appendix B "Layout of VMCB", tables B-1 and B-2].
 */
#pragma once

#include <stdint.h>

struct vmcb_segment {
	uint16_t selector;
	uint16_t attributes; /* bits 55:52 and 47:40 of the descriptor, packed */
	uint32_t limit;
	uint64_t base;
};

/* A field at its offset in the page. */
#define AT(offset, type, name)                                                                                         \
	struct {                                                                                                       \
		uint8_t before_##name[offset];                                                                         \
		type name;                                                                                             \
	}

struct vmcb {
	union {
		/* Control area. Exit code n has bit n of the intercepts. */
		uint32_t intercept[6];
		AT(0x40, uint64_t, iopm_base);
		AT(0x48, uint64_t, msrpm_base);
		AT(0x50, uint64_t, tsc_offset);
		AT(0x58, uint32_t, asid);
		AT(0x5c, uint8_t, tlb_control);
		AT(0x60, uint64_t, vintr);
		AT(0x68, uint64_t, interrupt_shadow);
		AT(0x70, uint64_t, exit_code);
		AT(0x78, uint64_t, exit_info1);
		AT(0x80, uint64_t, exit_info2);
		AT(0x88, uint64_t, exit_int_info);
		AT(0x90, uint64_t, nested_control);
		AT(0xa8, uint64_t, event_injection);
		AT(0xb0, uint64_t, nested_cr3);
		AT(0xc8, uint64_t, next_rip);
		/* State save area; segments in the order ES CS SS DS FS GS GDTR LDTR IDTR TR. */
		struct {
			uint8_t before_segment[0x400];
			struct vmcb_segment segment[10];
		};
		AT(0x4cb, uint8_t, cpl);
		AT(0x4d0, uint64_t, efer);
		AT(0x548, uint64_t, cr4);
		AT(0x550, uint64_t, cr3);
		AT(0x558, uint64_t, cr0);
		AT(0x560, uint64_t, dr7);
		AT(0x568, uint64_t, dr6);
		AT(0x570, uint64_t, rflags);
		AT(0x578, uint64_t, rip);
		AT(0x5d8, uint64_t, rsp);
		AT(0x5f8, uint64_t, rax);
		AT(0x600, uint64_t, star);
		AT(0x608, uint64_t, lstar);
		AT(0x610, uint64_t, cstar);
		AT(0x618, uint64_t, sfmask);
		AT(0x620, uint64_t, kernel_gs_base);
		AT(0x628, uint64_t, sysenter_cs);
		AT(0x630, uint64_t, sysenter_esp);
		AT(0x638, uint64_t, sysenter_eip);
		AT(0x640, uint64_t, cr2);
		AT(0x668, uint64_t, pat);
		uint8_t page[0x1000];
	};
};
#undef AT
_Static_assert(sizeof(struct vmcb) == 4096, "size of vmcb");

#define SVM_TLB_KEEP           0u
#define SVM_TLB_FLUSH_ALL      1u

/* vintr */
#define SVM_VINTR_TPR_MASK     0xffull
#define SVM_VINTR_IRQ          (1ull << 8)
#define SVM_VINTR_PRIO_SHIFT   16
#define SVM_VINTR_MASKING      (1ull << 24)
#define SVM_VINTR_VECTOR_SHIFT 32

/* exit_code [APM2 Appendix C "SVM Intercept Exit Codes"]: those with a meaning beyond
 * their row in svm_exit.c. */
#define SVM_EXIT_CR8_WRITE     0x18u
#define SVM_EXIT_EXCEPTION     0x40u
#define SVM_EXIT_VINTR         0x64u
#define SVM_EXIT_IRET          0x74u
#define SVM_EXIT_NPF           0x400u
/* VMEXIT_INVALID is -1; QEMU writes only its low 32 bits (docs/emulators.md). */
#define SVM_EXIT_INVALID       0xffffffffu
