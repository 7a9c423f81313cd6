/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "storage/host_volumes.h"

#include "runtime/log.h"

static struct volume_registry registry;

void host_volumes_init(volume_find_module_t *find_module) { volume_registry_init(&registry, find_module); }

void host_volumes_add(const char *name, struct volume *volume) {
	struct err_text text;

	if (volume_registry_add_disk(&registry, name, volume, &text) != ERR_NONE)
		log_error("%s", text.text);
}

struct volume_registry *host_volumes(void) {
	return &registry;
}
