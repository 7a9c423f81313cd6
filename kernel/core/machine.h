/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What core asks of the machine, other than running VPs (arch/x86/vp_hw.h):
 * time, one-shot timer, kicks between processors, waiting, device interrupts.
 * arch/x86 implements it once for both vendors; host tests fake it.
 *
 * Interrupts are off in the kernel except inside machine_idle and
 * machine_take_interrupts; only there are the core_on_* functions called, on
 * the processor's own stack, with no lock held.
 */
#pragma once

#include <hv_abi/status.h>
#include "lib/addr.h"

struct cpu;

uint64_t machine_tsc(void);
uint64_t machine_tsc_hz(void);

/* CPUID of this processor: EAX, EBX, ECX, EDX; zeros for a leaf that it does not have. */
void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* Components of extended state that this machine has, of those that the kernel
 * switches for guests: x87, SSE, AVX, AVX-512, PKRU. XCR0 holds it after setup. */
uint64_t machine_xcr0(void);

/* Arms this processor's one-shot timer; a deadline in the past fires at once.
 * ~0 turns it off. The timer may fire early; it never fires much late. */
void machine_timer_arm(uint64_t tsc_deadline);

/* Makes another processor leave guest mode, or its idle wait, soon. */
void machine_kick(const struct cpu *cpu);

/* Waits with interrupts on until an interrupt was taken, unless
 * this_cpu()->attention is already set; takes all that are pending. */
void machine_idle(void);

/* Takes what is pending and returns with interrupts off again. The caller has
 * made the host's TR and GS current (vp_hw_put). */
void machine_take_interrupts(void);

/* Device interrupts by I/O APIC pin. Routes are made masked; flags are
 * HV_DEVICE_INTERRUPT_*. Errors:
 * INVALID_PARAMETER no such GSI. Lock: none; the caller serializes per GSI. */
enum hv_status machine_pin_route(uint32_t gsi, unsigned vector, const struct cpu *target, uint32_t flags);
void machine_pin_mask(uint32_t gsi, bool is_masked); /* of a pin that was routed */

/* Takes bus mastering from a PCI function, bus << 8 | device << 3 | function, if
 * it is there [PCI 3.0 6.2.2 "Device Control"]. Lock: none; the caller serializes. */
void machine_pci_stop(uint16_t function);

/* Address and data of a message that raises `vector` on `target`. */
void machine_msi_compose(unsigned vector, const struct cpu *target, uint64_t *address, uint32_t *data);

/* Makes a frame of RAM reachable as kernel memory at frame_pointer(), or takes
 * it away. Taking away needs kernel_tlb_flush on every processor before the
 * frame has a new owner. */
void machine_frame_map(sfn_t frame);
void machine_frame_unmap(sfn_t frame);
void machine_kernel_tlb_flush(void); /* this processor */

/* Vectors. 0x30..0xdf are device vectors. */
#define VECTOR_DEVICE_FIRST 0x30u
#define VECTOR_DEVICE_LAST  0xdfu
#define VECTOR_TIMER        0xf0u
#define VECTOR_KICK         0xf1u
#define VECTOR_ERROR        0xfeu
#define VECTOR_SPURIOUS     0xffu

/* Implemented by core, called by the machine's interrupt stubs before the local
 * APIC is acknowledged: a level pin must be masked first. */
void core_on_timer(void);
void core_on_device_vector(unsigned vector);
void core_on_unknown_vector(unsigned vector);

/*
 * An error that the processor did not correct, in memory at `address` (bytes) if
 * address_valid; the processor can go on. Called on the machine-check stack, at
 * any instruction of the kernel, so any lock may be held: it may set flags and
 * must take no lock.
 */
void core_on_machine_check(uint64_t address, bool address_valid);

/* Runs the machine-check handler: an exit said that one is pending. */
void machine_check_now(void);

/* The culprit is the kernel: stop the machine. Does not return. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
