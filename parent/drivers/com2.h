/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The host's second serial port, a 16550A at 0x2f8 with its interrupt on GSI 3:
 * 115200 8N1 with FIFOs. Only moves bytes; what they mean is com2_view's. Never
 * waits. Follows the National Semiconductor PC16550D data sheet. One VP may send
 * while another receives; the caller serializes each side. Host tests link a
 * fake.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets the port up; its interrupt arrives at I/O VP `target_vp` as the device
 * interrupt *interrupt. False if there is no such port or the kernel does not
 * give the interrupt; a line in the log says which. */
bool com2_init(uint32_t target_vp, uint32_t *interrupt);

/* Sends as many bytes as the transmitter takes now; returns how many. */
size_t com2_send(const uint8_t *bytes, size_t count);

/* Takes bytes that have arrived; returns how many. */
size_t com2_receive(uint8_t *bytes, size_t size);

/* Clears the interrupt's causes other than received bytes. After com2_receive
 * returned 0 and this, the line is low until something new happens. */
void com2_acknowledge(void);

/* Lets the pin interrupt again. */
void com2_unmask(void);
