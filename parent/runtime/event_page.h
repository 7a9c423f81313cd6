/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The bits that the kernel set for a VP (hv_abi/boot_info.h): taken by atomic
 * exchange, so that none is lost and none counts twice. */
#pragma once

#include <stdbool.h>
#include <hv_abi/boot_info.h>
#include <hv_abi/call_args.h>

static inline uint64_t event_page_take(uint64_t *word) {
	if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0)
		return 0;
	return __atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST);
}

static inline uint64_t event_page_take_software(struct hv_event_page *page) { return event_page_take(&page->software); }

/* The page of the VP that asks. Host tests link a fake. */
struct hv_event_page *event_page_own(void);

/* Sets event port `port` as a guest's signal does. */
static inline void event_page_set_port(struct hv_event_page *page, uint32_t port) {
	__atomic_fetch_or(&page->port[port / 64], 1ull << port % 64, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&page->port_words[port / 64 / 64], 1ull << port / 64 % 64, __ATOMIC_SEQ_CST);
}

/* Takes every port that is set; one that is set again meanwhile is left for the next
 * time, so that a sender without end is no end here. */
static inline void event_page_take_ports(struct hv_event_page *page, void (*signaled)(uint32_t port)) {
	for (uint32_t i = 0; i < HV_PARENT_PORTS / 64 / 64; i++) {
		for (uint64_t words = event_page_take(&page->port_words[i]); words != 0; words &= words - 1) {
			uint32_t word = 64 * i + (uint32_t)__builtin_ctzll(words);

			for (uint64_t bits = event_page_take(&page->port[word]); bits != 0; bits &= bits - 1)
				signaled(64 * word + (uint32_t)__builtin_ctzll(bits));
		}
	}
}

/* Is device interrupt n set? Takes it. */
static inline bool event_page_take_device(struct hv_event_page *page, unsigned n) {
	uint64_t bit = 1ull << n % 64;

	if (!(__atomic_load_n(&page->device[n / 64], __ATOMIC_RELAXED) & bit))
		return false;
	return __atomic_fetch_and(&page->device[n / 64], ~bit, __ATOMIC_SEQ_CST) & bit;
}
