/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake/nvme.h"
#include <stdlib.h>
#include <string.h>
#include "drivers/pci.h"
#include "drivers/pci_registers.h"
#include "fake/parent_kernel.h"

#define BASE       0xfeb00000ull
#define SIZE       0x4000u
#define TABLE      0x2000u
#define MESSAGE    0x40u /* of the fake kernel's first interrupt */
#define BLOCK      512u
#define PAGE       4096u
#define INVALID    (0x02u << 1)
#define OUT_OF_LBA (0x80u << 1)

static void *pointer(uint64_t address) { return (void *)(uintptr_t)address; }

static void put16(uint8_t *at, uint32_t value) { memcpy(at, &value, 2); }
static void put32(uint8_t *at, uint32_t value) { memcpy(at, &value, 4); }

static void raise_interrupt(struct fake_nvme *d, unsigned vector) {
	const uint32_t *entry = &d->table[vector * 4];
	uint32_t n = entry[2] - MESSAGE, vp;

	if (vector >= FAKE_NVME_QUEUES)
		return;
	if (entry[3] & 1)
		d->held_back |= 1u << vector;
	if (entry[3] & 1 || n >= fake.device_interrupts)
		return;
	d->interrupts++;
	vp = fake.device_interrupt[n].target_vp;
	if (vp < FAKE_NVME_QUEUES)
		d->pages[vp].device[n / 64] |= 1ull << n % 64;
}

void fake_nvme_post(struct fake_nvme *d, unsigned queue, uint16_t command_id, uint16_t status, uint32_t result) {
	struct fake_nvme_queue *q = &d->queue[queue];

	if (q->depth == 0)
		return;
	q->completion[q->cq_tail] = (struct nvme_completion){
	    .result = result,
	    .sq_head = q->head,
	    .sq_id = (uint16_t)queue,
	    .command_id = command_id,
	    .status = (uint16_t)(status | q->phase),
	};
	if (++q->cq_tail == q->depth) {
		q->cq_tail = 0;
		q->phase ^= 1;
	}
	if (q->has_interrupt)
		raise_interrupt(d, q->vector);
}

/* --- Admin commands. --- */

static bool create(struct fake_nvme *d, const struct nvme_command *c, bool is_completion) {
	unsigned id = c->dword[0] & 0xffff;
	struct fake_nvme_queue *q = &d->queue[id];

	if (id == 0 || id >= FAKE_NVME_QUEUES || id > d->queues_granted)
		return false;
	if (is_completion) {
		*q = (struct fake_nvme_queue){.completion = pointer(c->prp1), .phase = 1};
		q->has_interrupt = c->dword[1] & 2;
		q->vector = (uint16_t)(c->dword[1] >> 16);
		return true;
	}
	q->submission = pointer(c->prp1);
	q->depth = (uint16_t)((c->dword[0] >> 16) + 1);
	return q->completion != NULL && (c->dword[1] >> 16) == id;
}

static bool identify(struct fake_nvme *d, const struct nvme_command *c) {
	switch (c->dword[0]) {
	case 0:
		memcpy(pointer(c->prp1), d->namespace_data, PAGE);
		return true;
	case 1:
		memcpy(pointer(c->prp1), d->controller_data, PAGE);
		return true;
	case 2:
		memcpy(pointer(c->prp1), d->list, PAGE);
		return true;
	default:
		return false;
	}
}

static void abort_command(struct fake_nvme *d, const struct nvme_command *c) {
	d->aborts++;
	for (unsigned i = 0; !d->ignores_aborts && i < d->pending_count; i++) {
		struct fake_nvme_pending p = d->pending[i];

		if (p.queue != (c->dword[0] & 0xffff) || p.command.opcode >> 16 != c->dword[0] >> 16)
			continue;
		memmove(&d->pending[i], &d->pending[i + 1], (--d->pending_count - i) * sizeof(p));
		fake_nvme_post(d, p.queue, (uint16_t)(p.command.opcode >> 16), 0x07 << 1, 0);
		return;
	}
}

static void run_admin(struct fake_nvme *d, const struct nvme_command *c) {
	uint8_t opcode = (uint8_t)c->opcode;
	uint32_t result = 0;
	bool is_good = true;

	if (opcode == d->silent_admin && opcode != 0)
		return;
	if (opcode == NVME_IDENTIFY)
		is_good = identify(d, c);
	else if (opcode == NVME_CREATE_CQ || opcode == NVME_CREATE_SQ)
		is_good = create(d, c, opcode == NVME_CREATE_CQ);
	else if (opcode == NVME_SET_FEATURES)
		result = (d->queues_granted - 1) * 0x10001u;
	else if (opcode == NVME_ABORT)
		abort_command(d, c);
	else
		is_good = false;
	if (opcode == d->fails_admin && opcode != 0)
		is_good = false;
	fake_nvme_post(d, 0, (uint16_t)(c->opcode >> 16), is_good ? 0 : INVALID, result);
}

