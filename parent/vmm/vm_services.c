/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which services there are, and what time it is for them. */
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/time.h"
#include "vmm/vm_guid.h"
#include "vmm/vm_manager.h"
#include "vmm/vm_services.h"
#include "vmm/vm_vmbus.h"

enum err vm_services_offer(struct vm_services *s, struct vmbus_server *server, const char *vm_name) {
	struct hv_guid shutdown = vm_guid(vm_name, "shutdown");
	struct hv_guid heartbeat = vm_guid(vm_name, "heartbeat");
	struct hv_guid timesync = vm_guid(vm_name, "timesync");
	struct hv_guid kvp = vm_guid(vm_name, "kvp");
	enum err error = ic_shutdown_offer(&s->shutdown, server, &shutdown);

	if (error == ERR_NONE)
		error = ic_heartbeat_offer(&s->heartbeat, server, &heartbeat);
	if (error == ERR_NONE)
		error = ic_timesync_offer(&s->timesync, server, &timesync);
	if (error == ERR_NONE)
		error = ic_kvp_offer(&s->kvp, server, &kvp);
	return error;
}

/* Both clocks are read one behind the other; the guest adds what passed since. */
static hv_reference_time_t poll_timesync(struct vm *vm, struct ic_timesync *t, hv_reference_time_t now) {
	struct ic_timesync_moment moment = {.now = now};

	if (now >= t->next && t->ic.state == IC_READY) {
		moment.unix_time = time_unix_precise();
		if (hypercall_get_property(vm->partition, HV_PROPERTY_REFERENCE_TIME, &moment.reference) !=
		    HV_STATUS_SUCCESS)
			return now + IC_TIMESYNC_PERIOD;
	}
	return ic_timesync_poll(t, &moment);
}

static void log_shutdown(const struct vm *vm, struct vm_services *s) {
	enum ic_shutdown_answer answer = s->shutdown.answer;

	if (answer == s->logged)
		return;
	s->logged = answer;
	if (answer == IC_SHUTDOWN_ACCEPTED)
		log_info("vm %s: its guest begins to shut down", vm->config.name);
	if (answer == IC_SHUTDOWN_REFUSED)
		log_warning("vm %s: its guest refuses to shut down", vm->config.name);
}

static hv_reference_time_t earlier(hv_reference_time_t a, hv_reference_time_t b) { return a < b ? a : b; }

hv_reference_time_t vm_services_poll(struct vm *vm, hv_reference_time_t now) {
	struct vm_services *s = &vm->vmbus->services;
	hv_reference_time_t next = ic_heartbeat_poll(&s->heartbeat, now);

	next = earlier(next, poll_timesync(vm, &s->timesync, now));
	next = earlier(next, vm_facts_poll(&s->facts, &s->kvp, now));
	next = earlier(next, storvsp_poll(&vm->vmbus->disks, now));
	log_shutdown(vm, s);
	return next;
}

hv_reference_time_t vm_services_poll_all(hv_reference_time_t now) {
	hv_reference_time_t next = HV_DEADLINE_NEVER;

	for (unsigned i = 0; i < VMS_MAX; i++) {
		struct vm *vm = vm_manager_at(i);

		/* A look without the lock: what starts now sends its event later. */
		if (vm == NULL || __atomic_load_n(&vm->vmbus, __ATOMIC_RELAXED) == NULL)
			continue;
		spinlock_acquire(&vm->lock);
		if (vm->state == VM_RUNNING && vm->vmbus != NULL)
			next = earlier(next, vm_services_poll(vm, now));
		spinlock_release(&vm->lock);
	}
	return next;
}

void vm_services_time_jumped(struct vm *vm) {
	if (vm->vmbus != NULL)
		ic_timesync_set_again(&vm->vmbus->services.timesync);
}

enum err vm_services_shutdown(struct vm *vm, bool is_reboot, struct err_text *text) {
	struct vm_services *s;
	enum err error;

	if (vm->state != VM_RUNNING)
		return err_set(text, ERR_STATE, "a VM that is %s cannot be asked", vm_state_name(vm->state));
	if (vm->vmbus == NULL)
		return err_set(text, ERR_STATE, "the VM has no VMBus; 'stop' ends it at once");
	s = &vm->vmbus->services;
	if (s->shutdown.ic.state != IC_READY)
		return err_set(text, ERR_STATE, "its guest has no service for that yet; 'stop' ends it at once");
	s->logged = IC_SHUTDOWN_ASKED;
	error = ic_shutdown_request(&s->shutdown, is_reboot, true);
	if (error != ERR_NONE)
		return err_set(text, error, "its guest was asked already and did not answer");
	return ERR_NONE;
}
