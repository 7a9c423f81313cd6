/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Whose frame it was, and what becomes of it. */

#include "core/exit.h"
#include "core/machine.h"
#include "core/parent.h"
#include "core/partition.h"
#include "core/sched.h"
#include "lib/log.h"
#include "mm/frame_owner.h"

#define NO_ADDRESS 0ull /* frame 0 is never lent */
#define LOST_MAX   16u

static sfn_t lost[LOST_MAX]; /* memory lock; 0: free */

void core_on_machine_check(uint64_t address, bool address_valid) {
	if (!address_valid)
		panic("machine check at an unknown address");
	__atomic_store_n(&this_cpu()->lost_address, address, __ATOMIC_SEQ_CST);
	__atomic_store_n(&this_cpu()->attention, 1, __ATOMIC_SEQ_CST);
}

void machine_check_retire(void) {
	partition_memory_lock(NULL);
	for (unsigned i = 0; i < LOST_MAX; i++)
		if (lost[i].v != 0 && frame_owner_retire(&parent_partition.space, lost[i]) == HV_STATUS_SUCCESS) {
			log_warning("frame %lx is retired", lost[i].v);
			lost[i].v = 0;
		}
	partition_memory_unlock(NULL);
}

/* Remembers the frame and says who has it. */
static uint32_t borrower_of(sfn_t number) {
	const struct frame *frame;
	uint32_t id = PARTITION_NONE;

	spinlock_acquire(&memory_lock);
	frame = frame_find(number);
	if (frame != NULL && frame->type >= FRAME_KERNEL && frame->type != FRAME_PARENT && frame->type != FRAME_RETIRED)
		panic("machine check in the kernel's memory, frame %lx", number.v);
	if (frame != NULL && frame_is_lent(frame))
		id = frame->partition;
	for (unsigned i = 0; id != PARTITION_NONE && i < LOST_MAX; i++)
		if (lost[i].v == 0 || lost[i].v == number.v) {
			lost[i] = number;
			break;
		}
	spinlock_release(&memory_lock);
	return id;
}

/* Every VP stops for good; one of them carries the news to the parent. */
static void stop_partition(struct partition *p) {
	bool is_told = false;

	p->has_lost_memory = true;
	partition_for_each_vp (vp, p) {
		(void)sched_hold(vp, HOLD_PARTITION);
		if (!is_told && !(vp->hold & (HOLD_INTERCEPT | HOLD_DEAD))) {
			intercept_machine_check(vp);
			is_told = true;
		}
	}
}

void machine_check_service(struct cpu *cpu) {
	uint64_t address = __atomic_exchange_n(&cpu->lost_address, NO_ADDRESS, __ATOMIC_SEQ_CST);
	struct partition *p;
	uint32_t id;

	if (address == NO_ADDRESS)
		return;
	id = borrower_of(spa_to_sfn(spa(address)));
	if (id == PARTITION_NONE) {
		parent_die("a machine check in its memory", 0, address);
		return;
	}
	log_error("partition %x: memory at %lx is lost, it is stopped", id, address);
	if (partition_lock(id, &p) != HV_STATUS_SUCCESS)
		return;
	stop_partition(p);
	partition_unlock(p);
}
