/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Memory functions that the compiler may call; standard contracts. */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
