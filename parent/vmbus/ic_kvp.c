/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "vmbus/ic_kvp.h"

#include <string.h>
#include "runtime/utf16.h"

static struct ic_kvp *kvp_of(struct ic *ic) { return (struct ic_kvp *)ic; }

static enum ic_kvp_answer take_pair(struct ic_kvp *k, const struct hv_ic_kvp_pair *pair) {
	if (pair->value_type != HV_IC_KVP_TYPE_STRING || pair->key_size > sizeof(pair->key) ||
	    pair->value_size > sizeof(pair->value))
		return IC_KVP_BAD;
	if (utf16_decode(pair->key, pair->key_size, k->key, sizeof(k->key)) != ERR_NONE ||
	    utf16_decode(pair->value, pair->value_size, k->value, sizeof(k->value)) != ERR_NONE)
		return IC_KVP_BAD;
	return IC_KVP_DONE;
}

/* For get the guest sends the value alone; the key is ours. */
static enum ic_kvp_answer take_value(struct ic_kvp *k, const struct hv_ic_kvp_pair *pair) {
	if (pair->value_type != HV_IC_KVP_TYPE_STRING || pair->value_size > sizeof(pair->value) ||
	    utf16_decode(pair->value, pair->value_size, k->value, sizeof(k->value)) != ERR_NONE)
		return IC_KVP_BAD;
	return IC_KVP_DONE;
}

static void answered(struct ic *ic, uint32_t status, const void *body, uint32_t size) {
	struct ic_kvp *k = kvp_of(ic);
	struct hv_ic_kvp kvp;

	memset(&kvp, 0, sizeof(kvp));
	memcpy(&kvp, body, size < sizeof(kvp) ? size : sizeof(kvp));
	k->key[0] = 0;
	k->value[0] = 0;
	if (status == HV_IC_STATUS_END)
		k->answer = IC_KVP_END;
	else if (status != HV_IC_STATUS_OK)
		k->answer = IC_KVP_FAILED;
	else if (k->operation == HV_IC_KVP_ENUMERATE)
		k->answer = take_pair(k, &kvp.item.pair);
	else if (k->operation == HV_IC_KVP_GET)
		k->answer = take_value(k, &kvp.pair);
	else
		k->answer = IC_KVP_DONE;
}

static void closed(struct ic *ic) {
	if (kvp_of(ic)->answer == IC_KVP_ASKED)
		kvp_of(ic)->answer = IC_KVP_NONE;
}

const struct ic_service ic_kvp_service = {
    .interface = {0xa9a0f4e7, 0x5a45, 0x4d96, {0xb8, 0x27, 0x8a, 0x84, 0x1e, 0x8c, 0x03, 0xe6}},
    .type = HV_IC_KVP,
    .body_size = sizeof(struct hv_ic_kvp),
    .framework_count = 2,
    .message_count = 3,
    .framework = {{3, 0}, {1, 0}},
    .message = {{4, 0}, {3, 0}, {1, 0}},
    .answered = answered,
    .closed = closed,
};

enum err ic_kvp_offer(struct ic_kvp *k, struct vmbus_server *s, const struct hv_guid *instance) {
	k->answer = IC_KVP_NONE;
	return ic_offer(&k->ic, s, &ic_kvp_service, instance);
}

/* The body is as long as the longest, whatever the operation: guests look into
 * it as that. */
static enum err ask(struct ic_kvp *k, enum hv_ic_kvp_pool pool, enum hv_ic_kvp_operation operation,
                    struct hv_ic_kvp *body) {
	enum err err;

	if (pool >= HV_IC_KVP_POOL_COUNT)
		return ERR_RANGE;
	body->header.operation = (uint8_t)operation;
	body->header.pool = (uint8_t)pool;
	err = ic_request(&k->ic, body, sizeof(*body));
	if (err == ERR_NONE) {
		k->answer = IC_KVP_ASKED;
		k->operation = operation;
	}
	return err;
}

static enum err put_key(struct hv_ic_kvp_pair *pair, const char *key) {
	return utf16_encode(key, pair->key, sizeof(pair->key), &pair->key_size);
}

enum err ic_kvp_get(struct ic_kvp *k, enum hv_ic_kvp_pool pool, const char *key) {
	struct hv_ic_kvp body = {.pair.value_type = HV_IC_KVP_TYPE_STRING};
	enum err err = put_key(&body.pair, key);

	return err != ERR_NONE ? err : ask(k, pool, HV_IC_KVP_GET, &body);
}

enum err ic_kvp_set(struct ic_kvp *k, enum hv_ic_kvp_pool pool, const char *key, const char *value) {
	struct hv_ic_kvp body = {.pair.value_type = HV_IC_KVP_TYPE_STRING};
	enum err err = put_key(&body.pair, key);

	if (err == ERR_NONE)
		err = utf16_encode(value, body.pair.value, sizeof(body.pair.value), &body.pair.value_size);
	return err != ERR_NONE ? err : ask(k, pool, HV_IC_KVP_SET, &body);
}

enum err ic_kvp_delete(struct ic_kvp *k, enum hv_ic_kvp_pool pool, const char *key) {
	struct hv_ic_kvp body = {.forget.key_size = 0};
	enum err err = utf16_encode(key, body.forget.key, sizeof(body.forget.key), &body.forget.key_size);

	return err != ERR_NONE ? err : ask(k, pool, HV_IC_KVP_DELETE, &body);
}

enum err ic_kvp_enumerate(struct ic_kvp *k, enum hv_ic_kvp_pool pool, uint32_t index) {
	struct hv_ic_kvp body = {.item.index = index};

	return ask(k, pool, HV_IC_KVP_ENUMERATE, &body);
}

void ic_kvp_give_up(struct ic_kvp *k) {
	ic_give_up(&k->ic);
	if (k->answer == IC_KVP_ASKED)
		k->answer = IC_KVP_NONE;
}
