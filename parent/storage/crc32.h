/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* CRC-32 as GPT uses it: ISO 3309, reflected, polynomial 0x04c11db7. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of `size` bytes behind those whose CRC is `crc`; 0 where nothing came before. */
uint32_t crc32(uint32_t crc, const void *bytes, size_t size);
