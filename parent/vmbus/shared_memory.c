/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Volatile, word by word: a compiler that knows nothing of the other side may
 * otherwise fetch from the shared side again instead of keeping the copy.
 */
#include "vmbus/shared_memory.h"

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

uint32_t shared_load32(const uint32_t *from) { return __atomic_load_n(from, __ATOMIC_ACQUIRE); }

void shared_store32(uint32_t *to, uint32_t value) { __atomic_store_n(to, value, __ATOMIC_RELEASE); }

void shared_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

static void copy(volatile void *to, const volatile void *from, size_t size) {
	volatile word_t *to_word = to;
	const volatile word_t *from_word = from;
	volatile uint8_t *to_byte;
	const volatile uint8_t *from_byte;

	for (; size >= sizeof(word_t); size -= sizeof(word_t))
		*to_word++ = *from_word++;
	to_byte = (volatile uint8_t *)to_word;
	from_byte = (const volatile uint8_t *)from_word;
	for (; size > 0; size--)
		*to_byte++ = *from_byte++;
}

void shared_read(void *to, const void *from, size_t size) { copy(to, from, size); }

void shared_write(void *to, const void *from, size_t size) { copy(to, from, size); }
