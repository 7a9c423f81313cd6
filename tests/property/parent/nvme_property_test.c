/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Random requests on a controller that completes in any order, fails now and then, says
 * that it has failed, and forgets commands: each request ends exactly once, and what is
 * read is what was written. Requests that are under way at once do not overlap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fake/nvme_host.h"

#define FLIGHTS     96u
#define AREA        (FAKE_NVME_BLOCKS / FLIGHTS) /* blocks that are one flight's */
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
static uint8_t model[FAKE_NVME_BLOCKS][512];
static struct disk *disk;
static uint64_t ended, failed;
static uint32_t seed;

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
		memcpy(model[r->block], nvme.data[r->block], r->count * 512);
	} else if (r->operation == VOLUME_READ) {
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
	fake.vp_index = any(4); /* the last is the management VP */
	volume_submit(&disk->volume, r);
}

static void step(void) {
	unsigned i = any(FLIGHTS);
	uint32_t what = any(1000);

	fake.log[0] = '\0';
	fake.now += any(400);
	if (what < 400 && !flight[i].is_busy)
		submit(i);
	else if (what < 900 && nvme.pending_count > 0) {
		nvme.status = any(20) == 0 ? 0x281 << 1 : 0;
		fake_nvme_complete(&nvme, any(nvme.pending_count));
	} else if (what < 995)
		nvme_host_serve();
	else if (what < 997)
		nvme.pending_count -= nvme.pending_count > 0; /* forgotten */
	else if (what == 997)
		nvme.is_fatal = true;
	else if (what == 998)
		nvme.ignores_aborts = any(2);
	else
		nvme_host_pass(1 + any(10));
}

static void settle(void) {
	for (unsigned i = 0; i < 10000; i++) {
		nvme.status = 0;
		while (nvme.pending_count > 0)
			fake_nvme_complete(&nvme, nvme.pending_count - 1);
		nvme_host_serve();
		if (i % 100 == 99)
			nvme_host_pass(1);
	}
	for (unsigned i = 0; i < FLIGHTS; i++)
		assert_false(flight[i].is_busy);
}

static void run_with(uint32_t start) {
	uint64_t submitted = 0;

	seed = start;
	ended = failed = 0;
	nvme_host_reset();
	memset(flight, 0, sizeof(flight));
	memcpy(model, nvme.data, sizeof(model));
	nvme.keeps_commands = true;
	nvme.controller_data[77] = (uint8_t)(1 + any(3)); /* 8 to 32 KiB a command */
	nvme.cap_low = (nvme.cap_low & ~0xffffu) | (1 + any(63));
	nvme.controller_data[520] = any(2) ? 0xc : 0x0;
	nvme.queues_granted = 1 + any(4);
	disk = nvme_host_start(3);
	assert_non_null(disk);
	for (unsigned i = 0; i < STEPS; i++)
		step();
	settle();
	for (unsigned i = 0; i < FLIGHTS; i++)
		submitted += flight[i].done_count;
	assert_int_equal(submitted, ended);
	assert_true(ended > 100);
	assert_memory_equal(model, nvme.data, sizeof(model));
	nvme_host_end();
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
