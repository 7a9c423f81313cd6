/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Random numbers for the parent and for the seeds of its children: an HMAC_DRBG
 * [NIST SP 800-90A Rev. 1, 10.1.2 "HMAC_DRBG"] over SHA-256, seeded from what the
 * loader gathered and stirred at every request with what the processor offers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "runtime/err.h"

/* Words that random_hardware may give for one request. */
#define RANDOM_HARDWARE_WORDS 8u

/* Starts the generator from `size` bytes (at least 32) of seed; what ran before is
 * forgotten. ERR_RANGE if the seed is too short or all zeros, ERR_MEMORY; the
 * generator then does not run. */
ERR_CHECKED enum err random_init(const uint8_t *seed, size_t size);

/* Fills `to`. Any VP. ERR_STATE if the generator does not run: `to` is then zeros,
 * never something that only looks random. */
ERR_CHECKED enum err random_bytes(void *to, size_t size);

/* Overwrites what must not stay in memory; no compiler leaves it out. */
void random_forget(void *at, size_t size);

/* The machine's part: fresh entropy of this processor, and a value that never
 * comes twice (the time stamp counter). Tests have their own. */
void random_hardware(uint64_t words[RANDOM_HARDWARE_WORDS]);
