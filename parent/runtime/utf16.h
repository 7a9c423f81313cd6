/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* UTF-8 to UTF-16 (little endian) and back, for what guests and disks hold. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "runtime/err.h"

/* A string and its final 0 into `size` bytes; *used counts them.
 * ERR_FORMAT: no UTF-8 (RFC 3629). ERR_RANGE: too long. */
ERR_CHECKED enum err utf16_encode(const char *text, uint8_t *to, size_t size, uint32_t *used);

/* `used` bytes, with or without a final 0, into a string of `size` bytes with
 * its 0. ERR_FORMAT: odd, a lone surrogate, or a 0 before the end. ERR_RANGE: too
 * long. */
ERR_CHECKED enum err utf16_decode(const uint8_t *from, uint32_t used, char *text, size_t size);
