/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "drivers/nvme.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "drivers/disks.h"
#include "drivers/nvme_internal.h"
#include "runtime/log.h"
#include "runtime/memory.h"
#include "runtime/time.h"

#define PAGE_SIZE       4096u
#define REGISTERS_SIZE  (NVME_DOORBELLS + 0x10) /* the admin queue's and one pair more */
#define ADMIN_DEPTH     16u
#define ADMIN_TIME      (2 * (hv_reference_time_t)HV_REFERENCE_TIME_HZ)
#define VERSION_1_1     0x10100u
#define LIST_ENTRIES    (PAGE_SIZE / 4)
#define NAMESPACES_SEEN 1024u /* where there is no list */

enum identify { OF_NAMESPACE = 0, OF_CONTROLLER = 1, OF_LIST = 2 };

static struct nvme *controllers;
static unsigned controller_count;

/* --- Waiting for the controller, as often as it takes. --- */

static enum err wait_ready(struct nvme *n, bool is_ready, struct err_text *text) {
	hv_reference_time_t deadline = time_now() + n->ready_time;

	for (;;) {
		uint32_t status = mmio_read32(&n->registers, NVME_CSTS);

		if (status == NVME_GONE)
			return err_set(text, ERR_DEVICE, "it is gone");
		if (is_ready && status & NVME_CSTS_FATAL)
			return err_set(text, ERR_DEVICE, "it says that it has failed");
		if (!!(status & NVME_CSTS_READY) == is_ready)
			return ERR_NONE;
		if (time_now() >= deadline)
			return err_set(text, ERR_DEVICE, is_ready ? "it does not become ready" : "it does not stop");
		nvme_pause(n);
	}
}

static enum err take_memory(struct nvme *n) {
	n->data = memory_pointer(memory_take(2 * PAGE_SIZE, PAGE_SIZE));
	if (n->data == NULL)
		return ERR_MEMORY;
	memset(n->data, 0, 2 * PAGE_SIZE);
	return nvme_ring_init(&n->admin, &n->registers, 0, ADMIN_DEPTH, n->stride) ? ERR_NONE : ERR_MEMORY;
}

static enum err bring_up(struct nvme *n, struct err_text *text) {
	enum err error = nvme_read_capabilities(n, text);

	if (error != ERR_NONE)
		return error;
	if (take_memory(n) != ERR_NONE)
		return err_set(text, ERR_MEMORY, "there is no memory for it");
	error = pci_start(n->function, text);
	if (error != ERR_NONE)
		return error;
	nvme_disable(n);
	error = wait_ready(n, false, text);
	if (error != ERR_NONE)
		return error;
	nvme_enable(n);
	return wait_ready(n, true, text);
}

/* The answer is copied once, since the controller could go on writing. */
static enum err identify(struct nvme *n, enum identify what, uint32_t nsid, uint8_t **answer, struct err_text *text) {
	struct nvme_command command = {
	    .opcode = NVME_IDENTIFY, .nsid = nsid, .prp1 = (uint64_t)(uintptr_t)n->data, .dword = {what}};
	enum err error = nvme_admin(n, &command, ADMIN_TIME, NULL, text);

	*answer = n->data + PAGE_SIZE;
	memcpy(*answer, n->data, PAGE_SIZE);
	return error;
}

/* --- Queues. --- */

static unsigned queues_wanted(const struct nvme *n, const struct hv_boot_info *info) {
	uint64_t doorbells = (n->registers.size - NVME_DOORBELLS) / (2ull * n->stride);
	uint64_t most = doorbells - 1; /* one pair is the admin queue's */

	return most < info->io_vp_count ? (unsigned)most : info->io_vp_count;
}

static enum err allocate_queues(struct nvme *n, unsigned count) {
	for (n->queue_count = 0; n->queue_count < count; n->queue_count++) {
		n->queue[n->queue_count] = nvme_queue_new(n, n->queue_count);
		if (n->queue[n->queue_count] == NULL)
			break;
	}
	return n->queue_count > 0 ? ERR_NONE : ERR_MEMORY;
}

static void connect_interrupts(struct nvme *n, const struct hv_boot_info *info) {
	struct interrupt_handler *handlers[NVME_QUEUES_MAX];
	unsigned count;

	for (unsigned i = 0; i < n->queue_count; i++)
		handlers[i] = &n->queue[i]->handler;
	count =
	    pci_connect_interrupts(info, n->function, 0, info->io_vp_count, handlers, n->queue_count, &n->interrupts);
	while (n->queue_count > (count > 0 ? count : 1))
		nvme_queue_free(n->queue[--n->queue_count]);
}

static enum err set_up_queues(struct nvme *n, const struct hv_boot_info *info, struct err_text *text) {
	unsigned granted, wanted;
	enum err error;

	wanted = queues_wanted(n, info);
	error = nvme_ask_queues(n, wanted, ADMIN_TIME, &granted, text);
	if (error != ERR_NONE)
		return error;
	if (allocate_queues(n, granted) != ERR_NONE)
		return err_set(text, ERR_MEMORY, "there is no memory for its queues");
	connect_interrupts(n, info);
	return nvme_create_queues(n, ADMIN_TIME, text);
}

/* --- Namespaces. --- */

static void announce(const struct nvme *n, const struct disk *d) {
	uint64_t mib = d->volume.block_count / ((1u << 20) / d->volume.block_size);

	log_info("%s: %s, %llu MiB, blocks of %u bytes, %u queue%s, interrupts by %s", d->name, d->model,
	         (unsigned long long)mib, d->volume.block_size, n->queue_count, n->queue_count == 1 ? "" : "s",
	         pci_interrupt_text(n->interrupts.kind));
}

