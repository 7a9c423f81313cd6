/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The machine, see machine_fake.h. */
#include "fake/machine_fake.h"
#include "fake/frame_facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/boot.h"
#include "core/machine.h"
#include "core/partition.h"
#include "core/cpu.h"
#include "core/sched.h"
#include "core/vp.h"
#include "fake/cpuid_fake.h"
#include "lib/check.h"
#include "lib/log.h"
#include "mm/frame.h"

struct cpu cpus[MAX_CPUS];
uint32_t cpu_count;
struct boot boot;

uint64_t fake_tsc;
_Thread_local struct cpu *fake_cpu;
struct fake_pin fake_pin[FAKE_GSI_COUNT];
uint16_t fake_pci_command[0x10000];
uint64_t fake_armed[MAX_CPUS];
uint64_t fake_kicks[MAX_CPUS];
uint64_t fake_idles[MAX_CPUS];
char fake_log_line[256];
unsigned fake_log_portions;
void (*fake_on_idle)(struct cpu *cpu);
void (*fake_on_kick)(struct cpu *cpu);
void (*fake_on_arm)(void);
void (*fake_on_tsc)(void);

static uint8_t *memory;
static bool is_mapped[FAKE_FRAMES];
static bool is_window_open[MAX_CPUS];
static uint64_t reserve; /* next frame of the boot reserve */
static struct handoff handoff;

struct cpu *this_cpu(void) {
	return fake_cpu;
}

/* --- Memory. --- */

uint8_t *fake_machine_bytes(sfn_t frame) {
	check(frame.v < FAKE_FRAMES);
	return memory + frame.v * PAGE_SIZE;
}

bool fake_machine_is_mapped(sfn_t frame) { return is_mapped[frame.v]; }

void *frame_pointer(sfn_t frame) {
	check(frame.v < FAKE_FRAMES && is_mapped[frame.v]);
	return fake_machine_bytes(frame);
}

void machine_frame_map(sfn_t frame) {
	check(frame.v < FAKE_FRAMES && !is_mapped[frame.v]);
	is_mapped[frame.v] = true;
}

void machine_frame_unmap(sfn_t frame) {
	check(frame.v < FAKE_FRAMES && is_mapped[frame.v]);
	is_mapped[frame.v] = false;
}

void *window_map(sfn_t frame) {
	check(!is_window_open[fake_cpu->index]);
	check(frame.v < FAKE_FRAMES);
	check(frame.v < FAKE_KERNEL_FIRST || frame.v >= FAKE_KERNEL_FIRST + FAKE_KERNEL_COUNT ||
	      frame_type(frame_at(frame)) == FRAME_SHARED);
	is_window_open[fake_cpu->index] = true;
	return fake_machine_bytes(frame);
}

void window_unmap(void) {
	check(is_window_open[fake_cpu->index]);
	is_window_open[fake_cpu->index] = false;
}

spa_t boot_allocate(uint64_t size, uint64_t alignment) {
	const uint64_t pages = alignment / PAGE_SIZE;
	spa_t at;

	reserve = (reserve + pages - 1) / pages * pages;
	at = spa(reserve * PAGE_SIZE);
	reserve += size / PAGE_SIZE;
	check(reserve <= FAKE_KERNEL_FIRST + FAKE_KERNEL_COUNT);
	return at;
}

/* From the top of the last range of the map. */
spa_t boot_take(uint64_t size, uint32_t type) {
	struct handoff_memory *last = &handoff.memory[handoff.memory_count - 1];
	const uint64_t base = align_down(last->base + last->size - size, PAGE_SIZE_2M);

	handoff.memory[handoff.memory_count++] = (struct handoff_memory){base, last->base + last->size - base, type, 0};
	last->size = base - last->base;
	return spa(base);
}

/* --- Time and processors. --- */

uint64_t machine_tsc(void) {
	static bool is_inside;

	if (fake_on_tsc != NULL && !is_inside && fake_cpu->lock_ranks == 0) {
		is_inside = true;
		fake_on_tsc();
		is_inside = false;
	}
	return fake_tsc;
}

uint64_t machine_tsc_hz(void) { return FAKE_TSC_HZ; }

void machine_timer_arm(uint64_t tsc_deadline) {
	fake_armed[fake_cpu->index] = tsc_deadline;
	if (fake_on_arm != NULL)
		fake_on_arm();
}

void machine_take_interrupts(void) {
	if (fake_armed[fake_cpu->index] > fake_tsc)
		return;
	fake_armed[fake_cpu->index] = ~0ull;
	core_on_timer();
}

void machine_idle(void) {
	machine_take_interrupts();
	if (fake_cpu->attention != 0)
		return;
	fake_idles[fake_cpu->index]++;
	if (fake_on_idle != NULL)
		fake_on_idle(fake_cpu);
	machine_take_interrupts();
}

