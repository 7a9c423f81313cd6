/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Any SATA controller and disk: what they say of themselves, what their registers say, and
 * which commands end, fail or only pretend. A head of 16 bytes describes them; then each
 * four are a deed. Requests end exactly once, at the latest when it is pulled.
 */
#include <stdlib.h>
#include <string.h>
#include "fake/ahci_host.h"

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
	ahci_host_reset();
	fake_ahci_set_queue(&ahci, 1 + head[0] % 32);
	ahci.capabilities ^= (uint32_t)head[1] << 24 | (uint32_t)head[2] << 8;
	ahci.capabilities2 = head[3] & 1;
	ahci.firmware = head[3] >> 1 & 0x1f;
	ahci.firmware_looks = (head[3] & 0x40 ? 16u : 0u) + (head[3] >> 7);
	for (unsigned i = 4; i < 14; i += 2)
		ahci.identity[2 * (i < 8 ? 75 : 100) + head[i] % 40] ^= head[i + 1];
	ahci.signature ^= head[14] & 0xf0 ? 0 : head[14];
	ahci.is_busy = head[15] == 0xfe;
	ahci.fails = head[15] == 0xfd;
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
	fake.vp_index = how % 3; /* the last is the management VP */
	volume_submit(&disk->volume, &request[i]);
}

/* Registers that say anything, for one look or until they say something else. */
static void lie(const uint8_t *more) {
	ahci.has_lied = true;
	switch (more[0] % 8) {
	case 0:
		ahci.lie_ci = word(more) >> (more[1] & 31);
		break;
	case 1:
		ahci.lie_sact = word(more) >> (more[1] & 31);
		break;
	case 2:
		ahci.lie_error = 1u << (more[1] & 31);
		break;
	case 3:
		ahci.tfd = more[1];
		break;
	case 4:
		ahci.log_says = more[1];
		break;
	case 5:
		ahci.log_fails = more[1] & 1;
		ahci.log_is_damaged = more[1] & 2;
		break;
	case 6:
		ahci.is_busy = more[1] & 1;
		break;
	default:
		ahci.lie_ci = ahci.lie_sact = ahci.lie_error = 0;
		break;
	}
}

static void act(struct disk *disk, uint8_t what, const uint8_t *more) {
	uint32_t waiting = fake_ahci_waiting(&ahci);

	fake.log[0] = '\0';
	if (what < 100)
		submit(disk, what, more[0]);
	else if (what < 130)
		ahci_host_serve();
	else if (what < 190 && waiting >> (more[0] & 31) & 1 && ahci.cmd & AHCI_CMD_ST &&
	         fake_pci_is_master(ahci.function)) {
		ahci.fails = more[1] > 200;
		fake_ahci_complete_slot(&ahci, more[0] & 31);
	} else if (what < 210)
		fake_ahci_pretend(&ahci, word(more));
	else if (what < 240)
		lie(more);
	else if (what < 242)
		ahci.is_unplugged = more[0] & 1;
	else if (what < 243)
		ahci.never_stops = more[0] & 1;
	else
		ahci_host_pass(more[0] % 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	uint8_t more[4] = {0};
	struct disk *disk;

	if (size < HEAD)
		return 0;
	describe(data);
	memset(is_busy, 0, sizeof(is_busy));
	disk = ahci_host_start();
	ahci.keeps_commands = true;
	for (size_t at = HEAD; disk != NULL && at < size && at < HEAD + 500; at += 4) {
		memcpy(more, data + at + 1, size - at - 1 < 3 ? size - at - 1 : 3);
		act(disk, data[at], more);
	}
	fake.log[0] = '\0';
	ahci.function->is_gone = true;
	ahci_host_pass(1);
	ahci_host_serve();
	for (unsigned i = 0; i < REQUESTS; i++)
		require(!is_busy[i]);
	ahci_host_end();
	require(fake.memory_taken == 0);
	return 0;
}
