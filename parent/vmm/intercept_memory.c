/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Accesses to guest physical addresses without RAM: the instruction is fetched
 * from the guest, decoded, and carried out on the MMIO bus or the local APIC's
 * page. Addresses that nobody claims read all ones, as on a machine.
 */
#include <string.h>
#include "vmm/apic_page.h"
#include "vmm/guest_access.h"
#include "vmm/intercept.h"
#include "vmm/vp_state.h"

/* One access on its way. */
struct mmio {
	struct vm *vm;
	struct vm_vp *vp;
	unsigned vp_index;
	const struct hv_intercept_header *header;
	uint64_t gpa;
	bool is_write;
	enum mmio_mode mode;
	struct guest_paging paging;
	struct mmio_access access;
};

static uint64_t device_read(const struct mmio *m, uint64_t gpa, unsigned size) {
	if (apic_page_holds(gpa))
		return apic_page_read(m->vm, m->vp_index, gpa - LAYOUT_LAPIC, size);
	return mmio_bus_read(&m->vm->devices.mmio, gpa, size);
}

static void device_write(const struct mmio *m, uint64_t gpa, unsigned size, uint64_t value) {
	if (apic_page_holds(gpa))
		apic_page_write(m->vm, m->vp_index, gpa - LAYOUT_LAPIC, size, value);
	else
		mmio_bus_write(&m->vm->devices.mmio, gpa, size, value);
}

/* The guest sees the fault of the other operand instead of the access. */
static void raise(const struct mmio *m, const struct guest_access_fault *fault) {
	if (fault->status == GUEST_WALK_PAGE_FAULT)
		vp_state_inject_page_fault(m->vm, m->vp_index, fault->address, fault->error_code);
	else if (fault->status == GUEST_WALK_NOT_CANONICAL)
		vp_state_inject(m->vp, VECTOR_GENERAL_PROTECTION, true, 0);
	else
		vm_crash(m->vm, "a string move at RIP 0x%llx between two device registers",
		         (unsigned long long)m->header->rip);
}

/* MOVS: the operand that is not the device. False if it faulted. */
static bool move_other(const struct mmio *m, uint64_t *value) {
	struct guest_access_fault fault;
	uint64_t gva;
	size_t done;

	if (!vp_state_need(m->vm, m->vp_index, HV_DIRTY_SEGMENTS)) {
		vm_crash(m->vm, "the kernel does not tell the segments of processor %u", m->vp_index);
		return false;
	}
	gva = mmio_movs_gva(&m->access, m->mode, m->is_write, m->vp->registers->gpr, m->vp->registers->segment);
	if (m->is_write) {
		*value = 0;
		done = guest_access_copy(&m->vm->memory, &m->paging, gva, value, m->access.size, GUEST_READ, &fault);
	} else {
		/* Ask first: a device register may not be read for nothing. */
		if (!guest_access_probe(&m->vm->memory, &m->paging, gva, m->access.size, GUEST_WRITE, &fault)) {
			raise(m, &fault);
			return false;
		}
		*value = device_read(m, m->gpa, m->access.size);
		done = guest_access_copy(&m->vm->memory, &m->paging, gva, value, m->access.size, GUEST_WRITE, &fault);
	}
	if (done == m->access.size)
		return true;
	raise(m, &fault);
	return false;
}

static void carry_out(struct mmio *m) {
	uint64_t *gpr = m->vp->registers->gpr;
	uint64_t rflags = vp_state_rflags(m->vp, m->header), before = rflags;
	uint64_t old = 0;
	unsigned length;

	if (m->access.operation == MMIO_MOVS) {
		if (!move_other(m, &old))
			return;
		if (m->is_write)
			device_write(m, m->gpa, m->access.size, mmio_write_value(&m->access, old, gpr, rflags));
	} else {
		if (mmio_reads(&m->access, m->is_write))
			old = device_read(m, m->gpa, m->access.size);
		if (mmio_writes(&m->access, m->is_write))
			device_write(m, m->gpa, m->access.size, mmio_write_value(&m->access, old, gpr, rflags));
	}
	length = mmio_finish(&m->access, old, gpr, &rflags);
	if (rflags != before)
		vp_state_set_rflags(m->vp, rflags);
	vp_state_advance(m->vm, m->vp_index, m->header, length);
}

