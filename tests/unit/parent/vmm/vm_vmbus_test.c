/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A VM's VMBus over the fake kernel: what the guest posts and signals, what it gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <hv_abi/ic.h>
#include <hv_abi/storvsc.h>
#include "fake/parent_kernel.h"
#include "fake/volume.h"
#include "runtime/event_page.h"
#include "runtime/events.h"
#include "vm_rig.h"
#include "vmbus/ring.h"
#include "vmm/intercept.h"
#include "vmm/vm_guid.h"
#include "vmm/vm_vmbus.h"

#define RING_GPA     0x400000u
#define RING_PAGES   6u /* three each way, the first of them the control page */
#define SECOND       HV_REFERENCE_TIME_HZ
#define GUEST_STATUS ((enum hv_status)vm->vp[0].registers->gpr[HV_RAX])

static struct vm *vm;

static struct fake_partition *partition(void) { return fake_partition_of(vm->partition); }

/* The guest posts; the intercept is handled and the guest goes on. */
static void post(uint32_t connection, const void *payload, uint32_t size) {
	struct hv_post_message_in in = {.connection_id = connection, .message_type = 1, .payload_size = size};
	struct hv_intercept_header header = rig_header(0x1000, 3, HV_INTERCEPT_EXECUTE);

	memcpy(in.payload, payload, size < sizeof(in.payload) ? size : sizeof(in.payload));
	memcpy(vm->vp[0].intercept->posted, &in, sizeof(in));
	vm->vp[0].registers->gpr[HV_RAX] = HV_STATUS_SUCCESS;
	rig_intercept(vm, 0, HV_MESSAGE_POSTED_MESSAGE, &header, sizeof(header));
	assert_true(intercept_handle(vm->vp[0].slot));
}

static void deliverable(void) {
	struct hv_intercept_header header = rig_header(0x1000, 0, HV_INTERCEPT_EXECUTE);

	rig_intercept(vm, 0, HV_MESSAGE_SINT_DELIVERABLE, &header, sizeof(header));
	assert_true(intercept_handle(vm->vp[0].slot));
}

/* The n-th message that the kernel took for the guest. */
static const void *got(unsigned n, uint32_t type) {
	const struct hv_message *message;
	const struct vmbus_message_header *header;

	assert_true(n < partition()->posted_count);
	assert_int_equal(partition()->posted[n].target_sint, VMBUS_SINT);
	message = (const struct hv_message *)(const void *)partition()->posted[n].message;
	assert_int_equal(message->header.type, VMBUS_MESSAGE_TYPE);
	header = (const void *)message->payload;
	assert_int_equal(header->type, type);
	return header;
}

static void connect(void) {
	struct vmbus_initiate_contact contact = {
	    .header.type = VMBUS_INITIATE_CONTACT, .version = VMBUS_VERSION_5_3, .target.sint = VMBUS_SINT};

	post(VMBUS_MESSAGE_CONNECTION_4, &contact, sizeof(contact));
}

static void ask_for_offers(void) {
	struct vmbus_message_header request = {.type = VMBUS_REQUEST_OFFERS};

	post(VMBUS_MESSAGE_CONNECTION_4, &request, sizeof(request));
}

/* The guest's ends of the rings of the channel that was opened last. */
static struct ring_reader from_host;
static struct ring_writer to_host;
static uint8_t *ring_page[RING_PAGES];

