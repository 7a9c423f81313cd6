/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Key-value exchange: reads and writes the pools of strings that a daemon in the
 * guest keeps (its addresses, its version, what an operator hands it). The guest
 * answers after seconds, or never: nothing here waits.
 */
#pragma once

#include "vmbus/ic.h"

#define IC_KVP_KEY_SIZE   768u  /* UTF-8 of a longest key, with the final 0 */
#define IC_KVP_VALUE_SIZE 3072u /* likewise of a value */

enum ic_kvp_answer {
	IC_KVP_NONE = 0, /* nothing asked */
	IC_KVP_ASKED,    /* no answer yet */
	IC_KVP_DONE,     /* get: the value is here; enumerate: the key too */
	IC_KVP_END,      /* enumerate: no item of that number */
	IC_KVP_FAILED,   /* the guest could not */
	IC_KVP_BAD,      /* the guest answered what is no answer */
};

struct ic_kvp {
	struct ic ic;
	enum ic_kvp_answer answer;
	enum hv_ic_kvp_operation operation; /* of the request that it answers */
	char key[IC_KVP_KEY_SIZE];
	char value[IC_KVP_VALUE_SIZE];
};

ERR_CHECKED enum err ic_kvp_offer(struct ic_kvp *k, struct vmbus_server *s, const struct hv_guid *instance);

/* A request each; the answer appears in `answer`. Strings are UTF-8. Errors as
 * ic_request; ERR_FORMAT and ERR_RANGE as utf16_encode; ERR_RANGE: no such pool. */
ERR_CHECKED enum err ic_kvp_get(struct ic_kvp *k, enum hv_ic_kvp_pool pool, const char *key);
ERR_CHECKED enum err ic_kvp_set(struct ic_kvp *k, enum hv_ic_kvp_pool pool, const char *key, const char *value);
ERR_CHECKED enum err ic_kvp_delete(struct ic_kvp *k, enum hv_ic_kvp_pool pool, const char *key);
ERR_CHECKED enum err ic_kvp_enumerate(struct ic_kvp *k, enum hv_ic_kvp_pool pool, uint32_t index);

/* Asks no longer; a late answer is ignored. */
void ic_kvp_give_up(struct ic_kvp *k);

/* For ic_load. */
extern const struct ic_service ic_kvp_service;