/* --- I/O commands. --- */

static void move(uint8_t *disk, uint8_t *memory, uint32_t size, bool is_write) {
	if (is_write)
		memcpy(disk, memory, size);
	else
		memcpy(memory, disk, size);
}

/* Follows PRPs [NVMe 1.4 4.3]; only the first may begin inside a page. */
static void transfer(struct fake_nvme *d, const struct nvme_command *c, uint64_t block, uint32_t count, bool is_write) {
	uint8_t *disk = d->data[block];
	uint32_t left = count * BLOCK;
	uint32_t part = PAGE - (uint32_t)(c->prp1 % PAGE);
	const uint64_t *list = pointer(c->prp2);

	if (c->prp1 % 4 != 0)
		abort();
	part = part < left ? part : left;
	move(disk, pointer(c->prp1), part, is_write);
	disk += part;
	left -= part;
	if (left > 0 && left <= PAGE)
		list = &c->prp2;
	for (; left > 0; list++) {
		if (*list % PAGE != 0)
			abort();
		part = left < PAGE ? left : PAGE;
		move(disk, pointer(*list), part, is_write);
		disk += part;
		left -= part;
	}
}

static uint16_t run_data(struct fake_nvme *d, const struct nvme_command *c) {
	uint64_t block = c->dword[0] | (uint64_t)c->dword[1] << 32;
	uint32_t count = (c->dword[2] & 0xffff) + 1;
	uint8_t opcode = (uint8_t)c->opcode;

	if (block >= FAKE_NVME_BLOCKS || count > FAKE_NVME_BLOCKS - block)
		return OUT_OF_LBA;
	if (opcode == NVME_WRITE_ZEROES) {
		memset(d->data[block], 0, count * BLOCK);
		d->zeros++;
		return 0;
	}
	transfer(d, c, block, count, opcode == NVME_WRITE);
	d->reads += opcode == NVME_READ;
	d->writes += opcode == NVME_WRITE;
	d->durable_writes += opcode == NVME_WRITE && c->dword[2] & NVME_FORCE_UNIT_ACCESS;
	return 0;
}

static uint16_t run(struct fake_nvme *d, const struct nvme_command *c) {
	if (d->status != 0)
		return d->status;
	if (c->nsid != 1)
		return INVALID;
	switch ((uint8_t)c->opcode) {
	case NVME_FLUSH:
		d->flushes++;
		return 0;
	case NVME_DATASET_MANAGEMENT:
		d->discards++;
		return 0;
	case NVME_READ:
	case NVME_WRITE:
	case NVME_WRITE_ZEROES:
		return run_data(d, c);
	default:
		return INVALID;
	}
}

static void finish(struct fake_nvme *d, unsigned queue, const struct nvme_command *c) {
	if (fake_pci_is_master(d->function))
		fake_nvme_post(d, queue, (uint16_t)(c->opcode >> 16), run(d, c), 0);
}

void fake_nvme_complete(struct fake_nvme *d, unsigned index) {
	struct fake_nvme_pending p = d->pending[index];

	if (index >= d->pending_count)
		abort();
	memmove(&d->pending[index], &d->pending[index + 1], (--d->pending_count - index) * sizeof(p));
	finish(d, p.queue, &p.command);
}

static void fetch(struct fake_nvme *d, unsigned queue, uint32_t tail) {
	struct fake_nvme_queue *q = &d->queue[queue];

	d->doorbells++;
	if (q->depth == 0 || tail >= q->depth || !fake_pci_is_master(d->function))
		return;
	for (q->tail = (uint16_t)tail; q->head != q->tail; q->head = (uint16_t)((q->head + 1) % q->depth)) {
		const struct nvme_command *c = &q->submission[q->head];

		if (d->is_silent)
			continue;
		if (queue == 0)
			run_admin(d, c);
		else if (!d->keeps_commands)
			finish(d, queue, c);
		else if (d->pending_count == FAKE_NVME_PENDING)
			abort();
		else
			d->pending[d->pending_count++] = (struct fake_nvme_pending){queue, *c};
	}
}

/* --- Registers. --- */

