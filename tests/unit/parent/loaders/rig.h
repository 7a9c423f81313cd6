/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A small child for loader tests: 32 MiB of memory, a request without modules,
 * and a state of which every byte is known, so that a test can prove that an
 * error has changed nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "loaders/guest_loader.h"

#define RIG_MEMORY (32ull << 20)

struct rig {
	struct memory_layout layout;
	struct guest_memory memory;
	uint8_t *ram;
	struct boot_request request;
	struct boot_state state;
	struct err_text text;
};

/* cmocka set-up and tear-down. */
int rig_set_up(void **state);
int rig_tear_down(void **state);

/* Fails the test unless memory and state are as after set-up. */
void rig_assert_untouched(const struct rig *r);

/* Fails the test unless `error` is `expected` and the sentence contains `words`. */
void rig_assert_refused(const struct rig *r, enum err error, enum err expected, const char *words);

/* Makes the file the request's kernel. */
void rig_set_kernel(struct rig *r, const uint8_t *file, uint64_t size);
void rig_add_module(struct rig *r, const char *name, const void *data, uint64_t size);

/* The child's memory as numbers. */
uint32_t rig_u32(const struct rig *r, uint64_t gpa);
uint64_t rig_u64(const struct rig *r, uint64_t gpa);
