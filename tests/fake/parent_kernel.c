/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The model behind the raw hypercalls. */
#include <stdlib.h>
#include <string.h>
#include "fake/parent_kernel.h"
#include "runtime/hypercall.h"

struct fake_kernel fake;

#define PAGES_OF_PARTITION 8u
#define PAGES_OF_VP        5u

void fake_kernel_reset(void) {
	for (unsigned i = 0; i < FAKE_PARTITIONS; i++) {
		for (unsigned v = 0; v < HV_MAX_VPS; v++) {
			free(fake.partition[i].registers[v]);
			free(fake.partition[i].intercept[v]);
		}
	}
	memset(&fake, 0, sizeof(fake));
	fake.next_id = 2;
	fake.send_budget = sizeof(fake.sent);
}

struct fake_partition *fake_partition_of(hv_partition_id_t id) {
	for (unsigned i = 0; id != 0 && i < FAKE_PARTITIONS; i++)
		if (fake.partition[i].id == id)
			return &fake.partition[i];
	return NULL;
}

static struct fake_register *find_register(hv_partition_id_t partition, uint32_t vp_index, uint32_t name) {
	for (unsigned i = 0; i < fake.register_count; i++) {
		struct fake_register *r = &fake.reg[i];

		if (r->partition == partition && r->vp_index == vp_index && r->name == name)
			return r;
	}
	return NULL;
}

uint64_t fake_register_get(hv_partition_id_t partition, uint32_t vp_index, uint32_t name) {
	const struct fake_register *r = find_register(partition, vp_index, name);

	return r == NULL ? 0 : r->value.u64;
}

static void store_register(hv_partition_id_t partition, uint32_t vp_index, uint32_t name,
                           const union hv_register_value *value) {
	struct fake_register *r = find_register(partition, vp_index, name);

	if (r == NULL) {
		if (fake.register_count == FAKE_REGISTERS)
			abort();
		r = &fake.reg[fake.register_count++];
	}
	*r = (struct fake_register){partition, vp_index, name, *value};
}

void fake_register_set(hv_partition_id_t partition, uint32_t vp_index, uint32_t name, uint64_t value) {
	store_register(partition, vp_index, name, &(union hv_register_value){.u128 = {value, 0}});
}

/* A call on its way. */
struct call {
	const uint8_t *in;
	const uint8_t *list;
	uint8_t *out;
	unsigned count;
	unsigned done;
};

static uint64_t list_u64(const struct call *c, unsigned i) {
	uint64_t value;

	memcpy(&value, c->list + 8 * i, 8);
	return value;
}

static enum hv_status create_partition(struct call *c) {
	for (unsigned i = 0; i < FAKE_PARTITIONS; i++) {
		struct fake_partition *p = &fake.partition[i];

		if (p->id != 0)
			continue;
		memset(p, 0, sizeof(*p));
		p->id = fake.next_id++;
		p->post_room = ~0u;
		memcpy(c->out, &p->id, sizeof(p->id));
		return HV_STATUS_SUCCESS;
	}
	return HV_STATUS_NO_RESOURCES;
}

/* What exists must be paid for before something more is made. */
static bool pay(struct fake_partition *p, unsigned pages) {
	if (p->wanted + pages > p->deposited)
		return false;
	p->wanted += pages;
	return true;
}

static enum hv_status create_vp(struct call *c) {
	struct hv_create_vp_in in;
	struct hv_create_vp_out out = {0};
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.partition_id);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	if (in.vp_index >= HV_MAX_VPS || in.apic_id != in.vp_index)
		return HV_STATUS_INVALID_PARAMETER;
	if (!pay(p, PAGES_OF_VP))
		return HV_STATUS_INSUFFICIENT_MEMORY;
	p->registers[in.vp_index] = aligned_alloc(4096, 4096);
	p->intercept[in.vp_index] = aligned_alloc(4096, 4096);
	memset(p->registers[in.vp_index], 0, 4096);
	memset(p->intercept[in.vp_index], 0, 4096);
	p->vp_count++;
	out.slot = (uint32_t)((p - fake.partition) * HV_MAX_VPS + in.vp_index);
	out.register_page_gpa = (uint64_t)(uintptr_t)p->registers[in.vp_index];
	out.intercept_page_gpa = (uint64_t)(uintptr_t)p->intercept[in.vp_index];
	memcpy(c->out, &out, sizeof(out));
	return HV_STATUS_SUCCESS;
}

