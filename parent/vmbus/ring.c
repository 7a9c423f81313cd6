/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Both ends of a ring. `read == write` means empty, so a writer always leaves
 * at least 8 bytes free.
 */
#include "vmbus/ring.h"

#include "vmbus/shared_memory.h"

#define DESCRIPTOR_SIZE ((uint32_t)sizeof(struct vmbus_packet_descriptor))

static bool is_index_valid(uint32_t index, uint32_t size) { return index < size && index % 8 == 0; }

static uint32_t distance(uint32_t from, uint32_t to, uint32_t size) {
	return to >= from ? to - from : to + size - from;
}

static uint32_t advance(uint32_t index, uint32_t by, uint32_t size) {
	return index + by >= size ? index + by - size : index + by;
}

static bool is_memory_valid(const struct ring_memory *memory, uint32_t index) {
	return memory->page_count > 0 && memory->page_count <= RING_PAGES_MAX &&
	       is_index_valid(index, memory->page_count * HV_PAGE_SIZE);
}

/* The run of bytes at `index` that ends with its page, at most `left`. */
static uint32_t run_at(uint32_t index, uint32_t left) {
	uint32_t in_page = HV_PAGE_SIZE - index % HV_PAGE_SIZE;

	return left < in_page ? left : in_page;
}

static void copy_out(const struct ring_reader *r, uint32_t index, void *to, uint32_t size) {
	uint8_t *at = to;

	while (size > 0) {
		uint32_t run = run_at(index, size);
		const uint8_t *page = r->memory.page[index / HV_PAGE_SIZE];

		shared_read(at, page + index % HV_PAGE_SIZE, run);
		at += run;
		size -= run;
		index = advance(index, run, r->size);
	}
}

static uint32_t copy_in(const struct ring_writer *w, uint32_t index, const void *from, uint32_t size) {
	const uint8_t *at = from;

	while (size > 0) {
		uint32_t run = run_at(index, size);
		uint8_t *page = w->memory.page[index / HV_PAGE_SIZE];

		shared_write(page + index % HV_PAGE_SIZE, at, run);
		at += run;
		size -= run;
		index = advance(index, run, w->size);
	}
	return index;
}

bool ring_reader_init(struct ring_reader *r, const struct ring_memory *memory, uint32_t index) {
	if (!is_memory_valid(memory, index))
		return false;
	*r = (struct ring_reader){
	    .memory = *memory,
	    .size = memory->page_count * HV_PAGE_SIZE,
	    .read = index,
	    .released = index,
	};
	return true;
}

bool ring_writer_init(struct ring_writer *w, const struct ring_memory *memory, uint32_t index) {
	if (!is_memory_valid(memory, index))
		return false;
	*w = (struct ring_writer){
	    .memory = *memory,
	    .size = memory->page_count * HV_PAGE_SIZE,
	    .write = index,
	    .published = index,
	};
	return true;
}

/* How many bytes the writer has published beyond `read`; false: broken. */
static bool readable(struct ring_reader *r, uint32_t *count) {
	uint32_t write = shared_load32(&r->memory.control->write_index);

	/* The writer may only move away from us, not back over what was read
	 * since the last release: that room is not its own yet. */
	if (!is_index_valid(write, r->size) ||
	    distance(r->released, write, r->size) < distance(r->released, r->read, r->size))
		r->is_broken = true;
	*count = distance(r->read, write, r->size);
	return !r->is_broken;
}

enum ring_result ring_read(struct ring_reader *r, void *buffer, uint32_t buffer_size, struct ring_packet *packet) {
	struct vmbus_packet_descriptor d;
	uint8_t *body = buffer;
	uint32_t count, size, offset;

	if (r->is_broken || !readable(r, &count))
		return RING_BROKEN;
	if (count == 0)
		return RING_EMPTY;
	if (count < DESCRIPTOR_SIZE + VMBUS_PACKET_TRAILER_SIZE)
		goto broken;
	copy_out(r, r->read, &d, DESCRIPTOR_SIZE);
	size = d.size8 * 8u;
	offset = d.payload_offset8 * 8u;
	if (offset < DESCRIPTOR_SIZE || offset > size || size + VMBUS_PACKET_TRAILER_SIZE > count ||
	    size - DESCRIPTOR_SIZE > buffer_size)
		goto broken;
	copy_out(r, advance(r->read, DESCRIPTOR_SIZE, r->size), body, size - DESCRIPTOR_SIZE);
	r->read = advance(r->read, size + VMBUS_PACKET_TRAILER_SIZE, r->size);
	*packet = (struct ring_packet){
	    .type = d.type,
	    .flags = d.flags,
	    .transaction_id = d.transaction_id,
	    .header = body,
	    .header_size = offset - DESCRIPTOR_SIZE,
	    .payload = body + (offset - DESCRIPTOR_SIZE),
	    .payload_size = size - offset,
	};
	return RING_OK;
broken:
	r->is_broken = true;
	return RING_BROKEN;
}

