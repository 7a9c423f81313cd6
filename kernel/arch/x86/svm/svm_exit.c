/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* One table for what is intercepted and what it means, a row per exit code. */
#include "arch/x86/svm/svm_controls.h"

#include "lib/bits.h"

/* exit_info1 of a nested page fault [APM2 15.25.6 "Nested versus Guest Page
 * Faults, Fault Ordering"] */
#define NPF_WRITE     BIT(1)
#define NPF_FETCH     BIT(4)

/* exit_info1 of an IOIO exit [APM2 15.10.2 "IN and OUT Behavior"] */
#define IO_IN         BIT(0)
#define IO_STRING     BIT(2)
#define IO_REP        BIT(3)
#define IO_SIZE_SHIFT 4
#define IO_PORT_SHIFT 16

enum when { ALWAYS, OF_CHILD, ARMED };

/*
 * CR4: the processor runs with MCE set, or a machine check in a guest would shut the
 * host down; the guest sees its own CR4 and sets only what its level allows. #DB and
 * #AC are intercepted because delivering either can raise it again without end
 * inside the processor (CVE-2015-5307, CVE-2015-8104); #MC because it is the host's.
 * Every SVM instruction is undefined for guests; an unintercepted VMLOAD or VMSAVE
 * reads and writes host memory (CVE-2021-3656). At a physical INIT the machine resets
 * itself, not us.
 */
static const struct {
	uint8_t reason; /* enum vp_exit_reason; UNEXPECTED: not intercepted */
	uint8_t when;
} rows[6 * 32] = {
    [0x04] = {VP_EXIT_CR, OF_CHILD},                      /* CR4_READ */
    [0x14] = {VP_EXIT_CR, OF_CHILD},                      /* CR4_WRITE */
    [0x18] = {VP_EXIT_CR, ARMED},                         /* CR8_WRITE */
    [0x20 ... 0x3f] = {VP_EXIT_DEBUG_REGISTERS, ARMED},   /* DR_READ DR_WRITE */
    [0x41] = {VP_EXIT_EXCEPTION},                         /* DB */
    [0x47] = {VP_EXIT_EXCEPTION, ARMED},                  /* NM */
    [0x51] = {VP_EXIT_EXCEPTION},                         /* AC */
    [0x52] = {VP_EXIT_EXCEPTION},                         /* MC */
    [0x60] = {VP_EXIT_INTERRUPT},                         /* INTR */
    [0x61] = {VP_EXIT_NMI},                               /* NMI */
    [0x63] = {VP_EXIT_NONE},                              /* INIT */
    [SVM_EXIT_VINTR] = {VP_EXIT_INTERRUPT_WINDOW, ARMED}, /* VINTR */
    [0x6f] = {VP_EXIT_PRIVILEGED},                        /* RDPMC */
    [0x72] = {VP_EXIT_CPUID},                             /* CPUID */
    [0x73] = {VP_EXIT_UNDEFINED},                         /* RSM */
    [SVM_EXIT_IRET] = {VP_EXIT_NMI_WINDOW, ARMED},        /* IRET */
    [0x76] = {VP_EXIT_CACHE},                             /* INVD */
    [0x78] = {VP_EXIT_HLT},                               /* HLT */
    [0x7a] = {VP_EXIT_UNDEFINED},                         /* INVLPGA */
    [0x7b] = {VP_EXIT_IO},                                /* IOIO */
    [0x7c] = {VP_EXIT_MSR_READ},                          /* MSR */
    [0x7e] = {VP_EXIT_NONE},                              /* FERR */
    [0x7f] = {VP_EXIT_TRIPLE_FAULT},                      /* SHUTDOWN */
    [0x80] = {VP_EXIT_UNDEFINED},                         /* VMRUN */
    [0x81] = {VP_EXIT_HYPERCALL},                         /* VMMCALL */
    [0x82 ... 0x86] = {VP_EXIT_UNDEFINED},                /* VMLOAD VMSAVE STGI CLGI SKINIT */
    [0x89] = {VP_EXIT_CACHE},                             /* WBINVD */
    [0x8a ... 0x8c] = {VP_EXIT_UNDEFINED},                /* MONITOR MWAIT MWAIT_COND */
    [0x8d] = {VP_EXIT_XSETBV},                            /* XSETBV */
    [0x8e] = {VP_EXIT_UNDEFINED},                         /* RDPRU */
    [0xa0 ... 0xa1] = {VP_EXIT_UNDEFINED},                /* INVLPGB INVLPGB_ILLEGAL */
    [0xa3 ... 0xa4] = {VP_EXIT_UNDEFINED},                /* MCOMMIT TLBSYNC */
};

