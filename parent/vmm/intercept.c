/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Takes an intercept, judges what it is, and says how the VM goes on. */
#include <limits.h>
#include <string.h>
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "vmm/com2_view.h"
#include "vmm/deposit.h"
#include "vmm/intercept.h"
#include "vmm/vm_manager.h"
#include "vmm/vm_slots.h"
#include "vmm/vm_vmbus.h"
#include "vmm/vp_state.h"

/* The payload as its type, copied because the copy is not aligned for it. */
#define PAYLOAD(message, type)                                                                                         \
	({                                                                                                             \
		type payload_;                                                                                         \
		_Static_assert(sizeof(type) <= HV_MESSAGE_PAYLOAD_SIZE, "fits");                                       \
		memcpy(&payload_, (message)->payload, sizeof(payload_));                                               \
		payload_;                                                                                              \
	})

static void unrecoverable(struct vm *vm, const struct hv_intercept_header *header) {
	vm_crash(vm, "triple fault of processor %u at RIP 0x%llx", header->vp_index, (unsigned long long)header->rip);
}

static void invalid_register(struct vm *vm, const struct hv_invalid_vp_register_message *message) {
	vm_crash(vm, "illegal state of processor %u: rule %u, value 0x%llx, hardware code 0x%llx", message->vp_index,
	         message->rule, (unsigned long long)message->value, (unsigned long long)message->hardware_code);
}

/* A page of its MSRs goes to another place, and the tables there are to be made: the WRMSR
 * runs again when there is memory for them, else it faults. Tables stay, so that a guest gets
 * no more than one per 2 MiB of its memory and some for what lies above each VP's pages. */
static void lacks_memory(struct vm *vm, unsigned vp_index) {
	uint64_t most = (vm->config.memory_size >> 21) + 16ull * vm->vp_count;
	struct err_text text = {"it has moved them about too much"};

	if (vm->asked_pages < most && deposit_more(vm->partition, DEPOSIT_STEP, &text) == ERR_NONE) {
		vm->asked_pages += DEPOSIT_STEP;
		return;
	}
	if (vm->asked_pages != UINT_MAX) /* once: the log is not the guest's */
		log_warning("vm %s: a page of processor %u is not placed: %s", vm->config.name, vp_index, text.text);
	vm->asked_pages = UINT_MAX;
	vp_state_inject(&vm->vp[vp_index], VECTOR_GENERAL_PROTECTION, true, 0);
}

static void unexpected(struct vm *vm, const struct hv_message *message) {
	struct hv_intercept_header header = PAYLOAD(message, struct hv_intercept_header);

	vm_crash(vm, "processor %u intercepted with message 0x%x at RIP 0x%llx, which nobody handles", header.vp_index,
	         message->header.type, (unsigned long long)header.rip);
}

static void dispatch(struct vm *vm, unsigned vp_index, const struct hv_message *message) {
	switch ((enum hv_message_type)message->header.type) {
	case HV_MESSAGE_IO_PORT_INTERCEPT: {
		struct hv_io_port_intercept io = PAYLOAD(message, struct hv_io_port_intercept);

		intercept_io_port(vm, vp_index, &io);
		break;
	}
	case HV_MESSAGE_UNMAPPED_GPA:
	case HV_MESSAGE_GPA_INTERCEPT: {
		struct hv_memory_intercept memory = PAYLOAD(message, struct hv_memory_intercept);

		intercept_memory(vm, vp_index, &memory);
		break;
	}
	case HV_MESSAGE_MSR_INTERCEPT: {
		struct hv_msr_intercept msr = PAYLOAD(message, struct hv_msr_intercept);

		intercept_msr(vm, vp_index, &msr);
		break;
	}
	case HV_MESSAGE_APIC_EOI:
		vm_devices_eoi(vm, (uint8_t)PAYLOAD(message, struct hv_apic_eoi_message).vector);
		break;
	case HV_MESSAGE_UNRECOVERABLE_EXCEPTION: {
		struct hv_intercept_header header = PAYLOAD(message, struct hv_intercept_header);

		unrecoverable(vm, &header);
		break;
	}
	case HV_MESSAGE_INVALID_VP_REGISTER: {
		struct hv_invalid_vp_register_message invalid = PAYLOAD(message, struct hv_invalid_vp_register_message);

		invalid_register(vm, &invalid);
		break;
	}
	case HV_MESSAGE_POSTED_MESSAGE:
		vm_vmbus_posted(vm, vp_index);
		break;
	case HV_MESSAGE_SINT_DELIVERABLE:
		vm_vmbus_deliverable(vm);
		break;
	case HV_MESSAGE_INSUFFICIENT_MEMORY:
		lacks_memory(vm, vp_index);
		break;
	case HV_MESSAGE_RESET:
		vm_end(vm, VM_END_RESET, 0);
		break;
	case HV_MESSAGE_MACHINE_CHECK:
		vm_crash(vm, "the host lost a page of its memory to a machine check");
		break;
	case HV_MESSAGE_HALT: /* the kernel waits for the interrupt by itself */
	case HV_MESSAGE_NONE:
		break;
	case HV_MESSAGE_TIMER_EXPIRED:
	case HV_MESSAGE_UNSUPPORTED_FEATURE:
	case HV_MESSAGE_CPUID_INTERCEPT:
	case HV_MESSAGE_EXCEPTION_INTERCEPT:
	default: /* whatever a newer kernel may send */
		unexpected(vm, message);
		break;
	}
}

bool intercept_handle(uint32_t slot) {
	struct hv_message message;
	bool is_resumed = false, has_ended, has_output;
	uint64_t written;
	unsigned vp_index;
	struct vm_vp *vp;
	struct vm *vm = vm_slots_lock(slot, &vp_index);

	if (vm == NULL)
		return false;
	vp = &vm->vp[vp_index];
	written = vm->console.written;
	/* An intercept counts once: a slot may be announced again while a VM ends. */
	if (vm_is_alive(vm) && vp->intercept->sequence != vp->sequence) {
		vp->sequence = vp->intercept->sequence;
		memcpy(&message, &vp->intercept->message, sizeof(message));
		dispatch(vm, vp_index, &message);
		if (vm_is_alive(vm))
			vm_devices_deliver(vm);
		is_resumed = vm_is_alive(vm);
	}
	has_ended = vm->state == VM_STOPPING;
	has_output = vm->console.written != written;
	spinlock_release(&vm->lock);
	if (has_output)
		com2_view_pump();
	if (has_ended)
		vm_manager_vm_ended();
	return is_resumed;
}

void intercept_resume_failed(uint32_t slot, enum hv_status status) {
	unsigned vp_index;
	struct vm *vm = vm_slots_lock(slot, &vp_index);

	if (vm == NULL)
		return; /* deleted while its intercept was handled */
	vm_crash(vm, "the kernel refused to resume processor %u: %s", vp_index, hypercall_status_text(status));
	spinlock_release(&vm->lock);
	vm_manager_vm_ended();
}
