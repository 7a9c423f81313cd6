/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Port instructions: IN, OUT, INS and OUTS with and without REP
 * [APM3 "IN", "INS", "OUT", "OUTS", "REP"]. A repeated instruction is carried
 * out in portions; between them the guest runs it again.
 */
#include "vmm/guest_access.h"
#include "vmm/intercept.h"
#include "vmm/vp_state.h"

#define RFLAGS_DF   0x400ull
#define REP_PORTION 512u /* elements per intercept, to bound the time under the lock */

static uint64_t size_mask(unsigned size) { return size >= 8 ? ~0ull : (1ull << 8 * size) - 1; }

/* A register written by size: 4 bytes clear the upper half, fewer keep the rest
 * [APM3 1.2.2 "64-Bit Operands", zero extension]. */
static uint64_t merge(uint64_t old, uint64_t value, unsigned size) {
	if (size >= 4)
		return value & size_mask(size);
	return (old & ~size_mask(size)) | (value & size_mask(size));
}

static unsigned instruction_length(const struct hv_intercept_header *header) {
	return header->instruction_length & 0xf;
}

/* What the prefixes of a string instruction say. */
struct string_form {
	unsigned address_size;        /* 2, 4 or 8 */
	enum hv_page_segment segment; /* of the source */
};

static bool is_prefix(uint8_t byte, struct string_form *form, unsigned other_address_size) {
	switch (byte) {
	case 0x26:
		form->segment = HV_PAGE_ES;
		return true;
	case 0x2e:
		form->segment = HV_PAGE_CS;
		return true;
	case 0x36:
		form->segment = HV_PAGE_SS;
		return true;
	case 0x3e:
		form->segment = HV_PAGE_DS;
		return true;
	case 0x64:
		form->segment = HV_PAGE_FS;
		return true;
	case 0x65:
		form->segment = HV_PAGE_GS;
		return true;
	case 0x67:
		form->address_size = other_address_size;
		return true;
	case 0x66:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return byte >= 0x40 && byte <= 0x4f && other_address_size == 4; /* REX */
	}
}

static void parse_prefixes(const struct hv_intercept_header *header, const uint8_t *bytes, size_t count,
                           struct string_form *form) {
	enum mmio_mode mode = mmio_mode(header);
	unsigned other = mode == MMIO_MODE_32 ? 2 : 4;

	form->address_size = mode == MMIO_MODE_64 ? 8 : mode == MMIO_MODE_32 ? 4 : 2;
	form->segment = HV_PAGE_DS;
	for (size_t i = 0; i < count && is_prefix(bytes[i], form, other); i++)
		;
}

/* A string instruction on its way. */
struct string_io {
	struct vm *vm;
	struct vm_vp *vp;
	unsigned vp_index;
	const struct hv_io_port_intercept *message;
	struct guest_paging paging;
	struct string_form form;
	unsigned size;
	bool is_write; /* to the port: OUTS */
	enum hv_gpr pointer;
	uint64_t base; /* of the segment */
};

static uint64_t linear_address(const struct string_io *s) {
	uint64_t offset = s->vp->registers->gpr[s->pointer] & size_mask(s->form.address_size);
	uint64_t address = s->base + offset;

	return vp_state_is_long(&s->message->header) ? address : address & 0xffffffffull;
}

/* Memory that is not RAM reads all ones and takes no writes. */
static bool is_real_fault(const struct guest_access_fault *fault) {
	return fault->status != GUEST_WALK_OK && fault->status != GUEST_WALK_NO_MEMORY;
}

static void raise(const struct string_io *s, const struct guest_access_fault *fault) {
	if (fault->status == GUEST_WALK_PAGE_FAULT)
		vp_state_inject_page_fault(s->vm, s->vp_index, fault->address, fault->error_code);
	else
		vp_state_inject(s->vp, VECTOR_GENERAL_PROTECTION, true, 0);
}

/* One element; false if it faults, and then nothing happened but the fault. */
static bool string_element(const struct string_io *s) {
	struct port_bus *ports = &s->vm->devices.ports;
	struct guest_access_fault fault;
	uint64_t gva = linear_address(s);
	uint32_t value = 0xffffffff;

	if (s->is_write) {
		(void)guest_access_copy(&s->vm->memory, &s->paging, gva, &value, s->size, GUEST_READ, &fault);
		if (is_real_fault(&fault)) {
			raise(s, &fault);
			return false;
		}
		port_bus_write(ports, s->message->port, s->size, value & (uint32_t)size_mask(s->size));
		return true;
	}
	if (!guest_access_probe(&s->vm->memory, &s->paging, gva, s->size, GUEST_WRITE, &fault) &&
	    is_real_fault(&fault)) {
		raise(s, &fault);
		return false;
	}
	value = port_bus_read(ports, s->message->port, s->size);
	(void)guest_access_copy(&s->vm->memory, &s->paging, gva, &value, s->size, GUEST_WRITE, &fault);
	return true;
}

