/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* host.json: how a host behaves (docs/host.schema.json). Untrusted, and pure. */
#pragma once

#include <stddef.h>
#include "config/vm_config.h"
#include "runtime/err.h"

enum host_on_all_stopped {
	HOST_STAY,     /* "stay", also where nothing is said */
	HOST_POWEROFF, /* "poweroff": off when the last VM that ran has stopped */
};

enum host_com2 {
	HOST_COM2_PROMPT, /* "prompt", also where nothing is said: the command line */
	HOST_COM2_MUX,    /* "mux": every VM's console lines, and framed input */
	HOST_COM2_ATTACH, /* "attach:NAME": the console of one VM */
};

enum host_pci_interrupts {
	HOST_PCI_MESSAGES, /* "messages", also where nothing is said: where a device can */
	HOST_PCI_PINS,     /* "pins": never messages, for machines on which they do not arrive */
};

struct host_config {
	enum host_on_all_stopped on_all_stopped;
	enum host_com2 com2;
	char com2_vm[VM_NAME_SIZE]; /* the VM of HOST_COM2_ATTACH, else empty */
	enum host_pci_interrupts pci_interrupts;
};

/* What holds where there is no host.json. */
void host_config_default(struct host_config *config);

/* As vm_config_parse; every key may be absent. */
ERR_CHECKED enum err host_config_parse(const char *json, size_t size, struct host_config *config,
                                       struct err_text *text);
