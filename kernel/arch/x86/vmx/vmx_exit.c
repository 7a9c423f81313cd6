/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Exit reasons: one table, a row per reason that the controls ask for. */
#include "arch/x86/vmx/vmx_exit.h"

#include "arch/x86/hw_event.h"
#include "lib/bits.h"

#define UNDID_IRET     BIT(12) /* of the interruption information */

/* EPT violation [SDM 3C Table 28-7 "Exit Qualification for EPT Violations"] */
#define EPT_WRITE      BIT(1)
#define EPT_FETCH      BIT(2)
#define EPT_UNDID_IRET BIT(12)

#define IO_SIZE        7u
#define IO_IN          BIT(3)
#define IO_STRING      BIT(4)
#define IO_REP         BIT(5)
#define IO_PORT_SHIFT  16

#define DR6_REPORTED   0x600full /* B0-3, BD, BS */
#define DR6_STICKY     0xfull    /* what a #DB clears first */
#define DR6_RTM        BIT(16)   /* active low */

/* enum vp_exit_reason by basic exit reason; UNEXPECTED: the controls do not ask for it. */
static const uint8_t reasons[] = {
    [VMX_REASON_EXCEPTION_OR_NMI] = VP_EXIT_EXCEPTION, /* EXCEPTION_OR_NMI */
    [1] = VP_EXIT_INTERRUPT,                           /* INTERRUPT */
    [2] = VP_EXIT_TRIPLE_FAULT,                        /* TRIPLE_FAULT */
    [3] = VP_EXIT_NONE,                                /* INIT */
    [7] = VP_EXIT_INTERRUPT_WINDOW,                    /* INTERRUPT_WINDOW */
    [8] = VP_EXIT_NMI_WINDOW,                          /* NMI_WINDOW */
    [10] = VP_EXIT_CPUID,                              /* CPUID */
    [11] = VP_EXIT_UNDEFINED,                          /* GETSEC */
    [12] = VP_EXIT_HLT,                                /* HLT */
    [13] = VP_EXIT_CACHE,                              /* INVD */
    [15] = VP_EXIT_PRIVILEGED,                         /* RDPMC */
    [18] = VP_EXIT_HYPERCALL,                          /* VMCALL */
    [19 ... 27] = VP_EXIT_UNDEFINED,                   /* VMCLEAR to VMXON */
    [28] = VP_EXIT_CR,                                 /* CR_ACCESS */
    [29] = VP_EXIT_DEBUG_REGISTERS,                    /* DR_ACCESS */
    [30] = VP_EXIT_IO,                                 /* IO */
    [31] = VP_EXIT_MSR_READ,                           /* RDMSR */
    [32] = VP_EXIT_MSR_WRITE,                          /* WRMSR */
    [36] = VP_EXIT_UNDEFINED,                          /* MWAIT */
    [39] = VP_EXIT_UNDEFINED,                          /* MONITOR */
    [VMX_REASON_EPT_VIOLATION] = VP_EXIT_GPA_FAULT,    /* EPT_VIOLATION */
    [50] = VP_EXIT_UNDEFINED,                          /* INVEPT */
    [53] = VP_EXIT_UNDEFINED,                          /* INVVPID */
    [54] = VP_EXIT_CACHE,                              /* WBINVD */
    [55] = VP_EXIT_XSETBV,                             /* XSETBV */
    [59] = VP_EXIT_UNDEFINED,                          /* VMFUNC */
};

static void decode_exception(const struct vmx_exit_info *info, struct vp_exit *exit) {
	if (hw_event_type(info->interruption) == HV_EVENT_TYPE_NMI) {
		exit->reason = VP_EXIT_NMI;
		return;
	}
	exit->u.exception.vector = (uint8_t)info->interruption;
	exit->u.exception.has_error = info->interruption & HW_EVENT_HAS_ERROR;
	exit->u.exception.error = exit->u.exception.has_error ? info->error : 0;
}

static void decode_io(const struct vmx_exit_info *info, struct vp_exit *exit) {
	exit->u.io.port = (uint16_t)(info->qualification >> IO_PORT_SHIFT);
	exit->u.io.size = (uint8_t)((info->qualification & IO_SIZE) + 1);
	exit->u.io.is_in = info->qualification & IO_IN;
	exit->u.io.is_string = info->qualification & IO_STRING;
	exit->u.io.is_rep = info->qualification & IO_REP;
}

static void decode_fault(const struct vmx_exit_info *info, struct vp_exit *exit) {
	uint64_t q = info->qualification;

	exit->instruction_length = 0; /* undefined: nothing to skip */
	exit->u.fault.gpa = info->gpa;
	exit->u.fault.access = q & EPT_FETCH ? VP_ACCESS_EXECUTE : q & EPT_WRITE ? VP_ACCESS_WRITE : VP_ACCESS_READ;
}

void vmx_exit_decode(const struct vmx_exit_info *info, struct vp_exit *exit) {
	uint32_t reason = info->reason & VMX_REASON_BASIC;

	exit->reason = reason < ARRAY_COUNT(reasons) ? (enum vp_exit_reason)reasons[reason] : VP_EXIT_UNEXPECTED;
	exit->hardware_code = info->reason;
	exit->instruction_length = (uint8_t)(info->instruction_length & 0xf);
	if (reason == VMX_REASON_ENTRY_MACHINE_CHECK) {
		exit->reason = VP_EXIT_EXCEPTION;
		exit->u.exception.vector = VECTOR_MC;
		exit->u.exception.has_error = false;
	} else if (info->reason & VMX_REASON_FAILED_ENTRY) {
		exit->reason = VP_EXIT_INVALID_STATE;
		exit->hardware_code |= info->qualification << 32;
	} else if (exit->reason == VP_EXIT_EXCEPTION) {
		decode_exception(info, exit);
	} else if (exit->reason == VP_EXIT_IO) {
		decode_io(info, exit);
	} else if (exit->reason == VP_EXIT_GPA_FAULT) {
		decode_fault(info, exit);
	}
}

bool vmx_exit_undid_iret(const struct vmx_exit_info *info) {
	if (info->vectoring & HW_EVENT_VALID)
		return false;
	if (info->reason == VMX_REASON_EPT_VIOLATION)
		return info->qualification & EPT_UNDID_IRET;
	return info->reason == VMX_REASON_EXCEPTION_OR_NMI && (info->interruption & UNDID_IRET) &&
	       hw_event_type(info->interruption) != HV_EVENT_TYPE_NMI && (info->interruption & 0xff) != VECTOR_DF;
}

uint64_t vmx_exit_dr6(uint64_t dr6, uint64_t qualification) {
	dr6 = (dr6 & ~DR6_STICKY) | (qualification & DR6_REPORTED) | DR6_RTM;
	return qualification & DR6_RTM ? dr6 & ~DR6_RTM : dr6;
}
