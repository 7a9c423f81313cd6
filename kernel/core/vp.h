/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A virtual processor: the hardware's part, the models of what the guest sees,
 * and where it stands with the scheduler and the parent.
 *
 * A VP runs on its home processor only. The scheduler gives a child's VP another
 * home while it is ready and nothing of it is loaded. Everything marked h is touched
 * by code that runs on the home processor while the VP may run, or by anyone who
 * holds the partition's lock while the VP is held (suspended or intercepted). Other
 * processors reach a VP through `posted` and the scheduler.
 *
 * Lock legend: I immutable, h home processor, s home's scheduler lock, a atomic.
 */
#pragma once

#include <hv_abi/status.h>
#include <hv_abi/call_args.h>
#include <stdint.h>
#include <hv_abi/boot_info.h>
#include <hv_abi/messages.h>
#include <hv_abi/registers.h>
#include "arch/x86/vp_hw.h"
#include "core/lapic_model.h"
#include "core/synthetic_msr.h"
#include "core/timer_queue.h"
#include "lib/list.h"
#include "mm/frame.h"

struct partition;
struct cpu;

/* Why a VP may not run; it runs when none is set (s). */
#define HOLD_EXPLICIT     0x01u /* created and not started, or suspended by the parent */
#define HOLD_PARTITION    0x02u /* its partition is suspended */
#define HOLD_INTERCEPT    0x04u /* an intercept is outstanding */
#define HOLD_HALT         0x08u /* HLT, waiting for an interrupt */
#define HOLD_STARTUP      0x10u /* INIT received, waiting for SIPI */
#define HOLD_WAIT         0x20u /* a VP of the parent in VpWait */
#define HOLD_DEAD         0x40u /* being deleted, or the parent is dead */

/* What other processors ask of a VP (a). */
#define POSTED_INTERRUPTS 0x1u /* bits in posted_irr */
#define POSTED_NMI        0x2u
#define POSTED_INIT       0x4u
#define POSTED_SIPI       0x8u
#define POSTED_REFRESH    0x10u /* timers and pending interrupts need another look */
#define POSTED_FLUSH      0x20u /* the space changed: forget its translations */

/* Frames that a child's VP takes from its partition's pool. */
enum vp_frame {
	FRAME_OF_VP,
	FRAME_OF_CONTROL,
	FRAME_OF_XSAVE,
	FRAME_OF_REGISTERS, /* this and the next are shared with the parent */
	FRAME_OF_INTERCEPT,
	VP_FRAMES,
};

struct vp {
	struct vp_hw hw;             /* h */
	struct partition *partition; /* I */
	uint32_t index;              /* I */
	uint32_t slot;               /* I children: what VpWait calls it */
	struct cpu *home;            /* s changed by the old home, under its lock, while ready */
	bool is_io;                  /* I a pinned I/O VP of the parent */

	uint32_t hold;         /* s */
	bool is_reaped;        /* s home has let go of it */
	uint64_t virtual_time; /* s TSC ticks used, the scheduler's key */
	struct list link;      /* s ready: in that queue if no hold is set; else intercept, reap */

	/* a: set by anyone, taken by home before entry. */
	uint32_t posted;
	uint64_t posted_irr[4];
	uint64_t posted_level[4];
	uint8_t sipi_vector;
	uint32_t flushes; /* how often home took POSTED_FLUSH */

	/* Models (h). */
	struct lapic lapic;
	struct hv_vp_msrs msrs;
	uint64_t tsc_aux;
	uint64_t xcr0;
	bool needs_check;    /* registers were set by name: judge the state at resume */
	bool needs_events;   /* lapic, event state or timers changed: evaluate before entry */
	bool needs_delivery; /* what is pending or the priority did, and no timer */
	bool has_nmi;        /* an NMI waits for delivery */
	bool is_halted;      /* in HLT until an event is delivered */
	bool waits_for_sipi; /* after INIT, and application processors at start */
	bool eoi_assist_set; /* HV_VP_ASSIST_NO_EOI is in the assist page */
	struct timer_node timer;

	struct hv_register_page *registers;  /* I children: shared with the parent */
	struct hv_intercept_page *intercept; /* I children: shared with the parent */
	sfn_t frame[VP_FRAMES];              /* I this structure and its pages */
	sfn_t assist_page;                   /* p overlay frame, 0: none yet */
	sfn_t message_page;                  /* p likewise, of the SynIC */
	sfn_t event_flags_page;              /* p likewise */
	uint64_t intercept_sequence;         /* h */
	uint8_t intercept_mode;              /* h bits of RIP at the intercept; 0: not known */

	/* Processor context that neither vendor switches (h): arch/x86/vp_context.h. */
	void *xsave;
	uint64_t dr[4];

	uint64_t entered_tsc; /* h since then the processor works for it, if it does */
	uint64_t runtime_tsc; /* h TSC ticks that it did so before */

	/* VPs of the parent. */
	struct hv_event_page *events;   /* I */
	uint64_t last_wait_tsc;         /* h for the watchdog */
	uint64_t log_ticket;            /* h of the line that it writes */
	uint64_t own_gpr[HV_GPR_COUNT]; /* h save area; children use the register page */
};
_Static_assert(sizeof(struct vp) <= PAGE_SIZE, "a VP is one frame");