static void serve_flush(struct cpu *cpu) {
	struct cpu *self = fake_cpu;
	struct vp *vp = cpu->sched->running;

	fake_cpu = cpu;
	shootdown_service(cpu);
	if (vp != NULL && (__atomic_fetch_and(&vp->posted, ~POSTED_FLUSH, __ATOMIC_SEQ_CST) & POSTED_FLUSH))
		vp->hw.flush_pending = true;
	fake_cpu = self;
}

void machine_kick(const struct cpu *cpu) {
	fake_kicks[cpu->index]++;
	if (fake_on_kick != NULL)
		fake_on_kick(&cpus[cpu->index]);
}

void machine_kernel_tlb_flush(void) {}

void machine_check_now(void) {}

uint64_t machine_xcr0(void) { return 0x2e7; }

void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) { cpuid_fake(leaf, subleaf, out); }

/* --- Device interrupts. --- */

enum hv_status machine_pin_route(uint32_t gsi, unsigned vector, const struct cpu *target, uint32_t flags) {
	if (gsi >= FAKE_GSI_COUNT)
		return HV_STATUS_INVALID_PARAMETER;
	fake_pin[gsi] = (struct fake_pin){vector, target->index, flags & HV_DEVICE_INTERRUPT_LEVEL,
	                                  flags & HV_DEVICE_INTERRUPT_ACTIVE_LOW, false};
	return HV_STATUS_SUCCESS;
}

void machine_pin_mask(uint32_t gsi, bool is_masked) { fake_pin[gsi].is_open = !is_masked; }

void machine_pci_stop(uint16_t function) { fake_pci_command[function] &= (uint16_t)~4u; }

void machine_msi_compose(unsigned vector, const struct cpu *target, uint64_t *address, uint32_t *data) {
	*address = 0xfee00000ull | (uint64_t)target->apic_id << 12;
	*data = vector;
}

/* --- Words. --- */

bool log_write_slowly(uint64_t *ticket, const char *prefix, const char *text) {
	static unsigned left;

	if (*ticket == LOG_NO_TICKET) {
		snprintf(fake_log_line, sizeof(fake_log_line), "%s%s", prefix, text);
		*ticket = 1;
		left = fake_log_portions;
	}
	if (left > 0) {
		left--;
		return false;
	}
	*ticket = LOG_NO_TICKET;
	return true;
}

_Noreturn void panic(const char *format, ...) {
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	check_failed("panic", __FILE__, __LINE__);
}

/* --- Set-up. --- */

static void add_memory(uint64_t first, uint64_t count, uint32_t type) {
	handoff.memory[handoff.memory_count++] = (struct handoff_memory){first * PAGE_SIZE, count * PAGE_SIZE, type, 0};
}

static void fill_handoff(void) {
	const uint64_t after_kernel = FAKE_KERNEL_FIRST + FAKE_KERNEL_COUNT;

	add_memory(1, 15, HANDOFF_MEMORY_FIRMWARE);
	add_memory(16, FAKE_KERNEL_FIRST - 16, HANDOFF_MEMORY_MODULE);
	add_memory(FAKE_KERNEL_FIRST, FAKE_KERNEL_COUNT, HANDOFF_MEMORY_KERNEL);
	add_memory(after_kernel, FAKE_FRAMES - after_kernel, HANDOFF_MEMORY_USABLE);
	handoff.local_apic_base = 0xfee00000;
	handoff.ioapic_count = 1;
	handoff.ioapic[0].base = 0xfec00000;
	handoff.parent_entry = HV_PARENT_LINK_BASE + 0x1000;
	handoff.parent_segment_count = 1;
	handoff.parent_segment[0] = (struct handoff_segment){16 * PAGE_SIZE, 5000, HV_PARENT_LINK_BASE, 9000};
}

void fake_machine_init(uint32_t count) {
	memory = mmap(NULL, FAKE_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		abort();
	fake_tsc = 1000 * FAKE_TSC_HZ;
	fake_on_kick = serve_flush;
	reserve = FAKE_KERNEL_FIRST;
	for (unsigned i = 0; i < FAKE_KERNEL_COUNT; i++)
		is_mapped[FAKE_KERNEL_FIRST + i] = true;
	cpu_count = count;
	for (uint32_t i = 0; i < count; i++) {
		cpus[i].index = i;
		cpus[i].apic_id = i * 2;
		cpus[i].is_online = true;
		fake_armed[i] = ~0ull;
	}
	fake_cpu = &cpus[0];
	fill_handoff();
	boot.handoff = &handoff;
	frame_table_init(calloc(FAKE_FRAMES, sizeof(struct frame)), FAKE_FRAMES);
	boot.frame_count = FAKE_FRAMES;
	boot.physical_bits = FAKE_PHYSICAL_BITS;
}
