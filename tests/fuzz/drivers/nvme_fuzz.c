/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any controller: what its registers and structures say, and which completions come. A
 * head of 16 bytes is the registers and what is changed in the structures; then each
 * byte is a deed. Requests end exactly once, at the latest when it is pulled.
 */
#include <stdlib.h>
#include <string.h>
#include "fake/nvme_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD     16u
#define REQUESTS 32u

static struct volume_request request[REQUESTS];
static bool is_busy[REQUESTS];
static _Alignas(4096) uint8_t memory[1 << 20];
static struct volume_segment segment = {memory + 4, sizeof(memory) - 4};

static void require(bool holds) {
	if (!holds)
		abort();
}

static void done(struct volume_request *r, enum volume_result result) {
	unsigned i = (unsigned)(r - request);

	(void)result;
	require(is_busy[i]);
	is_busy[i] = false;
}

static uint32_t word(const uint8_t *at) {
	uint32_t value;

	memcpy(&value, at, 4);
	return value;
}

static void describe(const uint8_t *head) {
	nvme_host_reset();
	nvme.cap_low ^= word(head);
	nvme.cap_high ^= head[4];
	nvme.version ^= (uint32_t)head[5] << 8;
	nvme.controller_data[512 + head[6] % 32] ^= head[7];
	nvme.controller_data[head[8]] ^= head[9];
	nvme.namespace_data[head[10]] ^= head[11];
	nvme.list[head[12] % 4] ^= head[13];
	nvme.queues_granted = 1 + head[14] % 8;
	nvme.silent_admin = head[15] & 0x80 ? head[15] & 0xf : 0;
	nvme.fails_admin = head[15] & 0x40 ? head[15] & 0xf : 0;
	nvme.keeps_commands = true;
}

static void submit(struct disk *disk, uint8_t what, uint8_t how) {
	unsigned i = how % REQUESTS;

	if (is_busy[i])
		return;
	request[i] = (struct volume_request){
	    .operation = (enum volume_operation)(what % 5),
	    .is_durable = how & 0x80,
	    .block = how,
	    .count = 1 + what % 200,
	    .segment = &segment,
	    .segment_count = 1,
	    .done = done,
	};
	is_busy[i] = true;
	fake.vp_index = how % 3;
	volume_submit(&disk->volume, &request[i]);
}

/* A completion of any command; if the controller has it, it is not done any more. */
static void post(unsigned queue, const uint8_t *at) {
	uint16_t id = (uint16_t)word(at);

	for (unsigned i = 0; i < nvme.pending_count; i++)
		if (nvme.pending[i].queue == queue && nvme.pending[i].command.opcode >> 16 == id)
			nvme.pending[i] = nvme.pending[--nvme.pending_count];
	fake_nvme_post(&nvme, queue, id, (uint16_t)(at[2] << 1), word(at));
}

static void act(struct disk *disk, uint8_t what, const uint8_t *more) {
	fake.log[0] = '\0';
	fake.now += more[2] * 100;
	if (what < 100)
		submit(disk, what, more[0]);
	else if (what < 140)
		nvme_host_serve();
	else if (what < 180 && nvme.pending_count > 0)
		fake_nvme_complete(&nvme, more[0] % nvme.pending_count);
	else if (what < 220)
		post(what % 4, more);
	else if (what < 225)
		nvme.is_fatal = true;
	else if (what < 230)
		nvme.status = (uint16_t)(word(more) & 0xfffe);
	else if (what < 235)
		nvme.silent_admin = more[0] & 0xf;
	else if (what < 240)
		nvme.queue[what % 4].phase ^= 1;
	else if (what < 245)
		nvme.is_silent = more[0] & 1;
	else
		nvme_host_pass(more[0] % 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	uint8_t more[4] = {0};
	struct disk *disk;

	if (size < HEAD)
		return 0;
	describe(data);
	memset(is_busy, 0, sizeof(is_busy));
	disk = nvme_host_start(2);
	for (size_t at = HEAD; disk != NULL && at < size && at < HEAD + 500; at += 4) {
		memcpy(more, data + at + 1, size - at - 1 < 3 ? size - at - 1 : 3);
		act(disk, data[at], more);
	}
	fake.log[0] = '\0';
	nvme.function->is_gone = true;
	nvme_host_pass(1);
	nvme_host_serve();
	for (unsigned i = 0; i < REQUESTS; i++)
		require(!is_busy[i]);
	nvme_host_end();
	require(fake.memory_taken == 0);
	return 0;
}
