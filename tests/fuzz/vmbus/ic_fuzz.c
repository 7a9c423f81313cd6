/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Anything as a guest's answer to key-value exchange, which has the largest and
 * most structured bodies. A byte says what comes: a negotiation well answered, a
 * request of the host, or a packet: its kind and size, then its bytes.
 */
#include <stdlib.h>
#include <string.h>
#include "fake/vmbus_guest.h"
#include "vmbus/ic_kvp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ic_kvp kvp;

static void require(bool holds) {
	if (!holds)
		abort();
}

static void send(const struct hv_ic_header *header, const void *body, uint32_t size) {
	static uint8_t bytes[sizeof(*header) + sizeof(struct hv_ic_kvp)];

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, header, sizeof(*header));
	memcpy(bytes + sizeof(*header), body, size);
	if (!kvp.ic.channel->is_broken)
		guest_send(VMBUS_PACKET_INBAND, 1, NULL, 0, bytes, (uint32_t)sizeof(*header) + size);
}

static void ask(unsigned what) {
	static const enum hv_ic_kvp_pool pool = HV_IC_KVP_POOL_AUTO;

	switch (what) {
	case 0:
		(void)!ic_kvp_get(&kvp, pool, "key");
		break;
	case 1:
		(void)!ic_kvp_enumerate(&kvp, pool, 1);
		break;
	case 2:
		ic_kvp_give_up(&kvp);
		break;
	default:
		(void)!ic_kvp_set(&kvp, pool, "key", "value");
		break;
	}
}

static void answer(const uint8_t *data, size_t size) {
	struct hv_ic_header header = {
	    .type = kvp.ic.state == IC_NEGOTIATING ? HV_IC_NEGOTIATE : HV_IC_KVP,
	    .flags = HV_IC_FLAG_RESPONSE,
	    .transaction_id = kvp.ic.transaction,
	};
	struct hv_ic_negotiate n = {1, 1, 0, {{3, 0}, {4, 0}}};

	if (kvp.ic.state == IC_NEGOTIATING && data[0] & 1)
		send(&header, &n, sizeof(n));
	else
		send(&header, data, (uint32_t)(size < sizeof(struct hv_ic_kvp) ? size : sizeof(struct hv_ic_kvp)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct hv_guid instance = {.data1 = 1};
	struct ring_packet packet;
	size_t at = 0;

	guest_reset();
	memset(&kvp, 0, sizeof(kvp));
	require(ic_kvp_offer(&kvp, &guest.server, &instance) == ERR_NONE);
	guest_bring_up(1);
	while (at < size) {
		uint8_t what = data[at++];
		size_t length = what % 64u * 41 + 1;

		length = length < size - at ? length : size - at;
		while (guest_receive(&packet))
			;
		if (what < 128) {
			ask(what % 4);
		} else if (length > 0) {
			answer(data + at, length);
			at += length;
		}
		require(memchr(kvp.key, 0, sizeof(kvp.key)) != NULL);
		require(memchr(kvp.value, 0, sizeof(kvp.value)) != NULL);
	}
	return 0;
}
