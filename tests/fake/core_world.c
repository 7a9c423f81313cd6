/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Core on the fake machine, see core_world.h. */
#include "fake/core_world.h"

#include <stdio.h>
#include <string.h>

#include "core/boot.h"
#include "core/exit.h"
#include "core/machine.h"
#include "core/parent.h"
#include "core/sched.h"
#include "lib/bits.h"
#include "lib/check.h"
#include "mm/invariants.h"

#define FIRST_FREE  8192u
#define LAST_FREE   24000u
#define PAGE_IN     24001u
#define PAGE_OUT    24002u
#define CHILD_PAGES 16u
#define MAX_REPEATS 100000u

static uint64_t next_free = FIRST_FREE;
static uint64_t returned[LAST_FREE]; /* pages to be used again, oldest first */
static unsigned returned_first;
static unsigned returned_last;
static hv_partition_id_t children[64];
static unsigned child_count;
static struct vp *left[MAX_CPUS]; /* what the last pass returned */
static uint64_t free_before;
static uint64_t total_before;

void (*fake_child_guest)(struct vp *vp, struct fake_vp *f, struct vp_exit *exit);
void (*fake_parent_guest)(struct vp *vp, struct fake_vp *f, struct vp_exit *exit);

static void run_guest(struct vp *vp, struct fake_vp *f, struct vp_exit *exit) {
	if (vp->partition->is_parent)
		fake_parent_guest(vp, f, exit);
	else
		fake_child_guest(vp, f, exit);
}

void core_exit_vp_wait(struct vp *vp, struct vp_exit *exit, uint32_t slot, uint64_t deadline) {
	vp_gpr(vp)[HV_RCX] = HV_CALL_VP_WAIT | HV_CONTROL_FAST;
	vp_gpr(vp)[HV_RDX] = (uint64_t)slot << 32;
	vp_gpr(vp)[HV_R8] = deadline;
	exit->reason = VP_EXIT_HYPERCALL;
	exit->instruction_length = 3;
}

void fake_parent(struct vp *vp, struct fake_vp *f, struct vp_exit *exit) {
	(void)f;
	memset(vp->events, 0, offsetof(struct hv_event_page, reserved));
	core_exit_vp_wait(vp, exit, HV_SLOT_NONE, HV_DEADLINE_NEVER);
}

/* Busy: a tick later an interrupt takes it out. */
static void busy_child(struct vp *vp, struct fake_vp *f, struct vp_exit *exit) {
	(void)vp;
	(void)f;
	fake_tsc += 1000;
	exit->reason = VP_EXIT_INTERRUPT;
	fake_cpu->attention = 1;
}

void core_pass(uint32_t cpu) {
	fake_cpu = &cpus[cpu];
	left[cpu] = kernel_pass(&cpus[cpu], left[cpu]);
	check(fake_cpu == &cpus[cpu] && fake_cpu->lock_ranks == 0);
}

void core_passes(unsigned rounds) {
	for (unsigned r = 0; r < rounds; r++)
		for (uint32_t i = 0; i < cpu_count; i++)
			core_pass(i);
}

void core_world_boot(uint32_t count) {
	fake_guest = run_guest;
	fake_parent_guest = fake_parent;
	fake_child_guest = busy_child;
	fake_machine_init(count);
	kernel_main();
	core_passes(3);
	for (uint32_t i = 0; i <= cpu_count; i++)
		check(parent_vp(i)->hold == HOLD_WAIT);
}

struct vp *core_caller(void) {
	return parent_vp(cpu_count);
}

uint64_t core_free_page(void) {
	if (next_free < LAST_FREE)
		return next_free++;
	check(returned_first != returned_last);
	return returned[returned_first++ % LAST_FREE];
}

static void return_page(uint64_t page) { returned[returned_last++ % LAST_FREE] = page; }

void core_world_prove(void) {
	static struct gpa_space *spaces[MAX_PARTITIONS];
	struct hv_check_invariants_out out;

	memset(&out, 0, sizeof(out));
	invariants_check(spaces, partition_spaces(spaces, MAX_PARTITIONS), &out);
	if (out.violations != 0)
		fprintf(stderr, "frame %llx: rule %llu\n", (unsigned long long)out.first_bad_frame,
		        (unsigned long long)out.first_bad_rule);
	check(out.violations == 0);
}

/* --- Calls. --- */

/* What the other processors do while the caller repeats a call. */
static void serve_others(void) {
	struct cpu *self = fake_cpu;

	for (uint32_t i = 0; i < cpu_count; i++) {
		fake_cpu = &cpus[i];
		sched_service_reap(fake_cpu);
		if (left[i] != NULL && (left[i]->hold & HOLD_DEAD))
			left[i] = NULL;
	}
	fake_cpu = self;
}

