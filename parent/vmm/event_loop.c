/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The fast path is one call per intercept: VpWait resumes and waits. */
#include <stdbool.h>
#include "drivers/disks.h"
#include "hal/interrupts.h"
#include "hal/mmio.h"
#include "hal/polls.h"
#include "hal/power.h"
#include "runtime/event_page.h"
#include "runtime/events.h"
#include "runtime/memory.h"
#include "runtime/time.h"
#include "vmm/com2_view.h"
#include "vmm/event_loop.h"
#include "vmm/intercept.h"
#include "vmm/operator.h"
#include "vmm/scrub_pool.h"
#include "vmm/vm_manager.h"
#include "vmm/vm_services.h"
#include "vmm/vm_vmbus.h"

/* While output waits, VP 0 looks at COM2 this often, should an interrupt be
 * missing; and as often as this when nothing waits. */
#define COM2_RETRY      (HV_REFERENCE_TIME_HZ / 100)
#define COM2_INTERVAL   (HV_REFERENCE_TIME_HZ / 2)

/* VP 0 looks around after so many passes even if something is always there to do. */
#define PASSES_PER_LOOK 1024u

static const struct hv_boot_info *boot_info;
static uint32_t com2_interrupt;

void event_loop_init(const struct hv_boot_info *info, uint32_t interrupt) {
	boot_info = info;
	com2_interrupt = interrupt;
}

static struct hv_event_page *event_page(uint32_t vp_index) { return memory_pointer(boot_info->event_page[vp_index]); }

void event_loop_wait_for_start(uint32_t vp_index) {
	/* boot_info is not set yet on this VP's way here: VP 0 sets it first. */
	for (;;) {
		(void)hypercall_vp_wait(0, HV_SLOT_NONE, HV_DEADLINE_NEVER);
		if (__atomic_load_n(&boot_info, __ATOMIC_ACQUIRE) != NULL &&
		    (event_page_take_software(event_page(vp_index)) & EVENT_BIT(EVENT_START)))
			break;
	}
	/* VP 0 has mapped devices since this VP started. */
	mmio_forget_translations();
}

/* Tests want to see the kernel notice a parent that hangs (architecture.md D6). */
static _Noreturn void hang(void) {
	for (;;)
		__builtin_ia32_pause();
}

/* Only VP 0 looks at something without being told: COM2, the host's disks, and what
 * services of VMs are due. The times of the next looks are kept, so that the fast path
 * reads no clock. */
struct looks {
	hv_reference_time_t com2; /* 0: not set */
	bool is_com2_retry;
	hv_reference_time_t disks;
	hv_reference_time_t services;
};

static void take_events(uint32_t vp_index, struct looks *looks) {
	struct hv_event_page *page = event_page(vp_index);
	uint64_t software = event_page_take_software(page);

	if (com2_interrupt < HV_MAX_DEVICE_INTERRUPTS && event_page_take_device(page, com2_interrupt))
		com2_view_service();
	interrupts_serve(page);
	event_page_take_ports(page, vm_vmbus_port);
	if (software & EVENT_BIT(EVENT_DISKS))
		disks_serve();
	if (software & EVENT_BIT(EVENT_SERVICES))
		looks->services = vm_services_poll_all(time_now());
	if (software & EVENT_BIT(EVENT_CRASH_LOOP))
		hang();
	if (software & EVENT_BIT(EVENT_POWER_OFF))
		power_off_now();
}

static hv_reference_time_t deadline(struct looks *looks) {
	hv_reference_time_t next = looks->disks < looks->services ? looks->disks : looks->services;
	bool has_output = com2_view_has_output();

	if (com2_interrupt >= HV_MAX_DEVICE_INTERRUPTS)
		return next;
	if (looks->com2 == 0 || (has_output && !looks->is_com2_retry)) {
		looks->com2 = time_now() + (has_output ? COM2_RETRY : COM2_INTERVAL);
		looks->is_com2_retry = has_output;
	}
	return looks->com2 < next ? looks->com2 : next;
}

static void look_around(struct looks *looks) {
	hv_reference_time_t now = time_now();

	if (now >= looks->disks) {
		looks->disks = now + DISKS_INTERVAL;
		disks_poll(now);
	}
	if (now >= looks->services)
		looks->services = vm_services_poll_all(now);
	if (com2_interrupt < HV_MAX_DEVICE_INTERRUPTS && now >= looks->com2) {
		looks->com2 = 0;
		com2_view_service();
	}
}

_Noreturn void event_loop_io(uint32_t vp_index) {
	struct looks looks = {.disks = 1, .services = HV_DEADLINE_NEVER}; /* disks at once; 0 would not wait */
	const struct polls *polls = polls_of(vp_index);
	uint32_t resume = HV_SLOT_NONE, passes = 0;

	for (;;) {
		hv_reference_time_t next = vp_index == 0 ? deadline(&looks) : HV_DEADLINE_NEVER;
		struct vp_wait_result result = hypercall_vp_wait(0, resume, polls->due < next ? polls->due : next);

		if (resume != HV_SLOT_NONE && result.status != HV_STATUS_SUCCESS)
			intercept_resume_failed(resume, result.status);
		resume = HV_SLOT_NONE;
		if (result.reasons & HV_VP_WAIT_EVENT)
			take_events(vp_index, &looks);
		if (polls->due != HV_DEADLINE_NEVER)
			polls_look(vm_vmbus_port);
		if (result.reasons & HV_VP_WAIT_INTERCEPT && intercept_handle(result.slot))
			resume = result.slot;
		if (vp_index == 0 && (result.reasons & HV_VP_WAIT_TIMEOUT || ++passes % PASSES_PER_LOOK == 0))
			look_around(&looks);
	}
}

_Noreturn void event_loop_management(uint32_t vp_index) {
	for (;;) {
		uint64_t software = event_page_take_software(event_page(vp_index));

		event_page_take_ports(event_page(vp_index), vm_vmbus_port);
		if (software & EVENT_BIT(EVENT_VM_ENDED))
			vm_manager_reap();
		if (software & EVENT_BIT(EVENT_OPERATOR))
			operator_service();
		if (software == 0 && scrub_pool_step())
			continue;
		(void)hypercall_vp_wait(0, HV_SLOT_NONE, HV_DEADLINE_NEVER);
	}
}
