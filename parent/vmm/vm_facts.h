/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a guest says of itself by key-value exchange: its system's name, its
 * addresses. Asked for again and again, since the answers come after seconds, if at
 * all. The bytes are the guest's: for an operator's eyes, made harmless, and nothing
 * else. Pure; the caller serializes.
 */
#pragma once

#include "vmbus/ic_kvp.h"

#define VM_FACTS_MAX     16u
#define VM_FACTS_PERIOD  (60 * HV_REFERENCE_TIME_HZ)
#define VM_FACT_PATIENCE (40 * HV_REFERENCE_TIME_HZ) /* a guest gives up after 30 s */

struct vm_fact {
	char key[48]; /* printable ASCII, cut where they are longer */
	char value[96];
};

struct vm_facts {
	struct vm_fact fact[VM_FACTS_MAX];
	unsigned count; /* of the last round that was complete */
	unsigned next;  /* to be asked for */
	bool is_asking;
	hv_reference_time_t due; /* of the next question, or of the end of patience */
};

/* Takes an answer, asks the next question. Returns when to call again,
 * HV_DEADLINE_NEVER while the guest has no service; also call when it signaled. */
hv_reference_time_t vm_facts_poll(struct vm_facts *f, struct ic_kvp *kvp, hv_reference_time_t now);
