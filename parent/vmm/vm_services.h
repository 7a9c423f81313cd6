/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The integration services of a running VM: shutdown on request, heartbeat, the
 * host's time, key-value exchange. They are polled by I/O VP 0 when something is due, and
 * by whoever took a signal of the guest. The VM's lock is held in every call but
 * vm_services_poll_all.
 */
#pragma once

#include "vmbus/ic_heartbeat.h"
#include "vmbus/ic_shutdown.h"
#include "vmbus/ic_timesync.h"
#include "vmm/vm_facts.h"

struct vm;

struct vm_services {
	struct ic_shutdown shutdown;
	struct ic_heartbeat heartbeat;
	struct ic_timesync timesync;
	struct ic_kvp kvp;
	struct vm_facts facts;
	enum ic_shutdown_answer logged; /* of the last request */
};

/* Offers all. ERR_MEMORY: there is no room for the channels. */
ERR_CHECKED enum err vm_services_offer(struct vm_services *s, struct vmbus_server *server, const char *vm_name);

/* Sends what is due, of the disks' controller too, and logs what was answered. Returns when to call again. */
hv_reference_time_t vm_services_poll(struct vm *vm, hv_reference_time_t now);

/* The same for every VM that runs; I/O VP 0. HV_DEADLINE_NEVER: after EVENT_SERVICES. */
hv_reference_time_t vm_services_poll_all(hv_reference_time_t now);

/* The guest's clock is behind: the VM was paused. Then EVENT_SERVICES is to be sent. */
void vm_services_time_jumped(struct vm *vm);

/* Asks the guest to go off or to reboot. ERR_STATE, with a sentence: the VM does not
 * run, has no VMBus, or its guest has no such service yet. */
ERR_CHECKED enum err vm_services_shutdown(struct vm *vm, bool is_reboot, struct err_text *text);
