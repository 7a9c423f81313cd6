/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The steps of making a VM, each undone in reverse order where a later one
 * fails. A call for which the kernel lacks memory is repeated after a deposit.
 */
#include <hv_abi/cpuid.h>
#include <hv_abi/privileges.h>
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "vmm/cpu_policy/cpuid_results.h"
#include "vmm/deposit.h"
#include "vmm/vm_boot.h"
#include "vmm/vm_build.h"
#include "vmm/vm_ram.h"
#include "vmm/vm_vmbus.h"

/* What a child's kernel is offered (docs/abi.md). */
#define CHILD_PRIVILEGES                                                                                               \
	(HV_PRIVILEGE_ACCESS_VP_RUNTIME | HV_PRIVILEGE_ACCESS_REFERENCE_COUNTER | HV_PRIVILEGE_ACCESS_SYNIC |          \
	 HV_PRIVILEGE_ACCESS_SYNTHETIC_TIMERS | HV_PRIVILEGE_ACCESS_INTR_CTRL | HV_PRIVILEGE_ACCESS_HYPERCALL_MSRS |   \
	 HV_PRIVILEGE_ACCESS_VP_INDEX | HV_PRIVILEGE_ACCESS_RESET | HV_PRIVILEGE_ACCESS_REFERENCE_TSC |                \
	 HV_PRIVILEGE_ACCESS_FREQUENCY | HV_PRIVILEGE_POST_MESSAGES | HV_PRIVILEGE_SIGNAL_EVENTS)
/* Lazy EOI (architecture.md D8). A flush of the VP's own translations needs no exit, so no hint 1. */
#define BASIC_HINTS           (HV_HINT_APIC_MSRS | HV_HINT_RELAXED_TIMING | HV_HINT_DEPRECATE_AUTO_EOI)
#define FULL_HINTS            (BASIC_HINTS | HV_HINT_REMOTE_TLB_FLUSH | HV_HINT_CLUSTER_IPI | HV_HINT_EX_PROCESSOR_MASKS)
/* How often to try for a lock before the call: never, or about as long as an exit takes. */
#define SPIN_NEVER            (0xffffffffull << 32)
#define SPIN_LONG             (0xfffull << 32)

/* What the guest itself may come to need: its overlay pages, each with a table that
 * splits a large page. A VP has three; the partition has two, which lie together. */
#define RESERVE_PER_VP        6u
#define RESERVE_PER_PARTITION 3u

static const uint64_t child_hints[] = {
    [VM_ENLIGHTENMENTS_BASIC] = BASIC_HINTS | SPIN_NEVER,
    [VM_ENLIGHTENMENTS_FULL] = FULL_HINTS | SPIN_LONG,
};

static enum err create_partition(struct vm *vm, struct err_text *text) {
	struct hv_create_partition_in in = {
	    .privileges = CHILD_PRIVILEGES,
	    .vp_count = vm->config.cpus,
	    .hints = child_hints[vm->config.enlightenments],
	};

	for (;;) {
		enum hv_status status = hypercall_create_partition(&in, &vm->partition);
		enum err error;

		if (status == HV_STATUS_SUCCESS)
			return ERR_NONE;
		vm->partition = HV_PARTITION_ID_INVALID;
		if (status != HV_STATUS_INSUFFICIENT_MEMORY)
			return err_set(text, ERR_HYPERCALL, "creating the partition failed: %s",
			               hypercall_status_text(status));
		/* The partition has no account yet: the parent's own pays. */
		error = deposit_more(HV_PARTITION_ID_SELF, DEPOSIT_BATCH, text);
		if (error != ERR_NONE)
			return error;
	}
}

static enum err initialize_partition(struct vm *vm, struct err_text *text) {
	for (;;) {
		enum hv_status status = hypercall_initialize_partition(vm->partition);
		enum err error;

		if (status == HV_STATUS_SUCCESS)
			return ERR_NONE;
		if (status != HV_STATUS_INSUFFICIENT_MEMORY)
			return err_set(text, ERR_HYPERCALL, "initializing the partition failed: %s",
			               hypercall_status_text(status));
		error = deposit_more(vm->partition, DEPOSIT_STEP, text);
		if (error != ERR_NONE)
			return error;
	}
}

/* The widest address that a guest may be told; the host's own if it is less. */
#define PHYSICAL_BITS_MAX 52u

static enum err choose_processor(struct vm *vm, struct err_text *text) {
	struct cpuid_policy_input input = {
	    .level = vm->config.cpu_level, .vp_count = vm->config.cpus, .physical_bits = PHYSICAL_BITS_MAX};
	struct host_cpuid host;

	host_cpuid_read(&host, host_cpuid_instruction);
	return cpuid_policy_create(&vm->policy, &host, &input, text);
}

static enum err register_processor(struct vm *vm, struct err_text *text) {
	struct hv_cpuid_result rows[HV_MAX_CPUID_RESULTS];
	unsigned count = cpuid_results_make(&vm->policy, rows);
	enum hv_status status = hypercall_register_cpuid_results(vm->partition, rows, count);

