/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The virtual local APIC of one VP as plain data: register semantics in xAPIC
 * and x2APIC mode, interrupt acceptance and priority, end of interrupt, and the
 * decoding of IPIs. Who receives an IPI, and how the processor is told of a
 * pending vector, is core's to decide
 * [SDM 3A 11 "Advanced Programmable Interrupt Controller"],
 * [APM2 16 "Advanced Programmable Interrupt Controller"].
 *
 * Every function needs the lock of the VP that owns the APIC (core's rule), and
 * none blocks or calls out. now_ns is the partition's time in nanoseconds
 * (reference_time_ns). After any call that may change what is deliverable or the
 * timer, core asks lapic_pending and lapic_timer_deadline again.
 */
#pragma once

#include "core/reference_time.h"

/* Registers: x2APIC MSR - 0x800 = MMIO offset >> 4. */
enum lapic_register {
	LAPIC_ID = 0x02,
	LAPIC_VERSION = 0x03,
	LAPIC_TPR = 0x08,
	LAPIC_APR = 0x09,
	LAPIC_PPR = 0x0a,
	LAPIC_EOI = 0x0b,
	LAPIC_LDR = 0x0d,
	LAPIC_DFR = 0x0e,
	LAPIC_SVR = 0x0f,
	LAPIC_ISR = 0x10, /* and the seven after it */
	LAPIC_TMR = 0x18,
	LAPIC_IRR = 0x20,
	LAPIC_ESR = 0x28,
	LAPIC_ICR = 0x30,
	LAPIC_ICR_HIGH = 0x31, /* xAPIC only */
	LAPIC_LVT_TIMER = 0x32,
	LAPIC_LVT_THERMAL = 0x33,
	LAPIC_LVT_PERFORMANCE = 0x34,
	LAPIC_LVT_LINT0 = 0x35,
	LAPIC_LVT_LINT1 = 0x36,
	LAPIC_LVT_ERROR = 0x37,
	LAPIC_INITIAL_COUNT = 0x38,
	LAPIC_CURRENT_COUNT = 0x39,
	LAPIC_DIVIDE = 0x3e,
	LAPIC_SELF_IPI = 0x3f, /* x2APIC only */
	LAPIC_REGISTER_COUNT = 0x40,
};

/* The APIC_BASE MSR (0x1b). */
#define LAPIC_BASE_ADDRESS               0xfee00000ull
#define LAPIC_BASE_BSP                   0x100ull
#define LAPIC_BASE_X2APIC                0x400ull
#define LAPIC_BASE_ENABLE                0x800ull

#define LAPIC_SVR_ENABLE                 0x100u

/* Error status bits. */
#define LAPIC_ESR_SEND_ILLEGAL_VECTOR    0x20u
#define LAPIC_ESR_RECEIVE_ILLEGAL_VECTOR 0x40u
#define LAPIC_ESR_ILLEGAL_REGISTER       0x80u
#define LAPIC_ESR_BITS                   0xe0u

/* The timer counts at exactly 1 GHz, as HV_MSR_APIC_FREQUENCY reports: a tick at
 * divide 1 is 1 ns. There is no TSC-deadline mode; CPUID does not show it. */
#define LAPIC_TIMER_HZ                   1000000000ull

/* A periodic timer interrupts at most this often, however short its period
 * (XSA-504): a period of 1 ns must not become an exit per instruction. */
#define LAPIC_TIMER_MIN_PERIOD_NS        20000ull

#define LAPIC_LVT_MASKED                 0x10000u
#define LAPIC_LVT_TIMER_PERIODIC         0x20000u

/* Vectors below are illegal for fixed interrupts. */
#define LAPIC_FIRST_VECTOR               16

/* A destination that every APIC matches, physical or logical. */
#define LAPIC_BROADCAST                  0xffffffffu

/* Bits 11 and 10 of APIC_BASE; 1 does not exist. */
enum lapic_mode { LAPIC_MODE_DISABLED = 0, LAPIC_MODE_XAPIC = 2, LAPIC_MODE_X2APIC = 3 };

/* Its own image: a copy saves it, lapic_load takes one over. */
struct lapic {
	uint64_t version;     /* HV_STATE_LAPIC_VERSION */
	uint64_t base;        /* the APIC_BASE MSR */
	uint64_t deadline_ns; /* next expiry of the timer; REFERENCE_TIME_NEVER: stopped */
	uint64_t esr_pending; /* errors since the last write of the register */

	/* As xAPIC mode has them, except: LAPIC_ID is the whole id; the high word of
	 * the interrupt command is the destination as the mode has it; and what is
	 * computed when it is read is 0: priorities, current count. */
	uint32_t reg[LAPIC_REGISTER_COUNT];
};
#define HV_STATE_LAPIC_VERSION 2u
_Static_assert(sizeof(struct lapic) == 288, "lapic");

enum lapic_ipi_mode {
	LAPIC_IPI_FIXED = 0,
	LAPIC_IPI_LOWEST_PRIORITY = 1,
	LAPIC_IPI_NMI = 4,
	LAPIC_IPI_INIT = 5,
	LAPIC_IPI_STARTUP = 6, /* SIPI: start at vector << 12 */
};

enum lapic_shorthand {
	LAPIC_SHORTHAND_NONE = 0,
	LAPIC_SHORTHAND_SELF = 1,
	LAPIC_SHORTHAND_ALL = 2,
	LAPIC_SHORTHAND_OTHERS = 3,
};

/* An IPI to be sent: legal, so the mode and a fixed vector >= 16 need no check.
 * An INIT is always an assert. */
struct lapic_ipi {
	enum lapic_ipi_mode mode;
	enum lapic_shorthand shorthand;
	uint8_t vector;
	bool is_logical;
	bool is_level;        /* trigger mode of a fixed interrupt */
	uint32_t destination; /* LAPIC_BROADCAST for the broadcast id of the sender's mode */
};

enum lapic_action_kind {
	LAPIC_ACTION_NONE,
	LAPIC_ACTION_IPI, /* send ipi (also to the sender itself, if it matches) */
	LAPIC_ACTION_EOI, /* vector was ended; was_level: tell the parent's I/O APIC */
};

struct lapic_action {
	enum lapic_action_kind kind;
	uint8_t vector;
	bool was_level;
	struct lapic_ipi ipi;
};

/* State after RESET: xAPIC mode, software-disabled, all entries masked. */
void lapic_init(struct lapic *l, uint32_t apic_id, bool is_bsp);

/* State after INIT: as RESET, but id and APIC_BASE (so the mode) are kept. */
void lapic_reset(struct lapic *l);

static inline enum lapic_mode lapic_mode(const struct lapic *l) { return (enum lapic_mode)(l->base >> 10 & 3); }

/*
 * Writes APIC_BASE. False: #GP and nothing changed: a reserved bit, an illegal
 * change of mode, or a base other than 0xfee00000 (a moved APIC page is not
 * supported). The BSP bit is ignored. Disabling the APIC resets it.
 */
bool lapic_write_base(struct lapic *l, uint64_t value);

/*
 * An access as this mode has it, x2APIC: RDMSR or WRMSR of 0x800 + reg; xAPIC: of
 * 32 bits at offset reg << 4 of the APIC page, where a register that does not exist
 * reads 0, ignores writes and sets an error bit. False: nothing changed, because
 * the APIC is in another mode; or, x2APIC: no such register, wrong direction, or a
 * reserved bit. *action is always set when true is returned.
 */
bool lapic_read(struct lapic *l, enum lapic_mode mode, uint32_t reg, uint64_t now_ns, uint64_t *value);
bool lapic_write(struct lapic *l, enum lapic_mode mode, uint32_t reg, uint64_t value, uint64_t now_ns,
                 struct lapic_action *action);

/* Writing it neither needs now_ns nor has to do with the timer. */
static inline bool lapic_is_timeless(uint32_t reg) {
	return reg == LAPIC_TPR || reg == LAPIC_EOI || reg == LAPIC_ICR || reg == LAPIC_SELF_IPI;
}

/*
 * The end of an interrupt, the interrupt command and the task priority as
 * HV_MSR_EOI, _ICR and _TPR have them: any mode but disabled, destination in bits
 * 63:32 as the mode has it. False: #GP and nothing changed: disabled, or a
 * reserved bit.
 */
bool lapic_write_synthetic(struct lapic *l, uint32_t reg, uint64_t value, uint64_t now_ns, struct lapic_action *action);

/* The interrupt command, with its destination in bits 63:32. */
static inline uint64_t lapic_icr(const struct lapic *l) {
	return (uint64_t)l->reg[LAPIC_ICR_HIGH] << 32 | l->reg[LAPIC_ICR];
}

/*
 * Accepts an interrupt: sets its bit in IRR, and in TMR if it is level. A vector
 * that is pending already stays so (true). False: not accepted, because the
 * vector is below 16 (then the error is recorded, and the error interrupt is
 * raised if its entry allows it; an illegal vector in that entry raises no
 * further one) or because the APIC is disabled by hardware or software.
 */
bool lapic_accept(struct lapic *l, uint8_t vector, bool is_level);

/* The vector to deliver now, with respect to the processor priority, or -1.
 * RFLAGS.IF and the interrupt shadow are the caller's to ask. */
int lapic_pending(const struct lapic *l);

/* Highest vector in LAPIC_IRR or LAPIC_ISR whatever the priorities, or -1. */
int lapic_highest(const struct lapic *l, enum lapic_register bits);

/* The processor took this vector (which lapic_pending gave): IRR -> ISR. */
void lapic_acknowledge(struct lapic *l, uint8_t vector);

/* Ends the highest vector in service: LAPIC_ACTION_EOI, or LAPIC_ACTION_NONE if
 * nothing is in service. */
struct lapic_action lapic_eoi(struct lapic *l);

/*
 * Lazy EOI through the VP assist page [TLFS "EOI Assist"]. Before entering a VP
 * with the vector just acknowledged, core asks lapic_may_skip_eoi and, if true,
 * sets HV_VP_ASSIST_NO_EOI in the page and remembers that it did. At the next
 * exit, before it looks at this APIC, core looks at the page: bit clear = the
 * guest ended the interrupt without an exit, so core calls lapic_eoi;
 * bit still set = core clears it, and the guest will write EOI.
 *
 * True: exactly one vector is in service, it was edge, and nothing in IRR waits
 * for its end.
 */
bool lapic_may_skip_eoi(const struct lapic *l);

/*
 * True if this IPI of `sender` goes to `candidate`, shorthands included; without
 * a shorthand sender may be NULL. A destination is LAPIC_BROADCAST, or 8 bits
 * (xAPIC), or 32 bits (x2APIC), judged in the mode of the candidate. False if
 * that is disabled. For lowest priority core picks one of these, by
 * lapic_priority and acceptance.
 */
bool lapic_ipi_targets(const struct lapic_ipi *ipi, const struct lapic *sender, const struct lapic *candidate);

/* Takes fixed and lowest-priority interrupts: enabled by hardware and software.
 * NMI, INIT and SIPI pass whenever lapic_ipi_targets says so. */
bool lapic_is_accepting(const struct lapic *l);

/* The processor priority register: TPR or the class in service. */
uint32_t lapic_priority(const struct lapic *l);

/* CR8 is the upper half of the task priority. Setting it to the class that it
 * has keeps the lower half, so that core may copy the processor's CR8 back
 * whenever it likes. */
static inline uint8_t lapic_cr8(const struct lapic *l) { return l->reg[LAPIC_TPR] >> 4 & 0xf; }

static inline void lapic_set_cr8(struct lapic *l, uint8_t cr8) {
	if (lapic_cr8(l) != (cr8 & 0xf))
		l->reg[LAPIC_TPR] = (uint32_t)(cr8 & 0xf) << 4;
}

/* When the timer wants lapic_timer_expire, in partition ns; REFERENCE_TIME_NEVER
 * if it is stopped or masked. */
uint64_t lapic_timer_deadline(const struct lapic *l);

/* Lets the timer run up to now_ns; at most one interrupt is accepted, however
 * many periods went by. True if it was. */
bool lapic_timer_expire(struct lapic *l, uint64_t now_ns);

/* For the files of the model only. A legal value of APIC_BASE. */
bool lapic_base_is_valid(uint64_t base);

/* Records error bits and raises the error
 * interrupt if its entry allows it. */
void lapic_record_error(struct lapic *l, uint32_t error);

/* Sends what this interrupt command says, if that is legal. */
void lapic_send(struct lapic *l, uint64_t icr, struct lapic_action *action);

/* The timer at now_ns: counts down from `count`, 0 stops it; and what is left. */
void lapic_timer_start(struct lapic *l, uint32_t count, uint64_t now_ns);
uint32_t lapic_timer_count(const struct lapic *l, uint64_t now_ns);

/* Loads a saved copy into an APIC with this id. HV_STATUS_INVALID_SAVE_RESTORE_STATE: wrong
 * version or id, or a value that no sequence of accesses produces; l unchanged. */
must_use enum hv_status lapic_load(struct lapic *l, const struct lapic *saved);