void svm_exit_intercept(struct vmcb *v, bool is_parent) {
	for (unsigned code = 0; code < ARRAY_COUNT(rows); code++)
		if (rows[code].reason != VP_EXIT_UNEXPECTED &&
		    (rows[code].when == ALWAYS || (rows[code].when == OF_CHILD && !is_parent)))
			v->intercept[code / 32] |= 1u << code % 32;
}

static void decode_io(const struct vmcb *v, struct vp_exit *exit) {
	uint32_t info = (uint32_t)v->exit_info1;

	exit->instruction_length = (uint8_t)(v->exit_info2 - v->rip);
	exit->u.io.port = (uint16_t)(info >> IO_PORT_SHIFT);
	exit->u.io.size = info >> IO_SIZE_SHIFT & 7;
	exit->u.io.is_in = info & IO_IN;
	exit->u.io.is_string = info & IO_STRING;
	exit->u.io.is_rep = info & IO_REP;
}

static void decode_fault(const struct vmcb *v, struct vp_exit *exit) {
	exit->u.fault.gpa = v->exit_info2;
	exit->u.fault.access = v->exit_info1 & NPF_FETCH   ? VP_ACCESS_EXECUTE
	                       : v->exit_info1 & NPF_WRITE ? VP_ACCESS_WRITE
	                                                   : VP_ACCESS_READ;
}

static void decode_exception(const struct vmcb *v, struct vp_exit *exit) {
	exit->u.exception.vector = (uint8_t)(v->exit_code - SVM_EXIT_EXCEPTION);
	exit->u.exception.has_error = exit->u.exception.vector == 17;
	exit->u.exception.error = (uint32_t)v->exit_info1;
}

static enum vp_exit_reason reason_of(const struct vmcb *v) {
	uint32_t code = (uint32_t)v->exit_code;

	if (code >= ARRAY_COUNT(rows))
		return code == SVM_EXIT_NPF       ? VP_EXIT_GPA_FAULT
		       : code == SVM_EXIT_INVALID ? VP_EXIT_INVALID_STATE
		                                  : VP_EXIT_UNEXPECTED;
	if (rows[code].reason == VP_EXIT_MSR_READ && v->exit_info1)
		return VP_EXIT_MSR_WRITE;
	return (enum vp_exit_reason)rows[code].reason;
}

void svm_exit_decode(const struct vmcb *v, bool has_next_rip, struct vp_exit *exit) {
	exit->reason = reason_of(v);
	exit->hardware_code = v->exit_code;
	exit->instruction_length = 0;
	if (exit->reason == VP_EXIT_GPA_FAULT)
		decode_fault(v, exit);
	else if (exit->reason == VP_EXIT_IO)
		decode_io(v, exit);
	else if (exit->reason == VP_EXIT_EXCEPTION)
		decode_exception(v, exit);
	else if (has_next_rip && v->next_rip - v->rip - 1 < 15) /* not 0 */
		exit->instruction_length = (uint8_t)(v->next_rip - v->rip);
	else if (exit->reason == VP_EXIT_HYPERCALL)
		/* VMMCALL comes from the hypercall page, whose length is known (D9). */
		exit->instruction_length = 3;
}