static void set_enable(struct fake_nvme *d, uint32_t value) {
	bool was = d->cc & NVME_CC_ENABLE, is = value & NVME_CC_ENABLE;

	d->cc = value;
	if (was && !is) {
		d->resets++;
		memset(d->queue, 0, sizeof(d->queue));
		d->pending_count = 0;
		d->is_fatal = false;
		d->csts = d->never_stops ? NVME_CSTS_READY : 0;
	}
	if (!was && is) {
		d->queue[0] = (struct fake_nvme_queue){
		    .depth = (uint16_t)((d->aqa & 0xfff) + 1),
		    .phase = 1,
		    .has_interrupt = true,
		    .submission = pointer(d->asq),
		    .completion = pointer(d->acq),
		};
		d->csts = d->never_ready ? 0 : NVME_CSTS_READY;
	}
}

static uint32_t read(void *device, uint64_t offset) {
	const struct fake_nvme *d = device;

	switch (offset) {
	case NVME_CAP_LOW:
		return d->cap_low;
	case NVME_CAP_HIGH:
		return d->cap_high;
	case NVME_VERSION:
		return d->version;
	case NVME_CC:
		return d->cc;
	case NVME_CSTS:
		return d->csts | (d->is_fatal ? NVME_CSTS_FATAL : 0);
	default:
		return offset >= TABLE && offset - TABLE < sizeof(d->table) ? d->table[(offset - TABLE) / 4] : 0;
	}
}

static void set_half(uint64_t *word, uint64_t offset, uint32_t value) {
	unsigned shift = offset % 8 != 0 ? 32 : 0;

	*word = (*word & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

/* What was held back by the mask comes when it is taken away. */
static void set_table(struct fake_nvme *d, unsigned word, uint32_t value) {
	unsigned vector = word / 4;

	d->table[word] = value;
	if (word % 4 == 3 && !(value & 1) && d->held_back >> vector & 1) {
		d->held_back &= ~(1u << vector);
		raise_interrupt(d, vector);
	}
}

static void write(void *device, uint64_t offset, uint32_t value) {
	struct fake_nvme *d = device;
	uint64_t doorbell = (offset - NVME_DOORBELLS) / 4;

	if (offset == NVME_CC)
		set_enable(d, value);
	else if (offset == NVME_AQA)
		d->aqa = value;
	else if ((offset & ~7ull) == NVME_ASQ)
		set_half(&d->asq, offset, value);
	else if ((offset & ~7ull) == NVME_ACQ)
		set_half(&d->acq, offset, value);
	else if (offset >= TABLE && offset - TABLE < sizeof(d->table))
		set_table(d, (unsigned)(offset - TABLE) / 4, value);
	else if (offset >= NVME_DOORBELLS && doorbell / 2 < FAKE_NVME_QUEUES && doorbell % 2 == 0)
		fetch(d, (unsigned)doorbell / 2, value);
}

/* --- What it is. --- */

static void describe(struct fake_nvme *d) {
	uint8_t *c = d->controller_data, *n = d->namespace_data;
	uint64_t blocks = FAKE_NVME_BLOCKS;

	memset(c + 4, ' ', 60);
	memcpy(c + 4, "S-1", 3);
	memcpy(c + 24, "Fake drive", 10);
	c[77] = 5; /* 128 KiB a command */
	c[512] = 0x66;
	c[513] = 0x44;
	put32(c + 516, 1);
	put16(c + 520, 0xc); /* discard, zeroes */
	c[525] = 1;
	memcpy(n, &blocks, 8);
	n[130] = 9;
	memset(n + 104, 0x5a, 16);
	d->list[0] = 1;
}

void fake_nvme_init(struct fake_nvme *d) {
	uint32_t msix[3] = {(FAKE_NVME_QUEUES - 1) << 16, TABLE, 0};

	memset(d, 0, sizeof(*d));
	d->cap_low = 2u << 24 | 1u << 16 | 63;
	d->cap_high = 1u << 5;
	d->version = 0x10400;
	d->queues_granted = FAKE_NVME_QUEUES - 1;
	describe(d);
	for (uint32_t i = 0; i < FAKE_NVME_BLOCKS; i++)
		memcpy(d->data[i], &i, sizeof(i));
	d->function = fake_pci_add(4 << 3, PCI_CLASS_NVME, BASE, SIZE);
	d->function->read = read;
	d->function->write = write;
	d->function->device = d;
	fake_pci_add_capability(d->function, PCI_CAPABILITY_MSIX, msix, 3);
}
