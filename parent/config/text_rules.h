/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Strings with a shape of their own: names of VMs and paths of files. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "config/json.h"
#include "config/vm_config.h"
#include "runtime/err.h"

/* [a-z0-9-]{1,63} */
bool is_vm_name(const char *name);

/* ERR_FORMAT for another type, ERR_RANGE for a string of another shape. */
ERR_CHECKED enum err read_vm_name(const struct json_value *v, char out[VM_NAME_SIZE], struct err_text *text);

/* A size in MiB: a whole number up to `most`, or text with the unit M or G. ERR_RANGE, without
 * a sentence: neither. */
ERR_CHECKED enum err read_mib(const struct json_value *v, uint64_t most, uint64_t *mib);

/* A relative path: names between single '/', none of them "." or "..", of
 * printable ASCII without spaces and backslashes. */
ERR_CHECKED enum err read_path(const struct json_value *v, char out[VM_PATH_SIZE], struct err_text *text);