/* A register by its name in struct vp_state. */
#define vp_read(vp, name)         vp_hw_read(&(vp)->hw, VP_REG(name))
#define vp_write(vp, name, value) vp_hw_write(&(vp)->hw, VP_REG(name), value)

/* s: it waits in a queue of its home. */
static inline bool vp_is_queued(const struct vp *vp) { return !list_is_empty(&vp->link); }

/* h: POSTED_FLUSH was taken off; what it asks for is done at the next entry. */
static inline void vp_take_flush(struct vp *vp) {
	vp->hw.flush_pending = true;
	__atomic_fetch_add(&vp->flushes, 1, __ATOMIC_SEQ_CST);
}

/* h: something to look at before it is entered. */
static inline bool vp_has_news(const struct vp *vp) {
	return __atomic_load_n(&vp->posted, __ATOMIC_ACQUIRE) != 0 || vp->needs_events || vp->needs_delivery;
}

static inline uint64_t *vp_gpr(struct vp *vp) { return vp->hw.gpr; }

/* What every VP has, the parent's too: makes it out of its frames, which it keeps,
 * zero and of type OBJECT; those shared with the parent are. Its registers are to be set
 * next. */
struct vp *vp_init(struct partition *p, uint32_t index, const sfn_t frames[VP_FRAMES]);

/*
 * Creates VP `index`: its frames, the register and intercept pages shared with
 * the parent, state after INIT. VP 0 waits for the parent's resume, the others
 * for SIPI. Errors, all without effect: INVALID_VP_INDEX out of range,
 * OBJECT_IN_USE it exists, INSUFFICIENT_MEMORY.
 * Lock: the partition's; takes the parent's and memory.
 */
must_use enum hv_status vp_create(struct partition *p, uint32_t index, struct vp **out);

/* The VP stops for good. True: its home has let go of it; false: soon, ask again.
 * Lock: the partition's. */
must_use bool vp_stop(struct vp *vp);

/* Gives everything back. The VP was stopped and unlinked, and all processors have
 * passed their run loops since. Lock: the partition's, the parent's and memory. */
void vp_destroy(struct vp *vp);

/* Length of the instruction that caused this exit; where the exit does not tell,
 * guest_fetch finds it; `opcode` is what this exit allows (guest_fetch.h). 0: the
 * bytes are not that instruction; the guest runs it again (architecture.md D9). */
unsigned vp_instruction_length(struct vp *vp, const struct vp_exit *exit, unsigned opcode);

/* Skips that instruction; false: length 0. */
must_use bool vp_skip_instruction(struct vp *vp, const struct vp_exit *exit, unsigned opcode);

/* Moves RIP past an instruction of this length, with all that this means. */
void vp_skip_bytes(struct vp *vp, unsigned length);

struct fetch_mov_cr;

/* The MOV to or from CR4 at RIP. False: it is not there any more. */
must_use bool vp_fetch_mov_cr(struct vp *vp, struct fetch_mov_cr *mov);

/* What INIT makes of a child's registers. On home, or while nothing of it is loaded. */
void vp_reset(struct vp *vp);

/* Home lets go of a VP: nothing of it stays loaded here. */
void vp_let_go(struct vp *vp);

/* #UD, #GP(0) and others, at the next entry. Replaces nothing: a pending event
 * stays and this one is raised when the instruction runs again. Returns the VP. */
struct vp *vp_inject_exception(struct vp *vp, unsigned vector, bool has_error, uint32_t error);

/*
 * VpWait: the one call in which the parent's VPs spend their lives
 * (architecture.md D1). It resumes a child's VP, waits for something to do, and
 * says what it is.
 */
/* Fills RAX for a VP of the parent whose wait ends: with the slot of an
 * intercepted VP (NULL: none), with events, else as timed out. Called by the
 * scheduler, which makes it run. Lock: sched. */
void vp_wait_complete(struct vp *vp, const struct vp *intercepted);

/* Sets bits in the event page of a VP of the parent and wakes it. word: index of
 * a u64 in struct hv_event_page. Any processor, any lock below RANK_SCHED. */
void vp_wait_signal(struct vp *vp, unsigned word, uint64_t bits);

/* The same for event port 0 .. HV_PARENT_PORTS - 1. */
void vp_wait_signal_port(struct vp *vp, uint32_t port);

/*
 * Registers by name, for a VP that is held [TLFS "Virtual Processor Registers"].
 * Reading and writing a local APIC register has the effects of the guest's own
 * access in xAPIC mode, so that the parent can emulate the APIC page.
 */
/* Errors: UNKNOWN_REGISTER_NAME, INVALID_VP_STATE (APIC register while the APIC is
 * not in xAPIC mode). Lock: the partition's. */
must_use enum hv_status vp_register_get(struct vp *vp, uint32_t name, union hv_register_value *value);

/* Errors, without effect: as above, INVALID_REGISTER_VALUE the resulting state
 * breaks a rule of vp_state.h. */
must_use enum hv_status vp_register_set(struct vp *vp, uint32_t name, const union hv_register_value *value);