static void open(uint32_t relid) {
	struct __attribute__((packed)) {
		struct vmbus_gpadl_header h;
		uint64_t pfn[RING_PAGES];
	} lend = {.h = {.header.type = VMBUS_GPADL_HEADER,
	                .relid = relid,
	                .gpadl = 77 + relid,
	                .range_size = 8 + 8 * RING_PAGES,
	                .range_count = 1,
	                .byte_count = RING_PAGES * 4096}};
	struct vmbus_open_channel open = {
	    .header.type = VMBUS_OPEN_CHANNEL,
	    .relid = relid,
	    .open_id = relid,
	    .ring_gpadl = 77 + relid,
	    .downstream_page = RING_PAGES / 2,
	};
	struct ring_memory out, in;
	uint64_t gpa = RING_GPA + relid * 0x10000;

	for (unsigned i = 0; i < RING_PAGES; i++) {
		ring_page[i] = guest_memory_pointer(&vm->memory, gpa + 4096 * i, 4096);
		memset(ring_page[i], 0, 4096);
		lend.pfn[i] = (gpa >> 12) + i;
	}
	out = (struct ring_memory){(void *)ring_page[0], ring_page + 1, 2};
	in = (struct ring_memory){(void *)ring_page[3], ring_page + 4, 2};
	assert_true(ring_writer_init(&to_host, &out, 0));
	assert_true(ring_reader_init(&from_host, &in, 0));
	post(VMBUS_MESSAGE_CONNECTION_4, &lend, sizeof(lend));
	post(VMBUS_MESSAGE_CONNECTION_4, &open, sizeof(open));
}

static void take_ports(void) { event_page_take_ports(&fake.events, vm_vmbus_port); }

/* HvSignalEvent on the channel's connection, and the I/O VP's next turn. */
static void signal_host(uint32_t relid) {
	const struct hv_connect_port_in *c =
	    &partition()->connection[(VMBUS_CONNECTION_BASE + relid) % HV_MAX_CONNECTIONS];

	assert_int_equal(c->type, HV_PORT_EVENT);
	assert_int_equal(c->connection_id, VMBUS_CONNECTION_BASE + relid);
	event_page_set_port(&fake.events, c->port_id);
	take_ports();
}

/* A guest's service as a driver is: gives back what it was sent, with these changes. */
static uint8_t packet_memory[4096] __attribute__((aligned(8)));

static struct hv_ic_header receive(uint16_t type) {
	struct ring_packet packet;
	struct hv_ic_header header;

	assert_int_equal(ring_read(&from_host, packet_memory, sizeof(packet_memory), &packet), RING_OK);
	(void)ring_release(&from_host);
	memmove(packet_memory, packet.payload, packet.payload_size);
	memcpy(&header, packet_memory, sizeof(header));
	assert_int_equal(header.type, type);
	return header;
}

static bool has_nothing(void) {
	struct ring_packet packet;

	return ring_read(&from_host, packet_memory, sizeof(packet_memory), &packet) == RING_EMPTY;
}

static void answer(uint32_t relid, uint32_t status) {
	struct ring_send send = {.type = VMBUS_PACKET_INBAND, .payload = packet_memory};
	struct hv_ic_header header;

	memcpy(&header, packet_memory, sizeof(header));
	header.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_RESPONSE;
	header.status = status;
	memcpy(packet_memory, &header, sizeof(header));
	send.payload_size = (uint32_t)sizeof(header) + header.size;
	assert_int_equal(ring_write(&to_host, &send), RING_OK);
	(void)ring_publish(&to_host);
	signal_host(relid);
}

/* Takes versions 3.0 and this one of the message. */
static void negotiate(uint32_t relid, uint16_t major) {
	struct hv_ic_header header = receive(HV_IC_NEGOTIATE);
	struct hv_ic_negotiate n = {.framework_count = 1, .message_count = 1, .version = {{3, 0}, {major, 0}}};

	(void)header;
	memcpy(packet_memory + sizeof(struct hv_ic_header), &n, 16);
	answer(relid, 0);
}

enum { SHUTDOWN = 1, HEARTBEAT, TIMESYNC, KVP, DISKS }; /* relids, in the order of the offers */

static void bring_up(uint32_t relid, uint16_t major) {
	vm = rig_start();
	connect();
	ask_for_offers();
	open(relid);
	negotiate(relid, major);
}

static void a_vm_is_connected_before_it_runs(void **state) {
	(void)state;
	vm = rig_start();
	assert_int_equal(partition()->connection_count, 2);
	assert_int_equal(partition()->connection[1].type, HV_PORT_MESSAGE);
	assert_int_equal(partition()->connection[4].type, HV_PORT_MESSAGE);
	assert_int_equal(fake.signaled[0] & EVENT_BIT(EVENT_SERVICES), EVENT_BIT(EVENT_SERVICES));
}

