/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Names and identities of disks from what devices say of themselves. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Copies a device's text of `size` bytes, at most `to_size` - 1 of them: what is not
 * printable becomes '?', spaces at both ends go. */
void disk_text_copy(char *to, size_t to_size, const uint8_t *from, size_t size);

/* An identity from texts and a number, for devices that have no better one. */
void disk_text_identity(uint8_t id[16], const char *model, const char *serial, uint32_t unit);
