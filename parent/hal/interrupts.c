/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "hal/interrupts.h"
#include <stdbool.h>
#include <string.h>
#include "runtime/hypercall.h"
#include "runtime/log.h"
#include "runtime/spinlock.h"

#define WORDS (HV_MAX_DEVICE_INTERRUPTS / 64)

/* Written under `lock`, read without: a handler is complete before it is linked. */
static struct {
	struct interrupt_handler *first;
	uint32_t gsi;
	bool is_pin;
} table[HV_MAX_DEVICE_INTERRUPTS];
static uint64_t mapped[WORDS];
static struct spinlock lock;

static void attach(uint32_t n, struct interrupt_handler *h) {
	h->next = table[n].first;
	__atomic_store_n(&table[n].first, h, __ATOMIC_RELEASE);
	__atomic_fetch_or(&mapped[n / 64], 1ull << n % 64, __ATOMIC_RELEASE);
}

static enum err map(const struct hv_map_device_interrupt_in *in, struct interrupt_handler *h,
                    struct hv_map_device_interrupt_out *out) {
	enum hv_status status = hypercall_map_device_interrupt(in, out);

	if (status != HV_STATUS_SUCCESS || out->interrupt >= HV_MAX_DEVICE_INTERRUPTS) {
		log_warning("no device interrupt: %s", hypercall_status_text(status));
		return ERR_HYPERCALL;
	}
	table[out->interrupt].is_pin = in->source == HV_DEVICE_INTERRUPT_PIN;
	table[out->interrupt].gsi = in->gsi;
	attach(out->interrupt, h);
	return ERR_NONE;
}

static void unmask(uint32_t n) {
	enum hv_status status = hypercall_unmask_device_interrupt(n);

	if (status != HV_STATUS_SUCCESS)
		log_error("unmasking device interrupt %u failed: %s", n, hypercall_status_text(status));
}

enum err interrupts_map_message(uint32_t vp_index, struct interrupt_handler *h, struct interrupt_message *message) {
	struct hv_map_device_interrupt_in in = {.source = HV_DEVICE_INTERRUPT_MSI, .target_vp = vp_index};
	struct hv_map_device_interrupt_out out = {0};
	enum err error;

	spinlock_acquire(&lock);
	error = map(&in, h, &out);
	spinlock_release(&lock);
	*message = (struct interrupt_message){out.msi_address, out.msi_data};
	return error;
}

enum err interrupts_map_pin(uint32_t gsi, uint32_t vp_index, struct interrupt_handler *h) {
	struct hv_map_device_interrupt_in in = {.source = HV_DEVICE_INTERRUPT_PIN,
	                                        .gsi = gsi,
	                                        .flags = HV_DEVICE_INTERRUPT_LEVEL | HV_DEVICE_INTERRUPT_ACTIVE_LOW,
	                                        .target_vp = vp_index};
	struct hv_map_device_interrupt_out out = {0};
	enum err error = ERR_NONE;
	uint32_t n = 0;

	spinlock_acquire(&lock);
	while (n < HV_MAX_DEVICE_INTERRUPTS && !(table[n].is_pin && table[n].gsi == gsi))
		n++;
	if (n < HV_MAX_DEVICE_INTERRUPTS) {
		attach(n, h);
	} else {
		error = map(&in, h, &out);
		n = out.interrupt;
	}
	spinlock_release(&lock);
	if (error == ERR_NONE)
		unmask(n);
	return error;
}

static void serve(uint32_t n) {
	struct interrupt_handler *h = __atomic_load_n(&table[n].first, __ATOMIC_ACQUIRE);

	for (; h != NULL; h = h->next)
		h->serve(h);
	if (table[n].is_pin)
		unmask(n);
}

void interrupts_serve(struct hv_event_page *page) {
	for (uint32_t w = 0; w < WORDS; w++) {
		uint64_t mine = __atomic_load_n(&mapped[w], __ATOMIC_ACQUIRE), bits;

		if (!(__atomic_load_n(&page->device[w], __ATOMIC_RELAXED) & mine))
			continue;
		bits = __atomic_fetch_and(&page->device[w], ~mine, __ATOMIC_SEQ_CST) & mine;
		for (; bits != 0; bits &= bits - 1)
			serve(w * 64 + (uint32_t)__builtin_ctzll(bits));
	}
}

void interrupts_reset(void) {
	memset(table, 0, sizeof(table));
	memset(mapped, 0, sizeof(mapped));
}
