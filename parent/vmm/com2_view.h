/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What COM2 shows and whom it types to: one VM's console as it is, every VM's
 * whole lines with "NAME| " before them, or the operator's prompt. Output is
 * pulled from the consoles as fast as the line takes it, so a slow line never
 * holds an I/O VP; a reader that falls behind by 64 KiB loses the oldest bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/host_config.h"
#include "vmm/vm.h"

#define COM2_KEY_PROMPT 0x1du /* Ctrl-], in every mode: to the prompt */

/* Before the port's interrupt. `management_vp` is told of what is typed at the
 * prompt. */
void com2_view_init(uint32_t management_vp);

/* Changes what is shown. Attaching shows the console from `position` on. */
void com2_view_attach(struct vm *vm, uint64_t position);
void com2_view_mux(void);
void com2_view_prompt(void);
enum host_com2 com2_view_mode(void);

/* The prompt's own output; "\n" becomes "\r\n". */
void com2_view_print(const char *text, size_t size);

/* Sends what the line takes now. Any VP; no lock held. */
void com2_view_pump(void);

/* The port's interrupt, or a look after a missed one. I/O VP 0 only. */
void com2_view_service(void);

/* Did the last pump leave something? Then look again soon. No lock is taken. */
bool com2_view_has_output(void);

/* What was typed behind a command that left the prompt: goes where the view of
 * now sends it; nowhere at the prompt. Who deals with input; no lock held. */
void com2_view_pass_on(const uint8_t *bytes, size_t count);

/* The next byte that was typed for the operator, if there is one; and, once all
 * that it causes is done, the word that the next may come. Management VP. */
bool com2_view_typed(uint8_t *byte);
void com2_view_typed_done(void);