static void a_guest_connects_and_hears_of_every_service(void **state) {
	const struct vmbus_version_response *response;
	const struct vmbus_offer_channel *offer;
	struct hv_guid guid = vm_guid("box", "heartbeat");

	(void)state;
	vm = rig_start();
	connect();
	response = got(0, VMBUS_VERSION_RESPONSE);
	assert_int_equal(response->is_supported, 1);
	assert_int_equal(response->message_connection_id, VMBUS_MESSAGE_CONNECTION_4);
	ask_for_offers();
	for (unsigned i = 1; i <= KVP; i++) {
		offer = got(i, VMBUS_OFFER_CHANNEL);
		assert_int_equal(offer->relid, i);
		assert_int_equal(offer->connection_id, VMBUS_CONNECTION_BASE + i);
		if (i == HEARTBEAT)
			assert_memory_equal(&offer->instance, &guid, sizeof(guid));
	}
	got(KVP + 1, VMBUS_ALL_OFFERS_DELIVERED);
	assert_int_equal(partition()->posted_count, KVP + 2);
	assert_int_equal(GUEST_STATUS, HV_STATUS_SUCCESS);
}

static void what_finds_no_room_goes_when_there_is_some(void **state) {
	(void)state;
	vm = rig_start();
	partition()->post_room = 0;
	connect();
	assert_int_equal(partition()->posted_count, 0);
	partition()->post_room = 1;
	deliverable();
	got(0, VMBUS_VERSION_RESPONSE);
	partition()->post_room = 2;
	ask_for_offers();
	assert_int_equal(partition()->posted_count, 3);
	partition()->post_room = 100;
	deliverable();
	assert_int_equal(partition()->posted_count, KVP + 2);
}

static void a_guest_that_does_not_listen_is_told_to_post_again(void **state) {
	struct vmbus_tl_connect c = {.header.type = VMBUS_TL_CONNECT};
	unsigned posts = 0;

	(void)state;
	vm = rig_start();
	connect();
	partition()->post_room = 0;
	do {
		post(VMBUS_MESSAGE_CONNECTION_4, &c, sizeof(c));
		posts++;
	} while (GUEST_STATUS == HV_STATUS_SUCCESS && posts < 100);
	assert_int_equal(posts, VMBUS_OUTBOX_SIZE + 1);
	assert_int_equal(GUEST_STATUS, HV_STATUS_INSUFFICIENT_BUFFERS);
	partition()->post_room = 5;
	deliverable();
	post(VMBUS_MESSAGE_CONNECTION_4, &c, sizeof(c));
	assert_int_equal(GUEST_STATUS, HV_STATUS_SUCCESS);
}

static void messages_that_are_none_of_vmbus_do_nothing(void **state) {
	struct hv_intercept_header header = rig_header(0x1000, 3, HV_INTERCEPT_EXECUTE);
	struct hv_post_message_in in = {.connection_id = 1, .message_type = 2, .payload_size = 8};

	(void)state;
	vm = rig_start();
	for (unsigned i = 0; i < 2; i++) {
		memcpy(vm->vp[0].intercept->posted, &in, sizeof(in));
		rig_intercept(vm, 0, HV_MESSAGE_POSTED_MESSAGE, &header, sizeof(header));
		assert_true(intercept_handle(vm->vp[0].slot));
		in.message_type = 1;
		in.payload_size = 241;
	}
	assert_int_equal(vm->vmbus->server.refused, 0);
	assert_int_equal(partition()->posted_count, 0);
	post(1, "", 0); /* shorter than a header: VMBus's own to refuse */
	assert_int_equal(vm->vmbus->server.refused, 1);
}