static enum hv_status register_cpuid(struct call *c) {
	struct hv_register_cpuid_results_in in;
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.partition_id);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	if (p->vp_count > 0)
		return HV_STATUS_INVALID_PARTITION_STATE;
	for (; c->done < c->count; c->done++) {
		if (p->cpuid_count == HV_MAX_CPUID_RESULTS)
			return HV_STATUS_NO_RESOURCES;
		memcpy(&p->cpuid[p->cpuid_count++], c->list + sizeof(p->cpuid[0]) * c->done, sizeof(p->cpuid[0]));
	}
	return HV_STATUS_SUCCESS;
}

static enum hv_status finalize(struct fake_partition *p) {
	if (p->is_finalized)
		return HV_STATUS_INVALID_PARTITION_STATE;
	p->is_finalized = true;
	for (unsigned i = 0; i < HV_MAX_VPS; i++) {
		free(p->registers[i]);
		free(p->intercept[i]);
		p->registers[i] = NULL;
		p->intercept[i] = NULL;
	}
	p->mapped_size = 0;
	p->connection_count = 0;
	return HV_STATUS_SUCCESS;
}

static enum hv_status delete_partition(struct fake_partition *p) {
	if (!p->is_finalized)
		return HV_STATUS_INVALID_PARTITION_STATE;
	if (p->deposited != 0)
		return HV_STATUS_OBJECT_IN_USE;
	p->id = 0;
	return HV_STATUS_SUCCESS;
}

static enum hv_status deposit(struct call *c) {
	struct hv_deposit_memory_in in;
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	if (in.partition_id == HV_PARTITION_ID_SELF) {
		fake.self_deposits += c->count;
		c->done = c->count;
		return HV_STATUS_SUCCESS;
	}
	p = fake_partition_of(in.partition_id);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	for (; c->done < c->count; c->done++)
		p->deposit[p->deposited++] = list_u64(c, c->done);
	return HV_STATUS_SUCCESS;
}

static enum hv_status withdraw(struct call *c) {
	struct hv_withdraw_memory_in in;
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.partition_id);
	if (p == NULL || !p->is_finalized)
		return HV_STATUS_INVALID_PARTITION_STATE;
	for (; c->done < c->count && p->deposited > 0; c->done++) {
		p->deposited--;
		memcpy(c->out + 8 * c->done, &p->deposit[p->deposited], 8);
	}
	return HV_STATUS_SUCCESS;
}

static uint64_t page_bytes(uint32_t flags) {
	if (flags & HV_MAP_GPA_HUGE_PAGE)
		return 1ull << 30;
	return flags & HV_MAP_GPA_LARGE_PAGE ? 2ull << 20 : 4096;
}

static enum hv_status map_gpa(struct call *c) {
	struct hv_map_gpa_pages_in in;
	struct fake_partition *p;
	uint64_t size;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.partition_id);
	size = page_bytes(in.flags);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	for (; c->done < c->count; c->done++) {
		uint64_t gpa = (in.target_gpfn << 12) + c->done * size;

		if (gpa % size != 0 || (list_u64(c, c->done) << 12) % size != 0)
			return HV_STATUS_INVALID_PARAMETER;
		/* A table for every 16 pages mapped, so that deposits are asked for. */
		if ((p->mapped_large + p->mapped_small) % 16 == 0 && !pay(p, 1))
			return HV_STATUS_INSUFFICIENT_MEMORY;
		if (size == 4096)
			p->mapped_small++;
		else
			p->mapped_large++;
		p->mapped_size += size;
		p->map_end = gpa + size;
	}
	return HV_STATUS_SUCCESS;
}

static enum hv_status scrub(struct call *c) {
	struct hv_scrub_pages_in in;

	memcpy(&in, c->in, sizeof(in));
	for (; c->done < c->count; c->done++) {
		memset((void *)(uintptr_t)(list_u64(c, c->done) << 12), 0, page_bytes(in.flags));
		fake.scrubbed_size += page_bytes(in.flags);
	}
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_registers(struct call *c) {
	struct hv_vp_registers_in in;

	memcpy(&in, c->in, sizeof(in));
	for (; c->done < c->count; c->done++) {
		const struct fake_register *r;
		union hv_register_value value = {.u128 = {0, 0}};
		uint32_t name;

		memcpy(&name, c->list + 4 * c->done, 4);
		r = find_register(in.partition_id, in.vp_index, name);
		if (r != NULL)
			value = r->value;
		memcpy(c->out + sizeof(value) * c->done, &value, sizeof(value));
	}
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_registers(struct call *c) {
	struct hv_vp_registers_in in;

	memcpy(&in, c->in, sizeof(in));
	for (; c->done < c->count; c->done++) {
		struct hv_register_assoc assoc;

		memcpy(&assoc, c->list + sizeof(assoc) * c->done, sizeof(assoc));
		store_register(in.partition_id, in.vp_index, assoc.name, &assoc.value);
	}
	return HV_STATUS_SUCCESS;
}

static enum hv_status set_property(struct call *c) {
	struct hv_set_partition_property_in in;
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.partition_id);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	if (in.property == HV_PROPERTY_SUSPEND) {
		p->is_suspended = in.value;
		return HV_STATUS_SUCCESS;
	}
	if (in.property != HV_PROPERTY_TIME_FREEZE)
		return HV_STATUS_UNKNOWN_PROPERTY;
	if (!p->is_suspended)
		return HV_STATUS_INVALID_PARTITION_STATE;
	p->is_frozen = in.value;
	return HV_STATUS_SUCCESS;
}

static enum hv_status get_property(struct call *c) {
	struct hv_get_partition_property_in in;
	struct hv_get_partition_property_out out = {.value = fake.reference_time};