	if (status == HV_STATUS_SUCCESS)
		return ERR_NONE;
	return err_set(text, ERR_HYPERCALL, "describing the processors failed: %s", hypercall_status_text(status));
}

static enum err create_vp(struct vm *vm, unsigned index, struct err_text *text) {
	struct vm_vp *vp = &vm->vp[index];
	struct hv_create_vp_out out;

	for (;;) {
		enum hv_status status = hypercall_create_vp(vm->partition, index, &out);
		enum err error;

		if (status == HV_STATUS_SUCCESS)
			break;
		if (status != HV_STATUS_INSUFFICIENT_MEMORY)
			return err_set(text, ERR_HYPERCALL, "creating processor %u failed: %s", index,
			               hypercall_status_text(status));
		error = deposit_more(vm->partition, DEPOSIT_STEP, text);
		if (error != ERR_NONE)
			return error;
	}
	vp->slot = out.slot;
	vp->registers = memory_pointer(out.register_page_gpa);
	vp->intercept = memory_pointer(out.intercept_page_gpa);
	vp->sequence = vp->intercept->sequence;
	mmio_decode_cache_reset(&vp->decode);
	vp_msrs_reset(&vp->msrs);
	vm->vp_count = index + 1;
	return ERR_NONE;
}

/* After all calls that take what they need from the same pool. */
static enum err deposit_reserve(struct vm *vm, struct err_text *text) {
	enum err error = deposit_more(vm->partition, RESERVE_PER_PARTITION, text);

	for (unsigned i = 0; error == ERR_NONE && i < vm->config.cpus; i++)
		error = deposit_more(vm->partition, RESERVE_PER_VP, text);
	return error;
}

static void delete_partition(struct vm *vm) {
	hv_partition_id_t id = vm->partition;
	enum hv_status status;

	vm->vp_count = 0;
	status = hypercall_finalize_partition(id);
	if (status != HV_STATUS_SUCCESS)
		log_error("vm %s: finalizing the partition failed: %s", vm->config.name, hypercall_status_text(status));
	(void)deposit_withdraw(id);
	status = hypercall_delete_partition(id);
	if (status != HV_STATUS_SUCCESS)
		log_error("vm %s: deleting the partition failed: %s", vm->config.name, hypercall_status_text(status));
	vm->partition = HV_PARTITION_ID_INVALID;
}

enum err vm_build(struct vm *vm, vm_find_module_t *find_module, struct err_text *text) {
	enum err error = memory_layout_init(&vm->layout, vm->config.memory_size, text);

	if (error != ERR_NONE)
		return error;
	vm->asked_pages = 0;
	error = choose_processor(vm, text);
	if (error != ERR_NONE)
		return error;
	error = vm_disks_open(vm, text);
	if (error != ERR_NONE)
		return error;
	error = create_partition(vm, text);
	if (error != ERR_NONE)
		goto undo_disks;
	error = initialize_partition(vm, text);
	if (error != ERR_NONE)
		goto undo_partition;
	error = register_processor(vm, text);
	if (error != ERR_NONE)
		goto undo_partition;
	error = vm_ram_take(&vm->memory, &vm->layout, text);
	if (error != ERR_NONE)
		goto undo_partition;
	error = vm_ram_map(&vm->memory, vm->partition, text);
	if (error != ERR_NONE)
		goto undo_ram;
	for (unsigned i = 0; i < vm->config.cpus; i++) {
		error = create_vp(vm, i, text);
		if (error != ERR_NONE)
			goto undo_ram;
	}
	vm_devices_reset(vm);
	error = vm_vmbus_start(vm, text);
	if (error != ERR_NONE)
		goto undo_ram;
	error = vm_vmbus_offer_disks(vm, vm_disks_target(vm), text);
	if (error != ERR_NONE)
		goto undo_vmbus;
	error = deposit_reserve(vm, text);
	if (error != ERR_NONE)
		goto undo_vmbus;
	error = vm_boot(vm, find_module, text);
	if (error != ERR_NONE)
		goto undo_vmbus;
	return ERR_NONE;

undo_vmbus:
	vm_vmbus_end(vm);
undo_ram:
	/* Memory comes free only when the partition no longer maps it. */
	delete_partition(vm);
	vm_ram_give(&vm->memory);
	goto undo_disks;
undo_partition:
	delete_partition(vm);
undo_disks:
	vm_disks_close(vm);
	return error;
}

void vm_halt(struct vm *vm) {
	enum hv_status status = hypercall_set_property(vm->partition, HV_PROPERTY_SUSPEND, 1);

	if (status != HV_STATUS_SUCCESS)
		log_error("vm %s: suspending the partition failed: %s", vm->config.name, hypercall_status_text(status));
	vm_disks_stop(vm);
}

void vm_unbuild(struct vm *vm) {
	vm_vmbus_end(vm);
	delete_partition(vm);
	/* Requests of the disks are done, so nobody writes to it any more. */
	vm_ram_give(&vm->memory);
	vm_disks_close(vm);
}
