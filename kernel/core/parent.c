/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The parent's life: creation of its VPs, the watchdog, death and heartbeat. */
#include "core/parent.h"

#include "core/boot.h"
#include "core/machine.h"
#include "core/partition.h"
#include "core/sched.h"
#include "core/vp.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "mm/frame_owner.h"

#define WATCHDOG_SECONDS  5u
#define HEARTBEAT_SECONDS 10u

/* Bits of the addresses that the parent reaches: 64 TiB, or 1 TiB on a processor
 * without leaves of 1 GiB. */
#define ADDRESS_BITS      46u
#define ADDRESS_BITS_2M   40u

/* Frames that the parent's pool starts with: a table per GiB where leaves have 2 MiB;
 * tables for the first splits, and the structures of the first partitions. */
#define SEED_FRAMES       (512u + (1u << (ADDRESS_BITS_2M - 30)))

#define PARENT_PRIVILEGES                                                                                              \
	(HV_PRIVILEGE_ACCESS_VP_RUNTIME | HV_PRIVILEGE_ACCESS_REFERENCE_COUNTER | HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS | \
	 HV_PRIVILEGE_ACCESS_VP_INDEX | HV_PRIVILEGE_ACCESS_FREQUENCY | HV_PRIVILEGE_CREATE_PARTITIONS |               \
	 HV_PRIVILEGE_ACCESS_PARTITION_ID | HV_PRIVILEGE_ACCESS_MEMORY_POOL | HV_PRIVILEGE_POST_MESSAGES |             \
	 HV_PRIVILEGE_SIGNAL_EVENTS | HV_PRIVILEGE_CREATE_PORT | HV_PRIVILEGE_CONNECT_PORT |                           \
	 HV_PRIVILEGE_ACCESS_STATS | HV_PRIVILEGE_DEBUGGING | HV_PRIVILEGE_CPU_MANAGEMENT |                            \
	 HV_PRIVILEGE_ACCESS_VP_REGISTERS)

static struct vp *vps[MAX_CPUS + 1]; /* up to that of index cpu_count */
static bool is_dead;
static uint64_t next_look;
static uint64_t death_tsc;

struct vp *parent_vp(uint32_t index) {
	return index <= cpu_count ? vps[index] : NULL;
}

bool parent_is_dead(void) { return __atomic_load_n(&is_dead, __ATOMIC_ACQUIRE); }

/* The limits of all partitions are the machine's and what the kernel switches. */
static void init_cpu(struct guest_cpu *cpu) {
	static const uint32_t leaves[] = {1, 7, 0xd, 0x80000001, 0x80000008};
	const struct cpu_limits kernels = {~0ull, ~0ull, machine_xcr0(), boot.physical_bits, true};

	cpu->privileges = PARENT_PRIVILEGES;
	cpu->vp_count = HV_MAX_VPS;
	for (unsigned i = 0; i < ARRAY_COUNT(leaves); i++) {
		struct hv_cpuid_result row = {.leaf = leaves[i]};

		machine_cpuid(row.leaf, 0, (uint32_t *)&row + offsetof(struct hv_cpuid_result, eax) / sizeof(uint32_t));
		check(cpuid_rows_add(&cpu->rows, &row) == HV_STATUS_SUCCESS);
	}
	cpu->limits = cpu_limits_derive(&cpu->rows, &kernels);
	boot.has_huge_leaves = cpuid_rows_get(&cpu->rows, 0x80000001, CPUID_EDX) >> 26 & 1;
}

static void hide(uint64_t base, uint64_t size) {
	if (gpa_identity_punch(&parent_partition.space, spa_to_sfn(spa(base)), size >> PAGE_SHIFT) != HV_STATUS_SUCCESS)
		panic("no memory to hide %lx from the parent", base);
}

/* All that is neither RAM nor a register of the kernel's is the parent's too. */
static void init_space(void) {
	const struct handoff *h = boot.handoff;
	unsigned bits = boot.has_huge_leaves ? ADDRESS_BITS : ADDRESS_BITS_2M;

	if (gpa_identity_init(&parent_partition.space, &parent_partition.pool,
	                      (unsigned)smaller(boot.physical_bits, bits), boot.has_huge_leaves) != HV_STATUS_SUCCESS)
		panic("no memory for the parent's address space");
	for (uint32_t i = 0; i < h->memory_count; i++)
		if (h->memory[i].type == HANDOFF_MEMORY_KERNEL)
			hide(h->memory[i].base, h->memory[i].size);
	hide(h->local_apic_base, PAGE_SIZE);
	for (uint32_t i = 0; i < h->ioapic_count; i++)
		hide(h->ioapic[i].base, PAGE_SIZE);
}