static void a_vm_without_vmbus_has_none(void **state) {
	struct vm_vmbus_report report;
	struct err_text text;

	(void)state;
	rig_box("{\"name\":\"box\",\"memory\":\"16M\",\"boot\":{\"kernel\":\"image\"},\"devices\":{\"vmbus\":false}}");
	vm = rig_start();
	assert_null(vm->vmbus);
	assert_int_equal(partition()->connection_count, 0);
	post(1, "12345678", 8);
	deliverable();
	vm_vmbus_port(0);
	assert_false(vm_vmbus_report(vm, &report));
	assert_int_equal(vm_services_poll_all(0), HV_DEADLINE_NEVER);
	assert_int_equal(vm_services_shutdown(vm, false, &text), ERR_STATE);
	assert_string_equal(text.text, "the VM has no VMBus; 'stop' ends it at once");
}

static void the_guests_clock_is_set_as_soon_as_it_listens(void **state) {
	struct hv_ic_time_reference time;

	(void)state;
	fake.unix_time = 1000;
	fake.reference_time = 55;
	bring_up(TIMESYNC, 4);
	receive(HV_IC_TIMESYNC);
	memcpy(&time, packet_memory + sizeof(struct hv_ic_header), HV_IC_TIME_REFERENCE_SIZE);
	assert_int_equal(time.flags, HV_IC_TIME_SYNC);
	assert_int_equal(time.parent_time, HV_IC_TIME_1601_TO_1970 + 1000 * SECOND);
	assert_int_equal(time.reference_time, 55);
	assert_int_equal(partition()->flag.flag_number, TIMESYNC);
	assert_int_equal(partition()->flag.target_sint, VMBUS_SINT);
	answer(TIMESYNC, 0);
	fake.now = 6 * SECOND;
	assert_int_equal(vm_services_poll_all(fake.now), 8 * SECOND);
	receive(HV_IC_TIMESYNC);
	memcpy(&time, packet_memory + sizeof(struct hv_ic_header), HV_IC_TIME_REFERENCE_SIZE);
	assert_int_equal(time.flags, HV_IC_TIME_SAMPLE);
}

static void after_a_pause_it_is_set_again(void **state) {
	struct hv_ic_time_reference time;

	(void)state;
	bring_up(TIMESYNC, 4);
	receive(HV_IC_TIMESYNC);
	answer(TIMESYNC, 0);
	assert_int_equal(vm_manager_pause(vm, NULL), ERR_NONE);
	fake.now = 100 * SECOND;
	assert_int_equal(vm_services_poll_all(fake.now), HV_DEADLINE_NEVER);
	assert_true(has_nothing());
	fake.signaled[0] = 0;
	assert_int_equal(vm_manager_resume(vm, NULL), ERR_NONE);
	assert_int_equal(fake.signaled[0], EVENT_BIT(EVENT_SERVICES));
	(void)vm_services_poll_all(fake.now);
	receive(HV_IC_TIMESYNC);
	memcpy(&time, packet_memory + sizeof(struct hv_ic_header), HV_IC_TIME_REFERENCE_SIZE);
	assert_int_equal(time.flags, HV_IC_TIME_SYNC);
}

static void the_heart_is_heard_every_two_seconds(void **state) {
	static struct vm_vmbus_report report;
	struct hv_ic_heartbeat beat;

	(void)state;
	bring_up(HEARTBEAT, 3);
	fake.now = 3 * SECOND;
	(void)vm_services_poll_all(fake.now);
	receive(HV_IC_HEARTBEAT);
	memcpy(&beat, packet_memory + sizeof(struct hv_ic_header), sizeof(beat));
	beat.sequence++;
	memcpy(packet_memory + sizeof(struct hv_ic_header), &beat, sizeof(beat));
	answer(HEARTBEAT, 0);
	assert_true(vm_vmbus_report(vm, &report));
	assert_true(report.is_connected);
	assert_int_equal(report.version, VMBUS_VERSION_5_3);
	assert_int_equal(report.health, IC_HEARTBEAT_ALIVE);
	assert_int_equal(report.channel_count, KVP);
	assert_int_equal(report.channel[HEARTBEAT - 1].state, VMBUS_CHANNEL_OPEN);
	assert_string_equal(report.channel[HEARTBEAT - 1].name, "heartbeat");
	assert_int_equal(report.channel[KVP - 1].state, VMBUS_CHANNEL_OFFERED);
	for (unsigned i = 2; i < 8; i++)
		assert_true(vm_services_poll_all(2 * i * SECOND) <= (2 * i + 2) * SECOND);
	assert_true(vm_vmbus_report(vm, &report));
	assert_int_equal(report.health, IC_HEARTBEAT_LOST);
}