uint32_t ring_unreleased(const struct ring_reader *r) { return distance(r->released, r->read, r->size); }

bool ring_release(struct ring_reader *r) {
	struct vmbus_ring_control *control = r->memory.control;
	uint32_t write, pending, used_before, used_now;

	if (r->is_broken || r->read == r->released)
		return false;
	shared_store32(&control->read_index, r->read);
	/* The writer stores pending_send_size, then loads our index again: one of
	 * the two sees the other's store. */
	shared_fence();
	pending = shared_load32(&control->pending_send_size);
	write = shared_load32(&control->write_index);
	if (!is_index_valid(write, r->size)) {
		r->is_broken = true;
		return false;
	}
	used_before = distance(r->released, write, r->size);
	used_now = distance(r->read, write, r->size);
	r->released = r->read;
	if (pending == 0)
		return false;
	/* Signal on the crossing only, from too little room to enough. */
	return r->size - used_now > pending && r->size - used_before <= pending;
}

void ring_mask(struct ring_reader *r) {
	if (!r->is_masked)
		shared_store32(&r->memory.control->interrupt_mask, 1);
	r->is_masked = true;
}

bool ring_unmask(struct ring_reader *r) {
	uint32_t count;

	shared_store32(&r->memory.control->interrupt_mask, 0);
	r->is_masked = false;
	/* The writer publishes, then loads the mask: one of the two sees the
	 * other's store. */
	shared_fence();
	return r->is_broken || !readable(r, &count) || count > 0;
}

uint32_t ring_packet_size(uint32_t header_size, uint32_t payload_size) {
	return DESCRIPTOR_SIZE + header_size + (payload_size + 7) / 8 * 8 + VMBUS_PACKET_TRAILER_SIZE;
}

uint32_t ring_largest_packet(const struct ring_writer *w) { return w->size - 8; }

/* Free bytes, as the reader's index says now; false: broken. */
static bool writable(struct ring_writer *w, uint32_t *room) {
	uint32_t read = shared_load32(&w->memory.control->read_index);

	/* The reader may be anywhere up to what was published, not beyond. */
	if (!is_index_valid(read, w->size) ||
	    distance(read, w->write, w->size) < distance(w->published, w->write, w->size))
		w->is_broken = true;
	*room = w->size - distance(read, w->write, w->size);
	return !w->is_broken;
}

static void stop_waiting(struct ring_writer *w) {
	shared_store32(&w->memory.control->pending_send_size, 0);
	w->is_waiting = false;
}

enum ring_result ring_write(struct ring_writer *w, const struct ring_send *packet) {
	uint32_t need = ring_packet_size(packet->header_size, packet->payload_size);
	uint32_t size = need - VMBUS_PACKET_TRAILER_SIZE, padding = -packet->payload_size % 8;
	uint64_t trailer = (uint64_t)w->write << 32;
	const uint64_t zero = 0;
	uint32_t room, at;
	struct vmbus_packet_descriptor d = {
	    .type = packet->type,
	    .payload_offset8 = (uint16_t)((DESCRIPTOR_SIZE + packet->header_size) / 8),
	    .size8 = (uint16_t)(size / 8),
	    .flags = packet->flags,
	    .transaction_id = packet->transaction_id,
	};

	if (w->is_broken || !writable(w, &room))
		return RING_BROKEN;
	if (need >= room || size / 8 > UINT16_MAX)
		return RING_FULL;
	at = copy_in(w, w->write, &d, DESCRIPTOR_SIZE);
	at = copy_in(w, at, packet->header, packet->header_size);
	at = copy_in(w, at, packet->payload, packet->payload_size);
	at = copy_in(w, at, &zero, padding);
	w->write = copy_in(w, at, &trailer, VMBUS_PACKET_TRAILER_SIZE);
	if (w->is_waiting)
		stop_waiting(w);
	return RING_OK;
}

bool ring_publish(struct ring_writer *w) {
	struct vmbus_ring_control *control = w->memory.control;
	uint32_t before = w->published;

	if (w->is_broken || w->write == w->published)
		return false;
	shared_store32(&control->write_index, w->write);
	w->published = w->write;
	shared_fence();
	if (shared_load32(&control->interrupt_mask) != 0)
		return false;
	return shared_load32(&control->read_index) == before;
}

bool ring_wait_for_room(struct ring_writer *w, uint32_t size) {
	uint32_t room;

	shared_store32(&w->memory.control->pending_send_size, size);
	w->is_waiting = true;
	shared_fence();
	if (w->is_broken || !writable(w, &room) || room <= size)
		return false;
	stop_waiting(w);
	return true;
}

void ring_set_features(struct ring_writer *w) {
	shared_store32(&w->memory.control->feature_bits, VMBUS_RING_FEATURE_PENDING_SEND_SIZE);
}
