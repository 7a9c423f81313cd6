/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which message each pin of the I/O APIC owes, and what the registers show.
 * An edge is remembered until it is taken, but only if the pin was unmasked when
 * it came; a level is sent when the pin is asserted, unmasked, and its last
 * message has been ended. Follows the Intel 82093AA data sheet, section 3.2.
 */
#include "ioapic.h"

#include <string.h>

enum {
	OFFSET_SELECT = 0x00,
	OFFSET_WINDOW = 0x10,
	OFFSET_EOI = 0x40,

	INDEX_ID = 0x00,
	INDEX_VERSION = 0x01,
	INDEX_ARBITRATION = 0x02,
	INDEX_REDIRECTION = 0x10,

	/* 0x20 has the EOI register; bits 23:16 hold the last pin's number. */
	VERSION = 0x20 | (IOAPIC_PIN_COUNT - 1) << 16,
};

#define ENTRY_VECTOR            0xffull
#define ENTRY_DELIVERY_SHIFT    8
#define ENTRY_DELIVERY          0x7ull
#define ENTRY_LOGICAL           (1ull << 11)
#define ENTRY_SEND_PENDING      (1ull << 12)
#define ENTRY_ACTIVE_LOW        (1ull << 13)
#define ENTRY_REMOTE_IRR        (1ull << 14)
#define ENTRY_LEVEL             (1ull << 15)
#define ENTRY_MASKED            (1ull << 16)
#define ENTRY_LOW_HALF          0xffffffffull
#define ENTRY_LOW_WRITABLE      0x1afffull
#define ENTRY_HIGH_WRITABLE     0xff00000000000000ull
#define ENTRY_DESTINATION_SHIFT 56

void ioapic_reset(struct ioapic *ioapic) {
	*ioapic = (struct ioapic){0};
	for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++)
		ioapic->redirection[pin] = ENTRY_MASKED;
}

static enum ioapic_delivery delivery_of(uint64_t entry) {
	return (enum ioapic_delivery)((entry >> ENTRY_DELIVERY_SHIFT) & ENTRY_DELIVERY);
}

/* NMI, SMI, INIT and ExtINT are edges whatever the trigger bit says: nobody
 * would end them [82093AA 3.2.4 "IOREDTBL", Delivery Mode]. */
static bool is_level(uint64_t entry) {
	enum ioapic_delivery delivery = delivery_of(entry);

	return (entry & ENTRY_LEVEL) && (delivery == IOAPIC_FIXED || delivery == IOAPIC_LOWEST_PRIORITY);
}

/* 3 and 6 are reserved: such an entry sends nothing. */
static bool is_delivery_known(uint64_t entry) {
	switch (delivery_of(entry)) {
	case IOAPIC_FIXED:
	case IOAPIC_LOWEST_PRIORITY:
	case IOAPIC_SMI:
	case IOAPIC_NMI:
	case IOAPIC_INIT:
	case IOAPIC_EXTINT:
		return true;
	}
	return false;
}

static bool is_asserted(const struct ioapic *ioapic, unsigned pin) {
	bool level = ioapic->pin_levels >> pin & 1;
	bool is_active_low = ioapic->redirection[pin] & ENTRY_ACTIVE_LOW;

	return level != is_active_low;
}

static bool owes_message(const struct ioapic *ioapic, unsigned pin) {
	uint64_t entry = ioapic->redirection[pin];

	if ((entry & ENTRY_MASKED) || !is_delivery_known(entry))
		return false;
	if (is_level(entry))
		return is_asserted(ioapic, pin) && !(entry & ENTRY_REMOTE_IRR);
	return ioapic->edges >> pin & 1;
}

void ioapic_set_pin(struct ioapic *ioapic, unsigned pin, bool level) {
	bool was_asserted;
	uint64_t entry;

	if (pin >= IOAPIC_PIN_COUNT || (ioapic->pin_levels >> pin & 1) == level)
		return;
	ioapic->is_quiet = false;
	entry = ioapic->redirection[pin];
	was_asserted = is_asserted(ioapic, pin);
	ioapic->pin_levels &= ~(1u << pin);
	ioapic->pin_levels |= (uint32_t)level << pin;
	if (!was_asserted && is_asserted(ioapic, pin) && !is_level(entry) && !(entry & ENTRY_MASKED))
		ioapic->edges |= 1u << pin;
}

bool ioapic_take_message(struct ioapic *ioapic, struct ioapic_message *message) {
	for (unsigned pin = 0; !ioapic->is_quiet && pin < IOAPIC_PIN_COUNT; pin++) {
		uint64_t entry = ioapic->redirection[pin];

		if (!owes_message(ioapic, pin))
			continue;
		if (is_level(entry))
			ioapic->redirection[pin] |= ENTRY_REMOTE_IRR;
		else
			ioapic->edges &= ~(1u << pin);
		*message = (struct ioapic_message){
		    .delivery = delivery_of(entry),
		    .vector = (uint8_t)(entry & ENTRY_VECTOR),
		    .destination = (uint8_t)(entry >> ENTRY_DESTINATION_SHIFT),
		    .is_logical = entry & ENTRY_LOGICAL,
		    .is_level = is_level(entry),
		};
		return true;
	}
	ioapic->is_quiet = true;
	return false;
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector) {
	ioapic->is_quiet = false;
	for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
		uint64_t entry = ioapic->redirection[pin];

		if (is_level(entry) && (entry & ENTRY_VECTOR) == vector)
			ioapic->redirection[pin] &= ~ENTRY_REMOTE_IRR;
	}
}