static void a_guest_is_asked_to_shut_down(void **state) {
	struct hv_ic_shutdown shutdown;
	struct err_text text;

	(void)state;
	vm = rig_start();
	assert_int_equal(vm_services_shutdown(vm, false, &text), ERR_STATE);
	assert_non_null(strstr(text.text, "no service for that yet"));
	connect();
	ask_for_offers();
	open(SHUTDOWN);
	negotiate(SHUTDOWN, 3);
	assert_int_equal(vm_services_shutdown(vm, true, &text), ERR_NONE);
	assert_int_equal(vm_services_shutdown(vm, true, &text), ERR_STATE);
	receive(HV_IC_SHUTDOWN);
	memcpy(&shutdown, packet_memory + sizeof(struct hv_ic_header), sizeof(shutdown));
	assert_int_equal(shutdown.flags, HV_IC_SHUTDOWN_REBOOT | HV_IC_SHUTDOWN_FORCE);
	answer(SHUTDOWN, 0);
	assert_true(fake_log_has("vm box: its guest begins to shut down"));
}

static void put_fact(unsigned index, const char *key, const char *value) {
	struct hv_ic_kvp kvp;

	receive(HV_IC_KVP);
	memcpy(&kvp, packet_memory + sizeof(struct hv_ic_header), sizeof(kvp));
	assert_int_equal(kvp.header.operation, HV_IC_KVP_ENUMERATE);
	assert_int_equal(kvp.header.pool, HV_IC_KVP_POOL_AUTO);
	assert_int_equal(kvp.item.index, index);
	if (key != NULL) {
		kvp.item.pair.value_type = HV_IC_KVP_TYPE_STRING;
		kvp.item.pair.key_size = 2 * (uint32_t)strlen(key) + 2;
		kvp.item.pair.value_size = 2 * (uint32_t)strlen(value) + 2;
		memset(kvp.item.pair.key, 0, sizeof(kvp.item.pair.key));
		memset(kvp.item.pair.value, 0, sizeof(kvp.item.pair.value));
		for (unsigned i = 0; key[i]; i++)
			kvp.item.pair.key[2 * i] = (uint8_t)key[i];
		for (unsigned i = 0; value[i]; i++)
			kvp.item.pair.value[2 * i] = (uint8_t)value[i];
		memcpy(packet_memory + sizeof(struct hv_ic_header), &kvp, sizeof(kvp));
	}
	answer(KVP, key == NULL ? HV_IC_STATUS_END : HV_IC_STATUS_OK);
}

static void what_a_guest_says_of_itself_is_kept_and_harmless(void **state) {
	static struct vm_vmbus_report report;

	(void)state;
	bring_up(KVP, 4);
	put_fact(0, "OSName", "Linux");
	put_fact(1, "Evil", "\x1b[2J");
	assert_true(vm_vmbus_report(vm, &report));
	assert_int_equal(report.fact_count, 0); /* the round is not complete */
	put_fact(2, NULL, NULL);
	assert_true(vm_vmbus_report(vm, &report));
	assert_int_equal(report.fact_count, 2);
	assert_string_equal(report.fact[0].key, "OSName");
	assert_string_equal(report.fact[0].value, "Linux");
	assert_string_equal(report.fact[1].value, "?[2J");
	assert_true(has_nothing());
	/* Asked again after a while; a guest that does not answer is given up. */
	fake.now = 61 * SECOND;
	(void)vm_services_poll_all(fake.now);
	receive(HV_IC_KVP);
	fake.now = 110 * SECOND;
	(void)vm_services_poll_all(fake.now);
	assert_true(vm_vmbus_report(vm, &report));
	assert_int_equal(report.fact_count, 0);
	assert_true(has_nothing());
}

