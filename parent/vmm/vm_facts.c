/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* One question at a time, from item 0 to the first that the guest has not. */
#include <hv_abi/call_args.h>
#include "vmm/vm_facts.h"

/* Copies what cannot do anything to a terminal. */
static void copy_printable(char *to, size_t size, const char *from) {
	size_t i = 0;

	for (; from[i] != '\0' && i + 1 < size; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

static void take_answer(struct vm_facts *f, const struct ic_kvp *kvp, hv_reference_time_t now) {
	struct vm_fact *fact = &f->fact[f->next];

	f->is_asking = false;
	if (kvp->answer == IC_KVP_DONE) {
		copy_printable(fact->key, sizeof(fact->key), kvp->key);
		copy_printable(fact->value, sizeof(fact->value), kvp->value);
		f->next++;
		f->due = now;
	}
	if (kvp->answer != IC_KVP_DONE || f->next == VM_FACTS_MAX) {
		f->count = f->next;
		f->next = 0;
		f->due = now + VM_FACTS_PERIOD;
	}
}

hv_reference_time_t vm_facts_poll(struct vm_facts *f, struct ic_kvp *kvp, hv_reference_time_t now) {
	if (kvp->ic.state != IC_READY) {
		*f = (struct vm_facts){0};
		return HV_DEADLINE_NEVER;
	}
	if (f->is_asking) {
		if (kvp->answer == IC_KVP_ASKED && now < f->due)
			return f->due;
		if (kvp->answer == IC_KVP_ASKED)
			ic_kvp_give_up(kvp);
		take_answer(f, kvp, now);
	}
	if (now < f->due)
		return f->due;
	f->is_asking = ic_kvp_enumerate(kvp, HV_IC_KVP_POOL_AUTO, f->next) == ERR_NONE;
	f->due = now + (f->is_asking ? VM_FACT_PATIENCE : VM_FACTS_PERIOD);
	return f->due;
}