	memcpy(&in, c->in, sizeof(in));
	if (fake_partition_of(in.partition_id) == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	if (in.property != HV_PROPERTY_REFERENCE_TIME)
		return HV_STATUS_UNKNOWN_PROPERTY;
	memcpy(c->out, &out, sizeof(out));
	return HV_STATUS_SUCCESS;
}

/* The first connection costs a page, as in the kernel. */
static enum hv_status connect_port(struct call *c) {
	struct hv_connect_port_in in;
	struct hv_connect_port_in *at;
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.connection_partition);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	at = &p->connection[in.connection_id % HV_MAX_CONNECTIONS];
	if (in.port_partition != HV_PARTITION_ID_SELF || in.port_id >= HV_PARENT_PORTS)
		return HV_STATUS_INVALID_PORT_ID;
	if (at->type != 0)
		return at->connection_id == in.connection_id ? HV_STATUS_OBJECT_IN_USE : HV_STATUS_NO_RESOURCES;
	if (!p->has_connections && !pay(p, 1))
		return HV_STATUS_INSUFFICIENT_MEMORY;
	p->has_connections = true;
	*at = in;
	p->connection_count++;
	return HV_STATUS_SUCCESS;
}

static enum hv_status disconnect_port(struct call *c) {
	struct hv_disconnect_port_in in;
	struct hv_connect_port_in *at;
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.connection_partition);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	at = &p->connection[in.connection_id % HV_MAX_CONNECTIONS];
	if (at->type == 0 || at->connection_id != in.connection_id)
		return HV_STATUS_INVALID_CONNECTION_ID;
	at->type = 0;
	p->connection_count--;
	return HV_STATUS_SUCCESS;
}

static enum hv_status post_message_direct(struct call *c) {
	struct hv_post_message_direct_in in;
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.partition_id);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	if (p->post_room == 0)
		return HV_STATUS_INSUFFICIENT_BUFFERS;
	p->post_room--;
	if (p->posted_count == FAKE_POSTED)
		abort();
	p->posted[p->posted_count++] = in;
	return HV_STATUS_SUCCESS;
}

static enum hv_status signal_event_direct(struct call *c) {
	struct hv_signal_event_direct_in in;
	struct fake_partition *p;

	memcpy(&in, c->in, sizeof(in));
	p = fake_partition_of(in.partition_id);
	if (p == NULL)
		return HV_STATUS_INVALID_PARTITION_ID;
	p->flag = in;
	p->flag_count++;
	return HV_STATUS_SUCCESS;
}

static enum hv_status assert_interrupt(struct call *c) {
	if (fake.assert_count == FAKE_ASSERTS)
		abort();
	memcpy(&fake.asserted[fake.assert_count++], c->in, sizeof(fake.asserted[0]));
	return HV_STATUS_SUCCESS;
}

/* As the kernel does: an interrupt a call, its message made of the number. */
static enum hv_status map_device_interrupt(struct call *c) {
	unsigned max = fake.device_interrupts_max != 0 ? fake.device_interrupts_max : HV_MAX_DEVICE_INTERRUPTS;
	struct hv_map_device_interrupt_out out = {.interrupt = fake.device_interrupts};

	if (fake.device_interrupts == max)
		return HV_STATUS_NO_RESOURCES;
	memcpy(&fake.device_interrupt[fake.device_interrupts++], c->in, sizeof(fake.device_interrupt[0]));
	out.msi_address = 0xfee00000;
	out.msi_data = 0x40 + out.interrupt;
	memcpy(c->out, &out, sizeof(out));
	return HV_STATUS_SUCCESS;
}

static enum hv_status run(enum hv_call_code code, struct call *c) {
	hv_partition_id_t id = 0;
	struct fake_partition *p;

