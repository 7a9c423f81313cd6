/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The stages between the configuration and the kernel, in the order in which
 * main.c runs them. Each fills its part of the hand-over; what cannot be done
 * fails with a sentence (report.h) and does not return.
 */
#pragma once

#include "loader/handoff.h"

/* Reads the kernel and copies it to where it runs: kernel_*. Returns its virtual
 * entry point. (load_image.c) */
uint64_t load_kernel(const char *path, struct handoff *handoff);

/* Reads the parent and describes its segments: parent_segment, parent_entry. The
 * kernel loads them at each start of the parent from the file, which stays in
 * memory. (load_image.c) */
void load_parent(const char *path, struct handoff *handoff);

/* Processors, I/O APICs, ISA interrupts, timers, parent_info.rsdp: from ACPI, or
 * where there is none (or it cannot be used, which is reported) from the EFI MP
 * services and the architecture's addresses. (machine.c) */
void machine_describe(struct handoff *handoff);

/* What the parent is told about firmware, screen, time and chance, and clock_tsc,
 * from which its time counts; what the machine does not have stays 0. (parent_info.c) */
void parent_info_fill(struct handoff *handoff);

/* Memory map, trampoline, stack and page tables; then leaves boot services and
 * enters the kernel. (exit.c) */
_Noreturn void exit_to_kernel(struct handoff *handoff, uint64_t entry);
