/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The firmware runs in the identity map, where it has always run: its virtual
 * address map was never set. It may use SSE; the kernel saves what it finds.
 */
#include <stddef.h>
#include <stdint.h>
#include "hal/power.h"
#include "runtime/events.h"
#include "runtime/log.h"

enum efi_reset_type { EFI_RESET_COLD = 0, EFI_RESET_SHUTDOWN = 2 };

typedef void(__attribute__((ms_abi)) efi_reset_system_t)(int type, uint64_t status, uint64_t data_size, void *data);

static efi_reset_system_t *reset_system;
static enum efi_reset_type type = EFI_RESET_SHUTDOWN;

void power_init(const struct hv_boot_info *info) {
	reset_system = (efi_reset_system_t *)(uintptr_t)info->efi_reset_system;
}

void power_off(bool is_restart) {
	log_info(is_restart ? "host: restarting" : "host: powering off");
	type = is_restart ? EFI_RESET_COLD : EFI_RESET_SHUTDOWN;
	parent_signal(0, EVENT_POWER_OFF);
}

void power_off_now(void) {
	if (reset_system != NULL)
		reset_system(type, 0, 0, NULL);
	log_error("host: the firmware did not do it; no VM is running, switch off by hand");
}