static void set_frame_types(void) {
	static const enum frame_type types[] = {
	    [HANDOFF_MEMORY_USABLE] = FRAME_PARENT,     [HANDOFF_MEMORY_KERNEL] = FRAME_KERNEL,
	    [HANDOFF_MEMORY_LOADER] = FRAME_PARENT,     [HANDOFF_MEMORY_MODULE] = FRAME_PARENT,
	    [HANDOFF_MEMORY_FIRMWARE] = FRAME_FIRMWARE, [HANDOFF_MEMORY_RESERVED] = FRAME_NONE,
	};
	const struct handoff *h = boot.handoff;

	for (uint32_t i = 0; i < h->memory_count; i++)
		frame_table_set_range(spa_to_sfn(spa(h->memory[i].base)), h->memory[i].size >> PAGE_SHIFT,
		                      types[h->memory[i].type]);
}

static sfn_t object_frame(void) {
	sfn_t frame;

	if (frame_pool_allocate(&parent_partition.pool, FRAME_OBJECT, &frame) != HV_STATUS_SUCCESS)
		panic("no memory for the parent's VPs");
	return frame;
}

/* A frame of the boot reserve that the parent may see. */
static sfn_t shared_frame(bool may_write) {
	sfn_t frame = object_frame();

	if (frame_owner_share(&parent_partition.space, frame, may_write) != HV_STATUS_SUCCESS)
		panic("no memory for a page shared with the parent");
	return frame;
}

static void make_vp(uint32_t index, struct cpu *home, bool is_io) {
	sfn_t frames[VP_FRAMES] = {object_frame(), object_frame(), object_frame(), shared_frame(true)};
	struct vp *vp = vp_init(&parent_partition, index, frames);

	vp->slot = HV_SLOT_NONE;
	vp->home = home;
	vp->is_io = is_io;
	vp->events = frame_pointer(frames[FRAME_OF_REGISTERS]);
	boot.handoff->parent_info.event_page[index] = sfn_to_spa(frames[FRAME_OF_REGISTERS]).v;
	vp->xcr0 = parent_partition.cpu.limits.xcr0_allowed;
	parent_image_enter(vp);
	vp->own_gpr[HV_RSI] = index;
	vp->last_wait_tsc = machine_tsc();
	vps[index] = vp;
	if (is_io)
		home->sched->io_vp = vp;
}

void parent_init(void) {
	struct partition *p = &parent_partition;
	spa_t seed = boot_allocate(SEED_FRAMES * PAGE_SIZE, PAGE_SIZE);

	spinlock_init(&p->lock, RANK_PARENT);
	p->id = PARENT_ID;
	p->is_parent = true;
	p->state = PARTITION_ACTIVE;
	partition_table_init();
	init_cpu(&p->cpu);
	set_frame_types();
	frame_pool_init(&p->pool, PARENT_ID);
	frame_pool_seed(&p->pool, spa_to_sfn(seed), SEED_FRAMES);
	init_space();
	parent_image_place();
	check(reference_time_init(&p->time, machine_tsc_hz(), boot.handoff->clock_tsc));
	p->reference_tsc_page = shared_frame(false);
	reference_time_fill_page(&p->time, frame_pointer(p->reference_tsc_page));

	for (uint32_t i = 0; i < cpu_count; i++)
		make_vp(i, &cpus[i], true);
	make_vp(cpu_count, &cpus[cpu_count - 1], false);
	parent_image_load();
	list_append(&vps[cpu_count]->home->sched->ready, &vps[cpu_count]->link);
	next_look = machine_tsc() + machine_tsc_hz() * WATCHDOG_SECONDS;
}

void parent_die(const char *reason, uint64_t code, uint64_t rip) {
	if (__atomic_exchange_n(&is_dead, true, __ATOMIC_SEQ_CST))
		return;
	death_tsc = machine_tsc();
	for (uint32_t i = 0; i <= cpu_count; i++)
		(void)sched_hold(vps[i], HOLD_DEAD);
	device_interrupt_mask_all();
	device_claim_stop_all();
	log_error("the parent is dead: %s (code %lx, rip %lx)", reason, code, rip);
	log_error("%u child partitions: their VPs stop at the next intercept", partition_total() - 1);
	__atomic_store_n(&next_look, machine_tsc() + machine_tsc_hz() * HEARTBEAT_SECONDS, __ATOMIC_RELEASE);
}

uint64_t parent_watch_deadline(void) { return __atomic_load_n(&next_look, __ATOMIC_ACQUIRE); }

void parent_watch(struct cpu *cpu) {
	uint64_t now = machine_tsc();
	uint64_t hz = machine_tsc_hz();

	if (cpu->index != 0 || now < parent_watch_deadline())
		return;
	__atomic_store_n(&next_look, now + hz * (parent_is_dead() ? HEARTBEAT_SECONDS : 1), __ATOMIC_RELEASE);
	if (parent_is_dead()) {
		device_claim_stop_all();
		log_info("alive; the parent has been dead for %lu s", (now - death_tsc) / hz);
		return;
	}
	for (uint32_t i = 0; i < cpu_count; i++)
		if (!(vps[i]->hold & HOLD_WAIT) && now > vps[i]->last_wait_tsc &&
		    now - vps[i]->last_wait_tsc > hz * WATCHDOG_SECONDS)
			parent_die("an I/O VP has not called VpWait for 5 s", i, 0);
}
