/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The table of partitions. An id is serial << 13 | index: the lowest free index is
 * used again with its next serial, so an id never names two partitions.
 */
#include "core/partition.h"

#include "core/cpu.h"
#include "core/vp.h"

#define INDEX_BITS 13u
_Static_assert(MAX_PARTITIONS == 1u << INDEX_BITS, "index bits");

struct partition parent_partition;

static struct {
	struct spinlock lock;
	struct partition *entry[MAX_PARTITIONS]; /* [1] is the parent */
	uint32_t serial[MAX_PARTITIONS];
	uint32_t count;
} table;

enum hv_status partition_lock(hv_partition_id_t id, struct partition **out) {
	struct partition *p;

	if (id == HV_PARTITION_ID_SELF)
		id = PARENT_ID;
	spinlock_acquire(&table.lock);
	p = table.entry[id % MAX_PARTITIONS];
	if (p != NULL && p->id != id)
		p = NULL;
	if (p != NULL)
		spinlock_acquire(&p->lock);
	spinlock_release(&table.lock);
	*out = p;
	return p != NULL ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARTITION_ID;
}

enum hv_status partition_quiesce(struct partition **p) {
	hv_partition_id_t id = (*p)->id;

	partition_unlock(*p);
	shootdown();
	return partition_lock(id, p);
}

void partition_memory_lock(const struct partition *locked) {
	if (locked != &parent_partition)
		spinlock_acquire(&parent_partition.lock);
	spinlock_acquire(&memory_lock);
}

void partition_memory_unlock(const struct partition *locked) {
	spinlock_release(&memory_lock);
	if (locked != &parent_partition)
		spinlock_release(&parent_partition.lock);
}

struct vp *partition_vp_after(const struct partition *p, const struct vp *vp) {
	for (uint32_t i = vp == NULL ? 0 : vp->index + 1; i < p->cpu.vp_count; i++) {
		struct vp *next = __atomic_load_n(&p->vp[i], __ATOMIC_ACQUIRE);

		if (next != NULL)
			return next;
	}
	return NULL;
}

struct vp *partition_vp_of_slot(uint32_t slot) {
	const struct partition *p = NULL;

	if (slot < MAX_SLOTS)
		p = __atomic_load_n(&table.entry[slot / HV_MAX_VPS], __ATOMIC_ACQUIRE);
	return p != NULL ? __atomic_load_n(&p->vp[slot % HV_MAX_VPS], __ATOMIC_ACQUIRE) : NULL;
}

enum hv_status partition_enter(struct partition *p) {
	uint32_t index = PARENT_ID + 1;

	spinlock_acquire(&table.lock);
	while (index < MAX_PARTITIONS &&
	       (table.entry[index] != NULL || table.serial[index] == (1u << (32 - INDEX_BITS)) - 1))
		index++;
	if (index < MAX_PARTITIONS) {
		p->id = ++table.serial[index] << INDEX_BITS | index;
		frame_pool_init(&p->pool, p->id); /* who finds it may deposit at once */
		__atomic_store_n(&table.entry[index], p, __ATOMIC_RELEASE);
		table.count++;
	}
	spinlock_release(&table.lock);
	return index < MAX_PARTITIONS ? HV_STATUS_SUCCESS : HV_STATUS_NO_RESOURCES;
}

void partition_leave(const struct partition *p) {
	spinlock_acquire(&table.lock);
	__atomic_store_n(&table.entry[p->id % MAX_PARTITIONS], NULL, __ATOMIC_RELEASE);
	table.count--;
	spinlock_release(&table.lock);
}

uint32_t partition_total(void) { return table.count; }

unsigned partition_spaces(struct gpa_space **out, unsigned limit) {
	unsigned n = 0;

	spinlock_acquire(&table.lock);
	for (uint32_t i = PARENT_ID; i < MAX_PARTITIONS && n < limit; i++)
		if (table.entry[i] != NULL)
			out[n++] = &table.entry[i]->space;
	spinlock_release(&table.lock);
	return n;
}

void partition_table_init(void) {
	spinlock_init(&table.lock, RANK_PARTITIONS);
	table.entry[PARENT_ID] = &parent_partition;
	table.count = 1;
}
