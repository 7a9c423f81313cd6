/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Random requests on a SATA disk, with its queue or without, that completes in any order,
 * fails now and then, names the wrong command for it or none, reports errors of nothing,
 * loses its link and leaves commands undone: each request ends exactly once, what is read
 * is what was written, and nothing is touched but the memory of requests under way.
 * Those do not overlap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fake/ahci_host.h"

#define FLIGHTS     96u
#define AREA        (FAKE_AHCI_BLOCKS / FLIGHTS) /* blocks that are one flight's */
#define BUFFER_SIZE (AREA * 512 + 4 * 4096)
#define SEGMENTS    4u
#define STEPS       20000u

struct flight {
	struct volume_request request;
	struct volume_segment segment[SEGMENTS];
	bool is_busy;
	unsigned done_count;
};

static struct flight flight[FLIGHTS];
static uint8_t (*buffer)[BUFFER_SIZE];
static uint8_t model[FAKE_AHCI_BLOCKS][512];
static struct disk *disk;
static uint64_t ended, failed;
static uint32_t seed;
static uint64_t good;

static uint32_t any(uint32_t below) {
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Copies between the model and the request's memory, or compares. */
static bool walk(const struct flight *f, bool is_write) {
	uint8_t *at = model[f->request.block];
	uint64_t left = f->request.count * 512;
	bool is_same = true;

	for (unsigned i = 0; i < f->request.segment_count && left > 0; i++) {
		const struct volume_segment *s = &f->segment[i];
		uint64_t part = s->size < left ? s->size : left;

		if (is_write)
			memcpy(at, s->memory, part);
		else
			is_same = is_same && memcmp(at, s->memory, part) == 0;
		at += part;
		left -= part;
	}
	return is_same;
}

static void done(struct volume_request *r, enum volume_result result) {
	struct flight *f = (struct flight *)r;

	assert_true(f->is_busy);
	f->is_busy = false;
	f->done_count++;
	ended++;
	if (result != VOLUME_OK) {
		failed++; /* the blocks are as they are */
		memcpy(model[r->block], ahci.data[r->block], r->count * 512);
		return;
	}
	good++;
	if (r->operation == VOLUME_READ) {
		assert_true(walk(f, false));
	} else if (r->operation == VOLUME_WRITE) {
		(void)walk(f, true);
	} else if (r->operation == VOLUME_ZERO) {
		memset(model[r->block], 0, r->count * 512);
	}
}

/* Memory in pieces whose ends are anywhere, or at pages, or at words. */
static void cut_memory(unsigned i, uint64_t size) {
	static const uint32_t grains[] = {1, 4, 512, 4096};
	struct flight *f = &flight[i];
	uint32_t grain = grains[any(4)];
	uint8_t *at = buffer[i] + any(4096) / grain * grain;
	unsigned n = 0;

	while (n < SEGMENTS - 1 && size > grain) {
		uint32_t part = any((uint32_t)size) / grain * grain;

		f->segment[n++] = (struct volume_segment){at, part};
		at += part + any(2) * grain;
		size -= part;
	}
	f->segment[n++] = (struct volume_segment){at, (uint32_t)size};
	f->request.segment_count = n;
}

static void submit(unsigned i) {
	struct flight *f = &flight[i];
	struct volume_request *r = &f->request;

	*r = (struct volume_request){
	    .operation = (enum volume_operation)any(5),
	    .is_durable = any(4) == 0,
	    .block = i * AREA + any(AREA),
	    .segment = f->segment,
	    .done = done,
	};
	r->count = 1 + any((uint32_t)(i * AREA + AREA - r->block));
	cut_memory(i, r->count * 512);
	for (unsigned at = 0; r->operation == VOLUME_WRITE && at < BUFFER_SIZE; at += 61)
		buffer[i][at] = (uint8_t)any(256);
	f->is_busy = true;
	fake.vp_index = any(3); /* the last is the management VP */
	volume_submit(&disk->volume, r);
}

/* Segments of a request come in the order of their addresses, some without a gap. */
static bool is_covered(const struct flight *f, const uint8_t *at, const uint8_t *end) {
	for (unsigned i = 0; f->is_busy && i < f->request.segment_count && at < end; i++) {
		const struct volume_segment *s = &f->segment[i];

		if (s->memory <= at && at < s->memory + s->size)
			at = s->memory + s->size;
	}
	return at >= end;
}

static bool allows(uint64_t address, uint64_t size) {
	const uint8_t *at = (const uint8_t *)(uintptr_t)address;

	if (at + size <= buffer[0] || at >= buffer[FLIGHTS])
		return true; /* the driver's own pages */
	for (unsigned i = 0; i < FLIGHTS; i++)
		if (is_covered(&flight[i], at, at + size))
			return true;
	return false;
}

static void complete_any(void) {
	uint32_t waiting = fake_ahci_waiting(&ahci);
	unsigned slot = any(32);

	while (!(waiting >> slot & 1))
		slot = (slot + 1) % 32;
	ahci.fails = any(20) == 0;
	ahci.log_fails = any(10) == 0;
	ahci.log_says = any(10) == 0 ? 1 + any(256) : 0;
	fake_ahci_complete_slot(&ahci, slot);
}

static void misbehave(uint32_t what) {
	switch (what) {
	case 0:
		ahci.lie_error = 1u << (24 + any(7)); /* an error of any kind, once */
		disks_poll(fake.now);
		ahci.lie_error = 0;
		break;
	case 1:
		ahci.is_unplugged = true;
		ahci_host_pass(1);
		ahci.is_unplugged = false;
		break;
	case 2:
		ahci_host_pass(32); /* nothing that it has is done in time */
		break;
	default:
		ahci.lie_sact = ahci.lie_ci = any(1u << 16);
		ahci_host_serve();
		ahci.lie_sact = ahci.lie_ci = 0;
		break;
	}
	ahci_host_pass(1);
	ahci.fails = 0; /* a disk that never works again is given up */
	if (fake_ahci_waiting(&ahci) != 0)
		fake_ahci_complete(&ahci);
	ahci_host_serve();
}

static void step(void) {
	unsigned i = any(FLIGHTS);
	uint32_t what = any(1000);

	fake.log[0] = '\0';
	if (what < 450 && !flight[i].is_busy)
		submit(i);
	else if (what < 900 && fake_ahci_waiting(&ahci) != 0)
		complete_any();
	else if (what < 997)
		ahci_host_serve();
	else
		misbehave(any(4));
}

static void settle(void) {
	ahci.fails = ahci.log_says = 0;
	ahci.log_fails = false;
	for (unsigned i = 0; i < 10000; i++) {
		fake.log[0] = '\0';
		while (fake_ahci_waiting(&ahci) != 0)
			fake_ahci_complete(&ahci);
		ahci_host_serve();
		if (i % 100 == 99)
			ahci_host_pass(1);
	}
	for (unsigned i = 0; i < FLIGHTS; i++)
		assert_false(flight[i].is_busy);
}

static void run_with(uint32_t start) {
	uint64_t submitted = 0;

	seed = start;
	ended = failed = good = 0;
	ahci_host_reset();
	memset(flight, 0, sizeof(flight));
	memcpy(model, ahci.data, sizeof(model));
	if (any(4) != 0)
		fake_ahci_set_queue(&ahci, 1 + any(32));
	if (any(4) == 0)
		ahci.identity[2 * 84] = 0; /* no log of errors */
	ahci.capabilities = (ahci.capabilities & ~(0x1fu << 8)) | any(32) << 8;
	disk = ahci_host_start();
	assert_non_null(disk);
	ahci.keeps_commands = true;
	ahci.allows = allows;
	for (unsigned i = 0; i < STEPS; i++)
		step();
	settle();
	for (unsigned i = 0; i < FLIGHTS; i++)
		submitted += flight[i].done_count;
	assert_int_equal(submitted, ended);
	assert_true(good > 1000);
	assert_memory_equal(model, ahci.data, sizeof(model));
	ahci_host_end();
	assert_int_equal(fake.memory_taken, 0);
}

static void each_request_ends_once_with_the_right_data(void **state) {
	const char *only = getenv("BULKHEAD_SEED");

	(void)state;
	buffer = aligned_alloc(4096, sizeof(*buffer) * FLIGHTS);
	assert_non_null(buffer);
	memset(buffer, 0, sizeof(*buffer) * FLIGHTS);
	for (uint32_t i = 1; i <= 20; i++) {
		uint32_t start = only != NULL ? (uint32_t)strtoul(only, NULL, 10) : i;

		print_message("seed %u\n", start);
		run_with(start);
	}
	free(buffer);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_request_ends_once_with_the_right_data)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