static void write_entry(struct ioapic *ioapic, unsigned pin, bool is_high, uint32_t value) {
	uint64_t entry = ioapic->redirection[pin];

	if (is_high) {
		entry &= ENTRY_LOW_HALF;
		entry |= (uint64_t)value << 32 & ENTRY_HIGH_WRITABLE;
	} else {
		entry &= ~ENTRY_LOW_WRITABLE;
		entry |= value & ENTRY_LOW_WRITABLE;
	}
	/* Linux ends a level interrupt without an EOI register by a turn to edge
	 * and back: an edge entry has no remote IRR. */
	if (!is_level(entry))
		entry &= ~ENTRY_REMOTE_IRR;
	else
		ioapic->edges &= ~(1u << pin);
	ioapic->redirection[pin] = entry;
	ioapic->is_quiet = false;
}

static uint32_t read_window(const struct ioapic *ioapic) {
	unsigned index = ioapic->selected;
	unsigned pin = (index - INDEX_REDIRECTION) / 2;
	uint64_t entry;

	switch (index) {
	case INDEX_ID:
	case INDEX_ARBITRATION:
		return (uint32_t)ioapic->id << 24;
	case INDEX_VERSION:
		return VERSION;
	default:
		break;
	}
	if (index < INDEX_REDIRECTION || pin >= IOAPIC_PIN_COUNT)
		return 0;
	entry = ioapic->redirection[pin];
	if (owes_message(ioapic, pin))
		entry |= ENTRY_SEND_PENDING;
	return (uint32_t)(index % 2 ? entry >> 32 : entry);
}

static void write_window(struct ioapic *ioapic, uint32_t value) {
	unsigned index = ioapic->selected;
	unsigned pin = (index - INDEX_REDIRECTION) / 2;

	if (index == INDEX_ID)
		ioapic->id = value >> 24 & 0xf;
	if (index >= INDEX_REDIRECTION && pin < IOAPIC_PIN_COUNT)
		write_entry(ioapic, pin, index % 2, value);
}

uint32_t ioapic_read(const struct ioapic *ioapic, uint64_t offset) {
	unsigned shift = (unsigned)(offset & 3) * 8;

	switch (offset & ~3ull) {
	case OFFSET_SELECT:
		return (uint32_t)ioapic->selected >> shift;
	case OFFSET_WINDOW:
		return read_window(ioapic) >> shift;
	default:
		return 0;
	}
}

void ioapic_write(struct ioapic *ioapic, uint64_t offset, uint32_t value) {
	switch (offset) {
	case OFFSET_SELECT:
		ioapic->selected = (uint8_t)value;
		break;
	case OFFSET_WINDOW:
		write_window(ioapic, value);
		break;
	case OFFSET_EOI:
		ioapic_eoi(ioapic, (uint8_t)value);
		break;
	default:
		break;
	}
}

void ioapic_save(const struct ioapic *ioapic, struct ioapic_state *state) {
	*state = (struct ioapic_state){
	    .version = IOAPIC_STATE_VERSION,
	    .id = ioapic->id,
	    .selected = ioapic->selected,
	    .pin_levels = ioapic->pin_levels,
	    .edges = ioapic->edges,
	};
	memcpy(state->redirection, ioapic->redirection, sizeof(state->redirection));
}

static bool is_state_valid(const struct ioapic_state *state) {
	const uint64_t storable = ENTRY_LOW_WRITABLE | ENTRY_HIGH_WRITABLE | ENTRY_REMOTE_IRR;

	if (state->version != IOAPIC_STATE_VERSION || state->id > 0xf || state->reserved[0] || state->reserved[1])
		return false;
	if (state->pin_levels >> IOAPIC_PIN_COUNT || state->edges >> IOAPIC_PIN_COUNT)
		return false;
	for (unsigned pin = 0; pin < IOAPIC_PIN_COUNT; pin++) {
		uint64_t entry = state->redirection[pin];
		bool has_edge = state->edges >> pin & 1;

		if (entry & ~storable)
			return false;
		if (is_level(entry) ? has_edge : (entry & ENTRY_REMOTE_IRR) != 0)
			return false;
	}
	return true;
}

bool ioapic_load(struct ioapic *ioapic, const struct ioapic_state *state) {
	if (!is_state_valid(state))
		return false;
	*ioapic = (struct ioapic){
	    .id = state->id,
	    .selected = state->selected,
	    .pin_levels = state->pin_levels,
	    .edges = state->edges,
	};
	memcpy(ioapic->redirection, state->redirection, sizeof(ioapic->redirection));
	return true;
}