/* The instruction's bytes: the processor's own, or fetched as it fetched them. */
static size_t fetch(struct mmio *m, const struct hv_memory_intercept *message, uint8_t bytes[MMIO_INSTRUCTION_MAX],
                    struct guest_access_fault *fault) {
	uint64_t address = m->header->rip;

	if (message->instruction_byte_count > 0 && message->instruction_byte_count <= MMIO_INSTRUCTION_MAX) {
		memcpy(bytes, message->instruction_bytes, message->instruction_byte_count);
		return message->instruction_byte_count;
	}
	if (m->mode != MMIO_MODE_64)
		address = (address + m->header->cs.base) & 0xffffffffull;
	return guest_access_copy(&m->vm->memory, &m->paging, address, bytes, MMIO_INSTRUCTION_MAX, GUEST_FETCH, fault);
}

static void decode_and_carry_out(struct mmio *m, const struct hv_memory_intercept *message) {
	char text[MMIO_BYTES_TEXT_SIZE] = "";
	uint8_t bytes[MMIO_INSTRUCTION_MAX];
	struct guest_access_fault fault = {.status = GUEST_WALK_OK};
	size_t count = fetch(m, message, bytes, &fault);

	switch (mmio_decode_cached(&m->vp->decode, m->header->rip, m->mode, bytes, count, &m->access)) {
	case MMIO_DECODE_OK:
		carry_out(m);
		break;
	case MMIO_DECODE_SHORT:
		/* The guest changed its tables meanwhile, or a page of the instruction
		 * is not there: it runs it again and takes the fault itself. */
		if (fault.status == GUEST_WALK_PAGE_FAULT)
			break;
		vm_crash(m->vm, "an instruction at RIP 0x%llx that accesses 0x%llx lies outside RAM",
		         (unsigned long long)m->header->rip, (unsigned long long)m->gpa);
		break;
	case MMIO_DECODE_UNKNOWN:
		mmio_bytes_text(bytes, count, text);
		vm_crash(m->vm, "unknown MMIO instruction at RIP 0x%llx, accessing 0x%llx, bytes %s",
		         (unsigned long long)m->header->rip, (unsigned long long)m->gpa, text);
		break;
	}
}

void intercept_memory(struct vm *vm, unsigned vp_index, const struct hv_memory_intercept *message) {
	const struct hv_intercept_header *header = &message->header;
	struct mmio m = {.vm = vm,
	                 .vp = &vm->vp[vp_index],
	                 .vp_index = vp_index,
	                 .header = header,
	                 .gpa = message->gpa,
	                 .is_write = header->access_type == HV_INTERCEPT_WRITE,
	                 .mode = mmio_mode(header)};

	if (header->execution_state & HV_EXECUTION_EVENT_PENDING) {
		/* No instruction accessed it: the IDT, a descriptor or the stack is there. */
		vm_crash(vm, "an interrupt or exception at RIP 0x%llx led to 0x%llx, which is not RAM",
		         (unsigned long long)header->rip, (unsigned long long)message->gpa);
		return;
	}
	if (header->access_type == HV_INTERCEPT_EXECUTE) {
		/* All ones are not an instruction. */
		vp_state_inject(m.vp, VECTOR_INVALID_OPCODE, false, 0);
		return;
	}
	if (!vp_state_paging(vm, vp_index, header, &m.paging)) {
		vm_crash(vm, "the kernel does not tell the registers of processor %u", vp_index);
		return;
	}
	decode_and_carry_out(&m, message);
}
