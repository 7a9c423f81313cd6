/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A Linux program: direct requests to random places of a disk, a fixed number under way at
 * once, between the marks of the probe (tests/bench/probe). N of them, then 2 N, each with
 * a line as the tiny guests print it (tests/bench/lib/bench.h):
 *
 *   bench: NAME 0 N TICKS
 *
 *   io DISK NAME read|write DEPTH SIZE N
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>
#include "../lib/bench.h"

#define DEPTH_MAX 64u
#define WARM_UP   64u

static struct {
	int file;
	aio_context_t context;
	bool is_write;
	unsigned depth;
	size_t size;
	uint64_t places, seed;
	struct iocb block[DEPTH_MAX];
} io;

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static off_t place(void) {
	io.seed = io.seed * 6364136223846793005u + 1442695040888963407u;
	return (off_t)((io.seed >> 33) % io.places * io.size);
}

/* One at a time without the detour of asynchronous requests. */
static void run_one_by_one(uint64_t n) {
	void *buffer = (void *)(uintptr_t)io.block[0].aio_buf;

	while (n-- > 0) {
		ssize_t done =
		    io.is_write ? pwrite(io.file, buffer, io.size, place()) : pread(io.file, buffer, io.size, place());

		if (done != (ssize_t)io.size)
			fail("a request");
	}
}

static void submit(struct iocb *block) {
	block->aio_offset = place();
	if (syscall(SYS_io_submit, io.context, 1, &block) != 1)
		fail("io_submit");
}

static void run_at_once(uint64_t n) {
	struct io_event event[DEPTH_MAX];
	uint64_t left = n, started = 0;

	for (; started < io.depth && started < n; started++)
		submit(&io.block[started]);
	while (left > 0) {
		long count = syscall(SYS_io_getevents, io.context, 1, io.depth, event, NULL);

		if (count <= 0)
			fail("io_getevents");
		left -= (uint64_t)count;
		for (long i = 0; i < count; i++) {
			if (event[i].res != (int64_t)io.size)
				fail("a request");
			if (started < n) {
				submit((struct iocb *)(uintptr_t)event[i].obj);
				started++;
			}
		}
	}
}

static void run(uint64_t n) {
	if (io.depth == 1)
		run_one_by_one(n);
	else
		run_at_once(n);
}

static void measure(const char *name, uint64_t n) {
	uint64_t start = __rdtsc();

	BENCH_BEGIN();
	run(n);
	BENCH_END_SITES();
	printf("bench: %s 0 %lu %lu\n", name, n, (uint64_t)__rdtsc() - start);
}

static void prepare(char **argument) {
	io.is_write = strcmp(argument[3], "write") == 0;
	io.depth = (unsigned)atoi(argument[4]);
	io.size = (size_t)atol(argument[5]);
	io.file = open(argument[1], O_RDWR | O_DIRECT);
	if (io.file < 0)
		fail(argument[1]);
	io.places = (uint64_t)lseek(io.file, 0, SEEK_END) / io.size;
	if (io.depth == 0 || io.depth > DEPTH_MAX || io.places == 0 ||
	    syscall(SYS_io_setup, io.depth, &io.context) != 0)
		fail("io_setup");
	for (unsigned i = 0; i < io.depth; i++) {
		void *buffer = aligned_alloc(4096, io.size);

		if (buffer == NULL)
			fail("memory");
		memset(buffer, (int)i, io.size);
		io.block[i] = (struct iocb){
		    .aio_lio_opcode = io.is_write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		    .aio_fildes = (uint32_t)io.file,
		    .aio_buf = (uintptr_t)buffer,
		    .aio_nbytes = io.size,
		};
	}
}

int main(int count, char **argument) {
	uint64_t n;

	if (count != 7)
		return 2;
	prepare(argument);
	n = (uint64_t)atol(argument[6]);
	run(WARM_UP);
	measure(argument[2], n);
	measure(argument[2], 2 * n);
	return 0;
}