	if (c->in != NULL)
		memcpy(&id, c->in, sizeof(id));
	p = fake_partition_of(id);
	switch ((unsigned)code) {
	case HV_CALL_CREATE_PARTITION:
		return create_partition(c);
	case HV_CALL_INITIALIZE_PARTITION:
		if (p == NULL)
			return HV_STATUS_INVALID_PARTITION_ID;
		return pay(p, PAGES_OF_PARTITION) ? HV_STATUS_SUCCESS : HV_STATUS_INSUFFICIENT_MEMORY;
	case HV_CALL_FINALIZE_PARTITION:
		return p == NULL ? HV_STATUS_INVALID_PARTITION_ID : finalize(p);
	case HV_CALL_DELETE_PARTITION:
		return p == NULL ? HV_STATUS_INVALID_PARTITION_ID : delete_partition(p);
	case HV_CALL_GET_PARTITION_PROPERTY:
		return get_property(c);
	case HV_CALL_CONNECT_PORT:
		return connect_port(c);
	case HV_CALL_DISCONNECT_PORT:
		return disconnect_port(c);
	case HV_CALL_POST_MESSAGE_DIRECT:
		return post_message_direct(c);
	case HV_CALL_SIGNAL_EVENT_DIRECT:
		return signal_event_direct(c);
	case HV_CALL_SET_PARTITION_PROPERTY:
		return set_property(c);
	case HV_CALL_DEPOSIT_MEMORY:
		return deposit(c);
	case HV_CALL_WITHDRAW_MEMORY:
		return withdraw(c);
	case HV_CALL_MAP_GPA_PAGES:
		return map_gpa(c);
	case HV_CALL_SCRUB_PAGES:
		return scrub(c);
	case HV_CALL_REGISTER_CPUID_RESULTS:
		return register_cpuid(c);
	case HV_CALL_CREATE_VP:
		return create_vp(c);
	case HV_CALL_GET_VP_REGISTERS:
		return get_registers(c);
	case HV_CALL_SET_VP_REGISTERS:
		return set_registers(c);
	case HV_CALL_MAP_DEVICE_INTERRUPT:
		return map_device_interrupt(c);
	case HV_CALL_ASSERT_VIRTUAL_INTERRUPT:
		return assert_interrupt(c);
	default:
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	}
}

static bool is_failing(enum hv_call_code code) {
	return fake.fail_after > 0 && fake.fail_code == code && --fake.fail_after == 0;
}

uint64_t hypercall_memory(uint64_t control, const void *in, size_t in_size, void *out, size_t out_size) {
	static const struct {
		enum hv_call_code code;
		size_t in_size;
	} headers[] = {
#define HV_CALL(NAME, name, code, privilege, target, form, in, rep_in, out, rep_out) {(code), (in)},
#include <hv_abi/calls.def>
#undef HV_CALL
	};
	enum hv_call_code code = (enum hv_call_code)(control & HV_CONTROL_CODE_MASK);
	struct call c = {.in = in, .out = out};
	enum hv_status status;

	(void)out_size;
	fake.calls++;
	if (is_failing(code))
		return fake.fail_status;
	c.count = (unsigned)((control & HV_CONTROL_REP_COUNT_MASK) >> HV_CONTROL_REP_COUNT_SHIFT);
	if (fake.rep_limit > 0 && c.count > fake.rep_limit)
		c.count = fake.rep_limit;
	for (unsigned i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (headers[i].code == code && in_size >= headers[i].in_size && in != NULL)
			c.list = c.in + headers[i].in_size;
	status = run(code, &c);
	return (uint64_t)status | (uint64_t)c.done << HV_RESULT_REPS_SHIFT;
}

uint64_t hypercall_register(enum hv_call_code code, uint64_t rdx, uint64_t r8) {
	fake.calls++;
	if (is_failing(code))
		return fake.fail_status;
	if (code == HV_CALL_VP_WAIT && fake.on_wait != NULL)
		fake.on_wait();
	if (code == HV_CALL_SIGNAL_PARENT_VP && rdx < 65)
		fake.signaled[rdx] |= 1ull << r8;
	if (code == HV_CALL_UNMASK_DEVICE_INTERRUPT)
		fake.device_unmasks++;
	if (code == HV_CALL_CLAIM_DEVICE)
		fake.claims++;
	/* Time passes while somebody waits for it. */
	if (code == HV_CALL_VP_WAIT && r8 != HV_DEADLINE_NEVER && r8 > fake.now)
		fake.now = r8;
	return HV_STATUS_SUCCESS;
}
