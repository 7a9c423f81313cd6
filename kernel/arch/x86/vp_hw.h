/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The vendor waist: all that core knows of Intel VMX and AMD SVM. Each vendor
 * folder implements these functions and nothing else of it is seen; the image
 * is linked with one vendor, and host tests are a third.
 *
 * Everything is called on the VP's own processor with interrupts off, except
 * where a comment says otherwise. A VP that is "loaded" has its FS, GS, TR, LDTR
 * and syscall registers in this processor; vp_hw_enter loads it, and loading
 * another or vp_hw_put saves it back.
 */
#pragma once

#include "core/vp_state.h"
#include "lib/addr.h"

struct cpu;

/* The vendor's part of a VP, all zero at first. The control page is a VMCB or a
 * VMCS. What core changes here counts from the next entry on. */
struct vp_hw {
	void *control;
	spa_t control_spa;
	uint32_t index;        /* of the VP in its partition */
	uint64_t *gpr;         /* HV_GPR_COUNT registers: the register page's array */
	spa_t gpa_root;        /* root of the second-level tables */
	struct cpu *loaded_on; /* processor that holds the VP's loaded state, or NULL */
	uint64_t tsc_offset;   /* who changes it asks for a flush, too */
	/* HV_EVENT_*: delivered by the next entry, and back here if that was
	 * interrupted; 0: none. Core replaces no event by another. */
	uint64_t event;
	/* What core wishes. Seldom anything changes from entry to entry: the vendor
	 * compares all of it at once. */
	union {
		struct {
			/* Exit as soon as an interrupt of this vector (its priority
			 * against TPR) could be delivered; 0: no exit. */
			uint8_t window;
			uint8_t cr8;           /* task priority, 0..15 */
			bool wants_nmi_window; /* exit, once, as soon as an NMI could be delivered */
			bool is_parent;        /* the parent's intercept set */
			bool flush_pending;    /* flush this VP's translations at the next entry */
			bool traps_fpu;        /* #NM exits (architecture.md D2) */
			bool uses_debug;       /* debug registers do not exit any more; vp_hw_put before */
		};
		uint64_t wishes;
	};
	uint64_t vendor[16];
};

#define VP_WISHES_NONE (~0ull) /* no VP has these */

enum vp_exit_reason {
	VP_EXIT_UNEXPECTED, /* an exit that the controls do not ask for */
	VP_EXIT_NONE,       /* nothing to do: enter again */
	VP_EXIT_INTERRUPT,
	VP_EXIT_NMI,
	VP_EXIT_INTERRUPT_WINDOW,
	VP_EXIT_NMI_WINDOW,
	VP_EXIT_CPUID,
	VP_EXIT_HLT,
	VP_EXIT_HYPERCALL,
	VP_EXIT_MSR_READ,
	VP_EXIT_MSR_WRITE,
	VP_EXIT_IO,
	VP_EXIT_GPA_FAULT,
	VP_EXIT_XSETBV,
	VP_EXIT_CR,              /* MOV to or from CR4, or to CR8 while a window is armed */
	VP_EXIT_CACHE,           /* INVD, WBINVD: skipped */
	VP_EXIT_UNDEFINED,       /* an instruction that does not exist for guests: #UD */
	VP_EXIT_PRIVILEGED,      /* an instruction that guests may not use: #GP(0) */
	VP_EXIT_EXCEPTION,       /* intercepted exception; see u.exception */
	VP_EXIT_DEBUG_REGISTERS, /* first use of the debug registers */
	VP_EXIT_TRIPLE_FAULT,
	VP_EXIT_INVALID_STATE, /* the processor refused to enter */
	VP_EXIT_REASON_COUNT,
};

#define VP_ACCESS_READ    0x1u
#define VP_ACCESS_WRITE   0x2u
#define VP_ACCESS_EXECUTE 0x4u

struct vp_exit {
	enum vp_exit_reason reason;
	/* Bytes to skip when the instruction is done; 0: the processor does not say
	 * (guest_fetch finds out). Always known for VP_EXIT_IO. */
	uint8_t instruction_length;
	uint64_t hardware_code; /* the processor's exit code, for logs */
	union {
		struct {
			uint16_t port;
			uint8_t size; /* 1, 2, 4 */
			bool is_in;
			bool is_string;
			bool is_rep;
		} io;
		struct {
			uint64_t gpa;
			uint32_t access; /* VP_ACCESS_* */
		} fault;
		struct {
			uint8_t vector;
			bool has_error;
			uint32_t error;
		} exception;
	} u;
};

/* Turns virtualization on on this processor. NULL, or the name of what it lacks. */
const char *vp_hw_cpu_enable(struct cpu *cpu);

/* Once, on the boot processor, before any VP: tables that all VPs share. */
void vp_hw_init_shared(void);

/* Fills the control page for a new VP, whose state is to be set next. The page, index,
 * gpr, gpa_root, is_parent and tsc_offset are set by the caller. Any processor. */
void vp_hw_init(struct vp_hw *hw);

/* Whole architectural state. Any processor while the VP is not loaded anywhere,
 * else only the one where it is loaded. The state given to set has passed
 * vp_state_check. */
void vp_hw_get_state(struct vp_hw *hw, struct vp_state *s);
void vp_hw_set_state(struct vp_hw *hw, const struct vp_state *s);

/* One register, VP_REG(name), without the whole state; not the event. Writing RIP
 * ends an interrupt shadow, too. A value that the policy allows; the caller asks for
 * a flush. */
uint64_t vp_hw_read(const struct vp_hw *hw, unsigned reg);
void vp_hw_write(struct vp_hw *hw, unsigned reg, uint64_t value);
void vp_hw_segment(const struct vp_hw *hw, enum vp_segment n, struct hv_segment_register *out);
unsigned vp_hw_cpl(const struct vp_hw *hw);
bool vp_hw_is_64_bit(const struct vp_hw *hw);
bool vp_hw_nmi_blocked(const struct vp_hw *hw);

/* Enters the VP and returns at its next exit, decoded. */
void vp_hw_enter(struct vp_hw *hw, struct vp_exit *exit);

/* Saves the loaded VP, if any, and makes the host's own state current, so that
 * interrupts and NMIs may be taken. */
void vp_hw_put(void);

/* Forgets every guest translation of this processor at the next entry of any VP. */
void vp_hw_flush_all(void);

/* "vmcall" or "vmmcall", for the hypercall page. */
extern const uint8_t vp_hw_hypercall_bytes[3];
