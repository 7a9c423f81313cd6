/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A controller as bytes, and what no controller can hold. */
#include "storage/storvsp.h"

#include "storage/storvsp_internal.h"
#include "vmbus/vmbus_state.h"

enum err storvsp_save(const struct storvsp *s, struct storvsp_saved *saved) {
	for (unsigned i = 0; i <= STORVSP_SUBCHANNEL_MAX; i++)
		if (s->queue[i].busy > 0 || s->queue[i].done_first != NULL)
			return ERR_STATE;
	if (s->is_rescan_due || s->rescan_time != 0)
		return ERR_STATE;
	*saved = (struct storvsp_saved){
	    .version = STORVSP_STATE_VERSION,
	    .state = s->state,
	    .protocol = s->version,
	    .subchannel_max = s->subchannel_max,
	    .instance = s->instance,
	};
	return ERR_NONE;
}

static enum err check_saved(const struct storvsp_saved *saved, const struct vmbus_channel *primary) {
	bool is_open;

	if (saved->version != STORVSP_STATE_VERSION)
		return ERR_UNSUPPORTED;
	if (primary == NULL)
		return ERR_NOT_FOUND;
	is_open = primary->state == VMBUS_CHANNEL_OPENING || primary->state == VMBUS_CHANNEL_OPEN;
	if (saved->state > STORVSP_READY || saved->subchannel_max > STORVSP_SUBCHANNEL_MAX ||
	    is_open != (saved->state != STORVSP_CLOSED) ||
	    (saved->protocol != 0 && !storvsp_is_version_known(saved->protocol)) ||
	    (saved->state == STORVSP_READY && saved->protocol == 0))
		return ERR_RANGE;
	return ERR_NONE;
}

enum err storvsp_load(struct storvsp *s, struct vmbus_server *server, const struct storvsp_saved *saved) {
	struct vmbus_offer primary = storvsp_offer_of(&saved->instance, 0);
	enum err err = check_saved(saved, vmbus_find_orphan(server, &primary));

	if (err != ERR_NONE)
		return err;
	s->server = server;
	s->instance = saved->instance;
	s->subchannel_max = (uint16_t)saved->subchannel_max;
	s->state = (enum storvsp_state)saved->state;
	s->version = saved->protocol;
	s->has_scanned = s->state == STORVSP_READY;
	for (uint16_t i = 0; i <= s->subchannel_max && err == ERR_NONE; i++)
		err = storvsp_adopt_queue(s, i);
	for (unsigned i = 0; i <= STORVSP_SUBCHANNEL_MAX && err != ERR_NONE; i++)
		if (s->queue[i].channel != NULL)
			vmbus_rescind(s->queue[i].channel);
	return err;
}