/* Registers after one element. */
static void string_step(const struct string_io *s, bool is_repeated) {
	uint64_t *gpr = s->vp->registers->gpr;
	uint64_t step = s->message->header.rflags & RFLAGS_DF ? 0ull - s->size : s->size;
	unsigned size = s->form.address_size;

	gpr[s->pointer] = merge(gpr[s->pointer], gpr[s->pointer] + step, size);
	if (is_repeated)
		gpr[HV_RCX] = merge(gpr[HV_RCX], gpr[HV_RCX] - 1, size);
}

static void string_run(const struct string_io *s) {
	const struct hv_intercept_header *header = &s->message->header;
	bool is_repeated = s->message->access_info & HV_IO_ACCESS_REP;
	bool is_stepped = header->rflags & RFLAGS_SINGLE_STEP;
	unsigned portion = is_stepped ? 1 : REP_PORTION;
	uint64_t mask = size_mask(s->form.address_size);
	const uint64_t *rcx = &s->vp->registers->gpr[HV_RCX];

	for (unsigned n = 0; n < portion; n++) {
		if (is_repeated && (*rcx & mask) == 0)
			break;
		if (!string_element(s))
			return;
		string_step(s, is_repeated);
		if (s->vm->state == VM_STOPPING)
			return; /* the port ended the VM */
		if (!is_repeated)
			break;
	}
	/* A single step ends with each element. */
	if (is_repeated && (*rcx & mask) != 0) {
		if (is_stepped)
			vp_state_advance(s->vm, s->vp_index, header, 0);
		return;
	}
	vp_state_advance(s->vm, s->vp_index, header, instruction_length(header));
}

static void string_io(struct vm *vm, unsigned vp_index, const struct hv_io_port_intercept *message, unsigned size) {
	struct vm_vp *vp = &vm->vp[vp_index];
	const struct hv_intercept_header *header = &message->header;
	struct string_io s = {.vm = vm,
	                      .vp = vp,
	                      .vp_index = vp_index,
	                      .message = message,
	                      .size = size,
	                      .is_write = header->access_type == HV_INTERCEPT_WRITE};
	uint8_t bytes[MMIO_INSTRUCTION_MAX];
	struct guest_access_fault fault;
	size_t count;

	if (!vp_state_need(vm, vp_index, HV_DIRTY_SEGMENTS) || !vp_state_paging(vm, vp_index, header, &s.paging)) {
		vm_crash(vm, "the kernel does not tell the registers of processor %u", vp_index);
		return;
	}
	count =
	    guest_access_copy(&vm->memory, &s.paging, (vp_state_is_long(header) ? 0 : header->cs.base) + header->rip,
	                      bytes, instruction_length(header), GUEST_FETCH, &fault);
	parse_prefixes(header, bytes, count, &s.form);
	s.pointer = s.is_write ? HV_RSI : HV_RDI;
	if (!s.is_write)
		s.form.segment = HV_PAGE_ES; /* INS has no override */
	if (!vp_state_is_long(header) || s.form.segment == HV_PAGE_FS || s.form.segment == HV_PAGE_GS)
		s.base = vp->registers->segment[s.form.segment].base;
	string_run(&s);
}

void intercept_io_port(struct vm *vm, unsigned vp_index, const struct hv_io_port_intercept *message) {
	struct vm_vp *vp = &vm->vp[vp_index];
	uint64_t *rax = &vp->registers->gpr[HV_RAX];
	unsigned size = message->access_info & HV_IO_ACCESS_SIZE_MASK;

	if (size != 1 && size != 2 && size != 4) {
		vm_crash(vm, "a port access of %u bytes at RIP 0x%llx", size, (unsigned long long)message->header.rip);
		return;
	}
	if (message->access_info & HV_IO_ACCESS_STRING) {
		string_io(vm, vp_index, message, size);
		return;
	}
	if (message->header.access_type == HV_INTERCEPT_WRITE)
		port_bus_write(&vm->devices.ports, message->port, size, (uint32_t)(*rax & size_mask(size)));
	else
		*rax = merge(*rax, port_bus_read(&vm->devices.ports, message->port, size), size);
	vp_state_advance(vm, vp_index, &message->header, instruction_length(&message->header));
}
