/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "hal/polls.h"
#include <stdlib.h>
#include <string.h>
#include "runtime/event_page.h"
#include "runtime/time.h"
#include "runtime/vp_local.h"

static struct polls table[HV_BOOT_MAX_IO_VPS];
static uint32_t io_vp_count;

void polls_init(uint32_t count) {
	for (uint32_t i = 0; i < HV_BOOT_MAX_IO_VPS; i++)
		free(table[i].ports);
	memset(table, 0, sizeof(table));
	for (uint32_t i = 0; i < HV_BOOT_MAX_IO_VPS; i++)
		table[i].due = HV_DEADLINE_NEVER;
	io_vp_count = count;
}

const struct polls *polls_of(uint32_t vp_index) { return &table[vp_index]; }

static void set_due(struct polls *own, hv_reference_time_t due) {
	if (due < own->due)
		own->due = due;
}

void polls_add(struct poll *p, hv_reference_time_t due) {
	struct polls *own = &table[vp_local_index()];

	set_due(own, due);
	if (p->is_pending)
		return;
	p->is_pending = true;
	p->next = own->first;
	own->first = p;
}

bool polls_add_port(uint32_t port, hv_reference_time_t due) {
	uint32_t vp_index = vp_local_index();
	struct polls *own = &table[vp_index];

	if (vp_index >= io_vp_count)
		return false;
	if (own->ports == NULL)
		own->ports = calloc(1, sizeof(*own->ports));
	if (own->ports == NULL)
		return false;
	set_due(own, due);
	event_page_set_port(own->ports, port);
	return true;
}

void polls_look(void (*signaled)(uint32_t port)) {
	struct polls *own = &table[vp_local_index()];
	struct poll *p = own->first, *next;

	if (time_now() < own->due)
		return;
	own->due = HV_DEADLINE_NEVER;
	own->first = NULL;
	/* Guests first: what they have sent can be under way when their devices are looked at. */
	if (own->ports != NULL)
		event_page_take_ports(own->ports, signaled);
	for (; p != NULL; p = next) {
		next = p->next;
		p->is_pending = false;
		p->look(p);
	}
}
