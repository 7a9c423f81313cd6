/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A partition: memory, virtual processors, and what both may do. The parent is
 * one too, with more privileges. Partitions and VPs live in memory that was
 * deposited; ids are never used twice.
 *
 * Lock legend: I immutable after creation, p the partition's lock, t the table's.
 */
#pragma once

#include "core/guest_cpu.h"
#include "core/locks.h"
#include "core/reference_time.h"
#include "core/synthetic_msr.h"
#include "mm/frame_pool.h"
#include "mm/gpa_space.h"

#define MAX_PARTITIONS 8192u
#define PARENT_ID      1u

enum partition_state {
	PARTITION_CREATED,    /* memory may be deposited, nothing else exists */
	PARTITION_ACTIVE,     /* initialized: memory, VPs */
	PARTITION_FINALIZING, /* VPs stop, everything goes back to the pool */
	PARTITION_FINALIZED,  /* only the pool is left, to be withdrawn */
	PARTITION_DELETED,    /* left the table, about to be freed */
};

struct vp;

struct partition {
	uint32_t id;                /* I */
	sfn_t frame;                /* I children: of this structure */
	bool is_parent;             /* I */
	enum partition_state state; /* p */
	struct spinlock lock;
	struct frame_pool pool;        /* p */
	struct gpa_space space;        /* p */
	struct guest_cpu cpu;          /* p rows and limits until the first VP exists, then I */
	struct hv_partition_msrs msrs; /* p */
	struct reference_time time;    /* p, changed only while no VP runs */
	sfn_t hypercall_page;          /* p overlay frame, 0: none yet */
	sfn_t reference_tsc_page;      /* p overlay frame, 0: none yet */
	sfn_t ports;                   /* p table of port.c, 0: none yet */
	sfn_t connections;             /* p likewise; looked at without the lock */
	bool is_suspended;             /* p: every VP is held */
	bool has_lost_memory;          /* p: a machine check; no VP runs again */
	uint32_t vp_count;             /* p */
	struct vp *vp[HV_MAX_VPS];     /* p, and stable while the partition is active */
};
_Static_assert(sizeof(struct partition) <= PAGE_SIZE, "a partition is one frame");

extern struct partition parent_partition;

/* Finds a child, or the parent by HV_PARTITION_ID_SELF or its id, and takes its
 * lock. The caller releases it. Errors: INVALID_PARTITION_ID. */
must_use enum hv_status partition_lock(hv_partition_id_t id, struct partition **out);

static inline void partition_unlock(struct partition *p) { spinlock_release(&p->lock); }

/* Releases the partition's lock until all processors have forgotten what they had
 * found in it (shootdown.h). Errors: INVALID_PARTITION_ID it has gone meanwhile;
 * *p is NULL then. */
must_use enum hv_status partition_quiesce(struct partition **p);

/* With the locks that a change of the parent's and a child's memory needs besides
 * the lock of `locked`, which the caller has (NULL: none). */
void partition_memory_lock(const struct partition *locked);
void partition_memory_unlock(const struct partition *locked);

/* The partition's next VP after this one (NULL: its first), or NULL. No lock if
 * the caller needs no VP that is just made or deleted. */
struct vp *partition_vp_after(const struct partition *p, const struct vp *vp);

#define partition_for_each_vp(name, p)                                                                                 \
	for (struct vp *name = partition_vp_after(p, NULL); name != NULL; name = partition_vp_after(p, name))

/* Slots of VpWait: a partition's place in the table and the VP's index. Who finds
 * a VP by its slot may use it until the run loop is passed (shootdown.h). NULL:
 * there is none. No lock. */
#define MAX_SLOTS (MAX_PARTITIONS * HV_MAX_VPS)

struct vp *partition_vp_of_slot(uint32_t slot);

/* Boot: the table, with the parent in it. */
void partition_table_init(void);

/* Gives the partition an id and an empty pool, and makes it findable. Errors: NO_RESOURCES. */
must_use enum hv_status partition_enter(struct partition *p);

/* It cannot be found any more. Its lock is not held. */
void partition_leave(const struct partition *p);

/* Number of partitions that exist, the parent included. */
uint32_t partition_total(void);

/* Every partition's space, the parent's first; for the invariant checker, with
 * no other processor in a call. Returns the count; at most `limit`. */
unsigned partition_spaces(struct gpa_space **out, unsigned limit);

/*
 * Lost memory (architecture.md D10): a machine check in a frame that is lent to a
 * child stops that child and retires the frame; anywhere else it is the end of
 * the parent, or of the kernel.
 */
struct cpu;

/* The run loop's part: the handler itself only left a note. */
void machine_check_service(struct cpu *cpu);

/* A loan has ended: retires lost frames that are not lent any more. Lock: none. */
void machine_check_retire(void);
