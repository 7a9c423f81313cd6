/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Memory, log, time and COM2 of the parent in host tests. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "drivers/com2.h"
#include "fake/parent_kernel.h"
#include "runtime/event_page.h"
#include "runtime/invariant.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "runtime/random.h"
#include "runtime/time.h"
#include "runtime/vp_local.h"
#include "vmm/cpu_policy/host_cpuid.h"

/* What was taken, so that the leak checker sees pages that are only known by
 * their numbers. */
static void *held[1024];

static void replace(const void *old, void *new) {
	for (unsigned i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		if (held[i] == old) {
			held[i] = new;
			return;
		}
	}
	abort();
}

uint64_t memory_take(uint64_t size, uint64_t alignment) {
	void *memory;

	size = (size + 4095) & ~4095ull;
	if (fake.memory_limit != 0 && fake.memory_taken + size > fake.memory_limit)
		return 0;
	memory = aligned_alloc(alignment < 4096 ? 4096 : alignment, size);
	if (memory == NULL)
		return 0;
	replace(NULL, memory);
	fake.memory_taken += size;
	return (uint64_t)(uintptr_t)memory;
}

void memory_give(uint64_t base, uint64_t size) {
	fake.memory_taken -= (size + 4095) & ~4095ull;
	replace((void *)(uintptr_t)base, NULL);
	free((void *)(uintptr_t)base);
}

/* Bytes that tell one request from the next. */
enum err random_bytes(void *to, size_t size) {
	static uint8_t request;

	memset(to, ++request, size);
	return fake.has_no_random ? ERR_STATE : ERR_NONE;
}

void random_forget(void *at, size_t size) { memset(at, 0, size); }

void log_set_level(enum hv_log_level level) { (void)level; }

void log_write(enum hv_log_level level, const char *format, ...) {
	size_t used = strlen(fake.log);
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (getenv("BULKHEAD_TEST_LOG") != NULL)
		fprintf(stderr, "log %d: %s\n", (int)level, line);
	if (used + strlen(line) + 2 > sizeof(fake.log))
		abort();
	strcat(fake.log, line);
	strcat(fake.log, "\n");
}

bool fake_log_has(const char *line) {
	size_t length = strlen(line);

	for (const char *at = fake.log; (at = strstr(at, line)) != NULL; at++)
		if ((at == fake.log || at[-1] == '\n') && at[length] == '\n')
			return true;
	return false;
}

hv_reference_time_t time_now(void) {
	fake.now += fake.time_step;
	return fake.now;
}

uint32_t vp_local_index(void) { return fake.vp_index; }

uint64_t time_unix_precise(void) { return (uint64_t)fake.unix_time * HV_REFERENCE_TIME_HZ; }

struct hv_event_page *event_page_own(void) {
	return &fake.events;
}

int64_t time_unix(void) { return fake.unix_time; }

_Noreturn void invariant_failed(const char *condition, const char *file, int line) {
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
	abort();
}

size_t com2_send(const uint8_t *bytes, size_t count) {
	size_t sent = 0;

	while (sent < count && sent < 16 && fake.send_budget > 0 && fake.sent_count < sizeof(fake.sent)) {
		fake.sent[fake.sent_count++] = bytes[sent++];
		fake.send_budget--;
	}
	return sent;
}

size_t com2_receive(uint8_t *bytes, size_t size) {
	size_t count = fake.arriving_count < size ? fake.arriving_count : size;

	memcpy(bytes, fake.arriving, count);
	fake.arriving_count -= count;
	memmove(fake.arriving, fake.arriving + count, fake.arriving_count);
	return count;
}

void com2_acknowledge(void) {}

void com2_unmask(void) { fake.unmasks++; }

/* A processor of AMD's with every feature. */
void host_cpuid_instruction(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
	memset(out, 0xff, 16);
	if (leaf == 0 || leaf == 0x80000000) {
		out[0] = leaf | 0x21;
		memcpy(&out[1], "Auth", 4);
		memcpy(&out[2], "cAMD", 4);
		memcpy(&out[3], "enti", 4);
	}
	if (leaf == 0xd) /* components of 64 bytes each, one behind the other */
		out[0] = subleaf == 0 ? 7 : 64;
	if (leaf == 0xd && subleaf >= 2)
		out[1] = 512 + 64 * (subleaf - 1);
	if (leaf == 0x80000008)
		out[0] = 0x3028;
	if (leaf == 1 && fake.lacks_sse3)
		out[2] &= ~1u;
}