/* False: no more of its namespaces are asked for. */
static bool add_namespace(struct nvme *n, uint32_t nsid) {
	struct disk *d = n->disk_count < NVME_DISKS_MAX ? calloc(1, sizeof(*d)) : NULL;
	struct err_text text = {""};
	uint8_t *data;
	enum err error;

	if (d == NULL) {
		log_warning("nvme%u: namespace %u and those behind it are not used: there are too many", n->index,
		            nsid);
		return false;
	}
	d->unit = nsid;
	error = identify(n, OF_NAMESPACE, nsid, &data, &text);
	if (error == ERR_NONE)
		error = nvme_identify_namespace(data, &n->identity, d, &text);
	if (error == ERR_NONE) {
		snprintf(d->name, sizeof(d->name), "nvme%un%u", n->index, nsid);
		d->calls = &nvme_disk_driver;
		d->driver = n;
		n->disk[n->disk_count++] = d;
		return true;
	}
	free(d);
	if (error == ERR_NOT_FOUND)
		return true;
	log_warning("nvme%u: namespace %u is not used: %s", n->index, nsid, text.text);
	/* A controller may say so of any number: the log is not its own. */
	return error != ERR_DEVICE && ++n->refused < NVME_REFUSED_MAX;
}

static void add_listed(struct nvme *n, const uint8_t *list) {
	uint32_t nsid[LIST_ENTRIES], last = 0;

	memcpy(nsid, list, sizeof(nsid));
	for (unsigned i = 0; i < LIST_ENTRIES && nsid[i] > last && nsid[i] <= n->identity.namespaces; i++) {
		last = nsid[i];
		if (!add_namespace(n, last))
			break;
	}
}

static enum err find_namespaces(struct nvme *n, struct err_text *text) {
	uint32_t version = mmio_read32(&n->registers, NVME_VERSION);
	uint8_t *list;

	if (version >= VERSION_1_1) {
		enum err error = identify(n, OF_LIST, 0, &list, text);

		if (error == ERR_NONE)
			add_listed(n, list);
		return error;
	}
	for (uint32_t nsid = 1; nsid <= n->identity.namespaces && nsid <= NAMESPACES_SEEN; nsid++)
		if (!add_namespace(n, nsid))
			break;
	return ERR_NONE;
}

/* --- A controller. --- */

static enum err start(struct nvme *n, const struct hv_boot_info *info, struct err_text *text) {
	uint8_t *data;
	enum err error = bring_up(n, text);

	if (error == ERR_NONE)
		error = identify(n, OF_CONTROLLER, 0, &data, text);
	if (error == ERR_NONE)
		error = nvme_identify_controller(data, &n->identity, text);
	if (error == ERR_NONE)
		error = set_up_queues(n, info, text);
	return error == ERR_NONE ? find_namespaces(n, text) : error;
}

static void go_live(struct nvme *n) {
	n->state = NVME_LIVE;
	for (unsigned i = 0; i < n->queue_count; i++) {
		n->queue[i]->requests.is_stopped = false;
		disks_add_queue(&n->queue[i]->requests);
	}
	for (unsigned i = 0; i < n->disk_count; i++) {
		disks_add_disk(n->disk[i]);
		announce(n, n->disk[i]);
	}
	if (n->disk_count == 0)
		log_info("nvme%u: %s has no namespace that can be used", n->index, n->identity.model);
}

/* Its interrupts may be mapped: then the memory of handlers stays. */
static void stop(struct nvme *n) {
	pci_stop(n->function);
	n->state = NVME_DEAD;
}

void nvme_start(const struct hv_boot_info *info, const struct pci_function *function) {
	struct nvme *n = calloc(1, sizeof(*n));
	struct err_text text = {"there is no memory for it"};
	enum err error = ERR_MEMORY;

	if (n != NULL) {
		n->index = controller_count++;
		n->function = function->address;
		n->next = controllers;
		controllers = n;
		error = pci_map_registers(info, n->function, 0, REGISTERS_SIZE, &n->registers, &text);
	}
	if (error == ERR_NONE && (error = start(n, info, &text)) != ERR_NONE)
		stop(n);
	if (error == ERR_NONE) {
		go_live(n);
		return;
	}
	if (n != NULL)
		n->state = NVME_DEAD;
	log_warning("nvme: the controller %02x:%02x.%u (%04x:%04x) is not used: %s", function->address >> 8,
	            function->address >> 3 & 0x1f, function->address & 7, function->vendor, function->device,
	            text.text);
}

void nvme_poll(hv_reference_time_t now) {
	for (struct nvme *n = controllers; n != NULL; n = n->next)
		nvme_check(n, now);
}

void nvme_forget(void) {
	struct nvme *n, *next;

	for (n = controllers; n != NULL; n = next) {
		next = n->next;
		for (unsigned i = 0; i < n->queue_count; i++)
			nvme_queue_free(n->queue[i]);
		for (unsigned i = 0; i < n->disk_count; i++)
			free(n->disk[i]);
		if (n->admin.depth != 0)
			nvme_ring_destroy(&n->admin);
		if (n->data != NULL)
			memory_give((uint64_t)(uintptr_t)n->data, 2 * PAGE_SIZE);
		free(n);
	}
	controllers = NULL;
	controller_count = 0;
}
