/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Admin commands: one that is waited for, and one abort, at a time. */
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/time.h"
#include "drivers/nvme_internal.h"

#define ABORT_IDS       0x8000u /* the upper half of identifiers */
#define PAUSE           (HV_REFERENCE_TIME_HZ / 1000)
#define COMPLAINT_EVERY (10 * (hv_reference_time_t)HV_REFERENCE_TIME_HZ)

void nvme_pause(const struct nvme *n) {
	if (n->state == NVME_STARTING)
		(void)hypercall_vp_wait(0, HV_SLOT_NONE, time_now() + PAUSE);
	else
		__builtin_ia32_pause();
}

void nvme_complain(struct nvme *n, const struct nvme_completion *completion) {
	unsigned count = __atomic_add_fetch(&n->bad_completions, 1, __ATOMIC_RELAXED);
	hv_reference_time_t now = time_now();
	hv_reference_time_t next = __atomic_load_n(&n->next_complaint, __ATOMIC_RELAXED);

	if (now < next || !__atomic_compare_exchange_n(&n->next_complaint, &next, now + COMPLAINT_EVERY, false,
	                                               __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	log_warning("nvme%u: completed command 0x%x of queue %u, which it does not have; %u such completions so far",
	            n->index, completion->command_id, completion->sq_id, count);
}

/* At most as many as the ring holds: a controller could go on for ever. */
static void take_answers(struct nvme *n) {
	struct nvme_completion c;
	unsigned count = 0;

	while (count < n->admin.depth && nvme_ring_take(&n->admin, &c)) {
		count++;
		if (c.command_id != 0 && c.command_id == n->waiting_id) {
			n->answer = c;
			n->waiting_id = 0;
		} else if (c.command_id != 0 && c.command_id == n->abort_id) {
			n->abort_id = 0;
		} else {
			nvme_complain(n, &c);
		}
	}
	if (count > 0)
		nvme_ring_acknowledge(&n->admin);
}

void nvme_admin_serve(struct nvme *n) {
	spinlock_acquire(&n->admin_lock);
	take_answers(n);
	spinlock_release(&n->admin_lock);
}

/* The lock is held. */
static uint16_t send(struct nvme *n, struct nvme_command *command, uint16_t kind) {
	uint16_t id = (uint16_t)(n->admin_id % (ABORT_IDS - 1) + 1);

	n->admin_id = id;
	id |= kind;
	command->opcode = (command->opcode & 0xff) | (uint32_t)id << 16;
	nvme_ring_put(&n->admin, command);
	nvme_ring_submit(&n->admin);
	return id;
}

static bool is_answered(struct nvme *n) {
	bool is_done;

	spinlock_acquire(&n->admin_lock);
	take_answers(n);
	is_done = n->waiting_id == 0;
	spinlock_release(&n->admin_lock);
	return is_done;
}

enum err nvme_admin(struct nvme *n, struct nvme_command *command, hv_reference_time_t time, uint32_t *result,
                    struct err_text *text) {
	hv_reference_time_t deadline = time_now() + time;
	unsigned opcode = command->opcode & 0xff;

	spinlock_acquire(&n->admin_lock);
	n->waiting_id = send(n, command, 0);
	spinlock_release(&n->admin_lock);
	while (!is_answered(n)) {
		if (time_now() >= deadline)
			return err_set(text, ERR_DEVICE, "it does not answer admin command 0x%x", opcode);
		nvme_pause(n);
	}
	if (NVME_STATUS(&n->answer) != 0)
		return err_set(text, ERR_DEVICE, "admin command 0x%x failed with status 0x%x", opcode,
		               (unsigned)NVME_STATUS(&n->answer));
	if (result != NULL)
		*result = n->answer.result;
	return ERR_NONE;
}

/* [NVMe 1.4 5.1 "Abort command"] */
bool nvme_admin_abort(struct nvme *n, uint16_t queue_id, uint16_t tag) {
	struct nvme_command command = {.opcode = NVME_ABORT, .dword = {queue_id | (uint32_t)tag << 16}};
	bool is_free;

	spinlock_acquire(&n->admin_lock);
	is_free = n->abort_id == 0;
	if (is_free)
		n->abort_id = send(n, &command, ABORT_IDS);
	spinlock_release(&n->admin_lock);
	return is_free;
}
