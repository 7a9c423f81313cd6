/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The operator at COM2's prompt "bulkhead> ": the commands of
 * operator_command.c, carried out on the management VP.
 */
#pragma once

#include "config/host_config.h"

/* Sets COM2's view up as host.json says and shows the prompt if that is it. */
void operator_init(const struct host_config *host);

/* Takes what was typed (EVENT_OPERATOR). */
void operator_service(void);

/* Switches the host off: stops every VM, lets the console drain, goes. */
void operator_power_off(void);