uint64_t core_raw_call(struct vp *vp, uint64_t control, uint64_t rdx, uint64_t r8) {
	struct vp_exit exit = {.reason = VP_EXIT_HYPERCALL, .instruction_length = 3};
	struct cpu *self = fake_cpu;
	const uint64_t rip = vp_read(vp, rip);

	vp_gpr(vp)[HV_RCX] = control;
	vp_gpr(vp)[HV_RDX] = rdx;
	vp_gpr(vp)[HV_R8] = r8;
	vp_gpr(vp)[HV_RAX] = 0xdeadbeef;
	fake_cpu = vp->home;
	for (unsigned i = 0; vp_read(vp, rip) == rip; i++) {
		check(i < MAX_REPEATS);
		if (i > 0)
			serve_others();
		(void)exit_handle(vp, &exit);
		check(fake_cpu->lock_ranks == 0);
		if (vp->hw.event != 0)
			break;
	}
	fake_cpu = self;
	return vp_gpr(vp)[HV_RAX];
}

uint64_t core_call_rep(uint32_t code, const void *in, size_t in_size, uint32_t reps, void *out, size_t out_size) {
	uint64_t result;

	check(in_size <= PAGE_SIZE && out_size <= PAGE_SIZE);
	memset(fake_machine_bytes(sfn(PAGE_OUT)), 0x5a, PAGE_SIZE);
	memcpy(fake_machine_bytes(sfn(PAGE_IN)), in, in_size);
	result = core_raw_call(core_caller(), code | (uint64_t)reps << HV_CONTROL_REP_COUNT_SHIFT, PAGE_IN * PAGE_SIZE,
	                       PAGE_OUT * PAGE_SIZE);
	if (out != NULL)
		memcpy(out, fake_machine_bytes(sfn(PAGE_OUT)), out_size);
	return result;
}

enum hv_status core_call(uint32_t code, const void *in, size_t in_size, void *out, size_t out_size) {
	return (enum hv_status)(core_call_rep(code, in, in_size, 0, out, out_size) & HV_RESULT_STATUS_MASK);
}

/* --- Partitions. --- */

enum hv_status core_deposit(hv_partition_id_t id, unsigned pages) {
	uint64_t in[512] = {id};
	enum hv_status status = HV_STATUS_SUCCESS;

	while (pages > 0 && status == HV_STATUS_SUCCESS) {
		const unsigned n = pages < 500 ? pages : 500;

		for (unsigned i = 0; i < n; i++)
			in[1 + i] = core_free_page();
		status = (enum hv_status)(core_call_rep(HV_CALL_DEPOSIT_MEMORY, in, (1 + n) * 8, n, NULL, 0) &
		                          HV_RESULT_STATUS_MASK);
		pages -= n;
	}
	return status;
}

hv_partition_id_t core_create(unsigned vp_limit) {
	struct hv_create_partition_in in = {.privileges = CPUID_CHILD_PRIVILEGES, .vp_count = vp_limit};
	struct hv_create_partition_out out;
	const enum hv_status status = core_call(HV_CALL_CREATE_PARTITION, &in, sizeof(in), &out, sizeof(out));

	if (status != HV_STATUS_SUCCESS)
		fprintf(stderr, "no partition: status %x\n", (unsigned)status);
	check(status == HV_STATUS_SUCCESS);
	children[child_count++] = out.partition_id;
	return out.partition_id;
}

enum hv_status core_map(hv_partition_id_t id, uint64_t gpfn, uint64_t source) {
	struct {
		struct hv_map_gpa_pages_in fixed;
		uint64_t list[1];
	} in = {.fixed = {.partition_id = id, .target_gpfn = gpfn, .flags = HV_MAP_GPA_RWX}, .list = {source}};

	return (enum hv_status)(core_call_rep(HV_CALL_MAP_GPA_PAGES, &in, sizeof(in), 1, NULL, 0) &
	                        HV_RESULT_STATUS_MASK);
}

static struct partition *find(hv_partition_id_t id) {
	struct partition *p;

	check(partition_lock(id, &p) == HV_STATUS_SUCCESS);
	partition_unlock(p);
	return p;
}

/* The child sees all that the machine has. */
static void show_machine(hv_partition_id_t id) {
	static const uint32_t leaves[] = {0, 1, 7, 0xd, 0x80000001, 0x80000008};
	struct {
		struct hv_register_cpuid_results_in fixed;
		struct hv_cpuid_result row[ARRAY_COUNT(leaves)];
	} in = {.fixed = {.partition_id = id}};

	for (unsigned i = 0; i < ARRAY_COUNT(leaves); i++) {
		uint32_t out[CPUID_OUTPUTS];

		machine_cpuid(leaves[i], 0, out);
		in.row[i] = (struct hv_cpuid_result){.leaf = leaves[i],
		                                     .eax = out[CPUID_EAX],
		                                     .ebx = out[CPUID_EBX],
		                                     .ecx = out[CPUID_ECX],
		                                     .edx = out[CPUID_EDX]};
	}
	check((core_call_rep(HV_CALL_REGISTER_CPUID_RESULTS, &in, sizeof(in), ARRAY_COUNT(leaves), NULL, 0) &
	       HV_RESULT_STATUS_MASK) == HV_STATUS_SUCCESS);
}

