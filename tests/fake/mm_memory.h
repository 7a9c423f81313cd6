/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Memory of a fake machine: backs frame_pointer and the window of mm, and judges
 * how they are used. Pages come to life when they are touched.
 */
#pragma once

#include <stdint.h>

#include "mm/frame.h"

/* Makes memory of frame_table.count frames, all zeros. frame_pointer then checks that
 * a frame is the kernel's, the window that a frame is RAM and comes back before
 * the next. */
void fake_memory_create(void);
void fake_memory_destroy(void);

/* The bytes of a frame, whoever owns it. */
uint8_t *fake_memory_bytes(sfn_t frame);

/* Calls of window_map so far. */
extern unsigned fake_window_count;
