/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The host's disks: all that the drivers found, and the way of a request into their
 * queues. volume_submit may be called on any of the parent's VPs, also from inside
 * `done`, and never calls `done` itself; that happens in interrupts_serve, disks_serve
 * or disks_poll, on an I/O VP, with no lock of a driver held.
 */
#pragma once

#include <hv_abi/boot_info.h>
#include "drivers/disk_queue.h"

/* How often disks_poll is called: about as often as this, in reference time. */
#define DISKS_INTERVAL (HV_REFERENCE_TIME_HZ / 2)

/* Finds and starts controllers, with a line in the log for each disk and for each
 * controller that is not used. VP 0, before the other VPs serve. */
void disks_init(const struct hv_boot_info *info);

/* In the order in which they were found; a disk stays for ever, even one that is gone. */
void disks_for_each(void (*each)(struct disk *d, void *context), void *context);

/* EVENT_DISKS has come, on the I/O VP that calls. */
void disks_serve(void);

/* Looks for commands that take too long and for controllers that have failed. VP 0. */
void disks_poll(hv_reference_time_t now);

/* A line about a disk: name, size, model, requests and failures. */
#define DISKS_LINE_SIZE 160u
void disks_line(const struct disk *d, char line[DISKS_LINE_SIZE]);

/* For drivers, in disks_init. A disk has all but `submit` set; its memory stays.
 * Its identity is changed if another disk has the same. */
void disks_add_disk(struct disk *d);

/* For drivers: a queue whose finished requests disks_serve delivers, too. */
void disks_add_queue(struct disk_queue *q);
