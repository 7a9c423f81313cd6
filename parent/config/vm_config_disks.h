/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The array "disks" of vm.json. Pure. */
#pragma once

#include "config/json.h"
#include "config/vm_config.h"

/* Errors as vm_config_parse. */
ERR_CHECKED enum err vm_config_read_disks(const struct json_value *v, struct vm_config *config, struct err_text *text);