static void a_signal_for_nobody_does_no_harm(void **state) {
	(void)state;
	bring_up(HEARTBEAT, 3);
	for (uint32_t port = 0; port < HV_PARENT_PORTS; port += 61)
		event_page_set_port(&fake.events, port);
	take_ports();
	assert_int_equal(fake.events.port_words[0] | fake.events.port_words[3], 0);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	vm_vmbus_port(HEARTBEAT - 1);
	assert_int_equal(vm_manager_delete(vm, NULL), ERR_NONE);
	vm_vmbus_port(HEARTBEAT - 1);
	vm_vmbus_port(HV_PARENT_PORTS - 1);
}

static void the_next_guest_in_its_place_is_a_new_one(void **state) {
	(void)state;
	bring_up(HEARTBEAT, 3);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(vm_manager_start(vm, NULL), ERR_NONE);
	event_page_set_port(&fake.events, HEARTBEAT - 1); /* from before */
	take_ports();
	assert_int_equal(partition()->connection_count, 2);
	connect();
	got(0, VMBUS_VERSION_RESPONSE);
}

static void a_connection_that_the_kernel_refuses_refuses_the_channel(void **state) {
	const struct vmbus_open_result *result;

	(void)state;
	vm = rig_start();
	connect();
	ask_for_offers();
	fake.fail_code = HV_CALL_CONNECT_PORT;
	fake.fail_after = 1;
	fake.fail_status = HV_STATUS_OPERATION_FAILED;
	open(HEARTBEAT);
	result = got(partition()->posted_count - 1, VMBUS_OPEN_RESULT);
	assert_int_not_equal(result->status, 0);
	assert_int_equal(partition()->connection_count, 2);
}

static void a_vm_that_ends_with_channels_open_closes_them(void **state) {
	(void)state;
	bring_up(HEARTBEAT, 3);
	open(SHUTDOWN);
	assert_int_equal(partition()->connection_count, 4);
	assert_int_equal(vm->vmbus->server.gpadls.pages_used, 2 * RING_PAGES);
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_null(vm->vmbus);
	assert_true(fake_log_has("vm box ended: stopped"));
	assert_null(strstr(fake.log, "disconnecting"));
}

/* A disk whose requests are with the device when the VM ends. */
static struct fake_volume volume;
static struct scsi_disk disk;
static unsigned waits;

static void complete_one(void) {
	waits++;
	spinlock_acquire(&vm->lock);
	(void)fake_volume_complete(&volume);
	spinlock_release(&vm->lock);
}

static void storvsc(uint32_t operation, const struct hv_storvsc_packet *fields, uint64_t id) {
	struct hv_storvsc_packet packet = *fields;
	struct ring_send send = {.type = VMBUS_PACKET_INBAND,
	                         .flags = VMBUS_PACKET_COMPLETION_REQUESTED,
	                         .transaction_id = id,
	                         .payload = &packet,
	                         .payload_size = sizeof(packet)};

	packet.operation = operation;
	assert_int_equal(ring_write(&to_host, &send), RING_OK);
	(void)ring_publish(&to_host);
	signal_host(DISKS);
}