struct partition *core_child(unsigned pages, unsigned vps) {
	const hv_partition_id_t id = core_create(vps > 0 ? vps : 1);
	struct partition *p = find(id);

	check(core_deposit(id, pages) == HV_STATUS_SUCCESS);
	check(core_call(HV_CALL_INITIALIZE_PARTITION, &id, sizeof(id), NULL, 0) == HV_STATUS_SUCCESS);
	show_machine(id);
	for (unsigned i = 0; i < CHILD_PAGES; i++)
		check(core_map(id, i, core_free_page()) == HV_STATUS_SUCCESS);
	for (uint32_t i = 0; i < vps; i++) {
		struct hv_create_vp_in in = {.partition_id = id, .vp_index = i, .apic_id = i};

		check(core_call(HV_CALL_CREATE_VP, &in, sizeof(in), NULL, 0) == HV_STATUS_SUCCESS);
		fake_vp_long_mode(p->vp[i]);
	}
	return p;
}

struct vp *core_vp(struct partition *p, uint32_t index) {
	check(p->vp[index] != NULL);
	return p->vp[index];
}

void core_start(struct vp *vp) {
	struct {
		struct hv_vp_registers_in fixed;
		struct hv_register_assoc assoc;
	} in = {.fixed = {.partition_id = vp->partition->id, .vp_index = vp->index},
	        .assoc = {.name = HV_REGISTER_EXPLICIT_SUSPEND}};

	sched_release(vp, HOLD_STARTUP);
	check((core_call_rep(HV_CALL_SET_VP_REGISTERS, &in, sizeof(in), 1, NULL, 0) & HV_RESULT_STATUS_MASK) ==
	      HV_STATUS_SUCCESS);
}

void core_running(struct vp *vp) {
	check(vp->hold == 0 && vp_is_queued(vp));
	list_remove(&vp->link);
	vp->home->sched->running = vp;
}

static enum hv_status withdraw_all(hv_partition_id_t id) {
	struct hv_withdraw_memory_in in = {.partition_id = id};
	uint64_t list[500];

	for (;;) {
		const uint64_t result =
		    core_call_rep(HV_CALL_WITHDRAW_MEMORY, &in, sizeof(in), 500, list, sizeof(list));
		const unsigned reps = result >> HV_RESULT_REPS_SHIFT & 0xfff;

		for (unsigned i = 0; i < reps; i++)
			return_page(list[i]);
		if ((result & HV_RESULT_STATUS_MASK) == HV_STATUS_NOT_FOUND)
			return HV_STATUS_SUCCESS;
		if ((result & HV_RESULT_STATUS_MASK) != HV_STATUS_SUCCESS)
			return (enum hv_status)(result & HV_RESULT_STATUS_MASK);
	}
}

enum hv_status core_destroy(hv_partition_id_t id) {
	enum hv_status status = HV_STATUS_SUCCESS;

	if (find(id)->state < PARTITION_FINALIZED)
		status = core_call(HV_CALL_FINALIZE_PARTITION, &id, sizeof(id), NULL, 0);
	if (status == HV_STATUS_SUCCESS)
		status = withdraw_all(id);
	if (status == HV_STATUS_SUCCESS)
		status = core_call(HV_CALL_DELETE_PARTITION, &id, sizeof(id), NULL, 0);
	for (unsigned i = 0; status == HV_STATUS_SUCCESS && i < child_count; i++)
		if (children[i] == id)
			children[i] = children[--child_count];
	return status;
}

int core_world_setup(void **state) {
	(void)state;
	spinlock_has_turns = true;
	free_before = parent_partition.pool.free_count;
	total_before = parent_partition.pool.total_count;
	fake_cpu = &cpus[0];
	return 0;
}

int core_world_teardown(void **state) {
	(void)state;
	fake_on_idle = NULL;
	fake_on_arm = NULL;
	fake_on_tsc = NULL;
	fake_on_set_state = NULL;
	fake_parent_guest = fake_parent;
	fake_child_guest = busy_child;
	core_passes(8);
	while (child_count > 0)
		check(core_destroy(children[child_count - 1]) == HV_STATUS_SUCCESS);
	core_world_prove();
	check(frame_table.lent_count == 0);
	check(partition_total() == 1);
	/* Tables that splits of the parent's own map took stay its own. */
	check(parent_partition.pool.total_count == total_before);
	check(frame_table.deposited_count == total_before);
	check(parent_partition.pool.free_count <= free_before);
	return 0;
}