static void a_vm_ends_when_its_disks_have_let_go(void **state) {
	struct scsi_target target = {.lun[0] = &disk};
	struct hv_storvsc_packet packet = {.version.version = 0x0602};
	struct ring_packet reply;
	struct err_text text;

	(void)state;
	fake_volume_init(&volume);
	volume.is_slow = true;
	disk = (struct scsi_disk){.volume = &volume.volume, .transfer_max = STORVSP_TRANSFER_MAX};
	waits = 0;
	vm = rig_start();
	assert_int_equal(vm_vmbus_offer_disks(vm, &(struct scsi_target){0}, &text), ERR_NONE);
	assert_int_equal(vm->vmbus->server.channel[DISKS - 1].state, VMBUS_CHANNEL_FREE);
	assert_int_equal(vm_vmbus_offer_disks(vm, &target, &text), ERR_NONE);
	assert_int_equal(vm->vmbus->disks.subchannel_max, 1);
	connect();
	ask_for_offers();
	open(DISKS);
	storvsc(HV_STORVSC_BEGIN_INITIALIZATION, &packet, 1);
	storvsc(HV_STORVSC_QUERY_VERSION, &packet, 2);
	storvsc(HV_STORVSC_END_INITIALIZATION, &packet, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ring_read(&from_host, packet_memory, sizeof(packet_memory), &reply), RING_OK);
	packet = (struct hv_storvsc_packet){.srb = {.cdb_size = 10, .direction = HV_SRB_NO_DATA, .cdb[0] = 0x35}};
	packet.srb.length = 0x34;
	storvsc(HV_STORVSC_EXECUTE_SRB, &packet, 4);
	storvsc(HV_STORVSC_EXECUTE_SRB, &packet, 5);
	assert_int_equal(volume.queued, 2);
	fake.on_wait = complete_one;
	assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
	assert_int_equal(vm->state, VM_STOPPED);
	assert_int_equal(waits, 2);
	assert_null(vm->vmbus);
}

static void disks_without_vmbus_are_an_error(void **state) {
	struct scsi_target target = {.lun[0] = &disk};
	struct err_text text;

	(void)state;
	rig_box("{\"name\":\"box\",\"memory\":\"16M\",\"boot\":{\"kernel\":\"image\"},\"devices\":{\"vmbus\":false}}");
	vm = rig_start();
	assert_int_equal(vm_vmbus_offer_disks(vm, &target, &text), ERR_STATE);
	assert_string_equal(text.text, "the VM has disks and no VMBus to reach them by");
}

/* A turn later is a bit in the event page of whoever took the turn. */
static void a_device_that_wants_another_turn_gets_one(void **state) {
	struct ring_send send = {.type = VMBUS_PACKET_INBAND, .payload = packet_memory, .payload_size = 8};
	unsigned sent = 0;

	(void)state;
	bring_up(HEARTBEAT, 3);
	while (ring_write(&to_host, &send) == RING_OK)
		sent++;
	(void)ring_publish(&to_host);
	assert_true(sent > 64);
	signal_host(HEARTBEAT);
	assert_int_equal(vm->vmbus->services.heartbeat.ic.ignored, 64);
	assert_int_not_equal(fake.events.port_words[0], 0);
	for (unsigned i = 0; i < 10; i++)
		take_ports();
	assert_int_equal(vm->vmbus->services.heartbeat.ic.ignored, sent);
	assert_int_equal(fake.events.port_words[0], 0);
}

#define T(name) cmocka_unit_test_setup(name, rig_set_up)

int main(void) {
	const struct CMUnitTest tests[] = {
	    T(a_vm_is_connected_before_it_runs),
	    T(a_guest_connects_and_hears_of_every_service),
	    T(what_finds_no_room_goes_when_there_is_some),
	    T(a_guest_that_does_not_listen_is_told_to_post_again),
	    T(messages_that_are_none_of_vmbus_do_nothing),
	    T(a_vm_without_vmbus_has_none),
	    T(the_guests_clock_is_set_as_soon_as_it_listens),
	    T(after_a_pause_it_is_set_again),
	    T(the_heart_is_heard_every_two_seconds),
	    T(a_guest_is_asked_to_shut_down),
	    T(what_a_guest_says_of_itself_is_kept_and_harmless),
	    T(a_signal_for_nobody_does_no_harm),
	    T(the_next_guest_in_its_place_is_a_new_one),
	    T(a_connection_that_the_kernel_refuses_refuses_the_channel),
	    T(a_vm_that_ends_with_channels_open_closes_them),
	    T(a_vm_ends_when_its_disks_have_let_go),
	    T(disks_without_vmbus_are_an_error),
	    T(a_device_that_wants_another_turn_gets_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
