/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A 24-pin I/O APIC as a register model: redirection entries, remote IRR and
 * which message each pin owes. It does not deliver: after every call that may
 * change something, the caller takes the messages until none is left.
 * Follows the Intel 82093AA data sheet, with version 0x20's EOI register.
 * Pure: no locks; the caller serializes calls on one I/O APIC.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define IOAPIC_PIN_COUNT 24u
#define IOAPIC_GPA       0xfec00000ull
#define IOAPIC_SIZE      0x1000ull

/* Delivery modes of a message, the redirection entry's own encoding. */
enum ioapic_delivery {
	IOAPIC_FIXED = 0,
	IOAPIC_LOWEST_PRIORITY = 1,
	IOAPIC_SMI = 2,
	IOAPIC_NMI = 4,
	IOAPIC_INIT = 5,
	IOAPIC_EXTINT = 7,
};

struct ioapic_message {
	enum ioapic_delivery delivery;
	uint8_t vector;
	uint8_t destination; /* APIC id, or the logical destination */
	bool is_logical;
	bool is_level;
};

struct ioapic {
	uint8_t id;                             /* bits 27:24 of the id register */
	uint8_t selected;                       /* IOREGSEL */
	uint32_t pin_levels;                    /* electrical level of each pin */
	uint32_t edges;                         /* pins whose edge was not taken yet */
	uint64_t redirection[IOAPIC_PIN_COUNT]; /* with remote IRR (bit 14) */
	bool is_quiet;                          /* nothing changed since no pin owed a message */
};

void ioapic_reset(struct ioapic *ioapic);

/* offset: bytes from the I/O APIC's base. Registers are 32 bits wide; a read
 * inside one gives its bytes from there on, unknown registers read 0. */
uint32_t ioapic_read(const struct ioapic *ioapic, uint64_t offset);

/* A narrower write is passed zero-extended; writes inside a register and to
 * unknown registers are ignored. Take the messages afterwards. */
void ioapic_write(struct ioapic *ioapic, uint64_t offset, uint32_t value);

/* Electrical level of a pin (polarity is the entry's business); pins from
 * IOAPIC_PIN_COUNT on are ignored. Take the messages afterwards. */
void ioapic_set_pin(struct ioapic *ioapic, unsigned pin, bool level);

/* The next message owed, lowest pin first, counted as accepted by the local
 * APIC (remote IRR is set where the trigger is level). False: none. */
bool ioapic_take_message(struct ioapic *ioapic, struct ioapic_message *message);

/* A local APIC ended a level-triggered interrupt with this vector (broadcast).
 * Take the messages afterwards: a pin that is still asserted fires again. */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);

#define IOAPIC_STATE_VERSION 1u
struct ioapic_state {
	uint32_t version;
	uint8_t id;
	uint8_t selected;
	uint8_t reserved[2];
	uint32_t pin_levels;
	uint32_t edges;
	uint64_t redirection[IOAPIC_PIN_COUNT];
};
_Static_assert(sizeof(struct ioapic_state) == 208, "ioapic_state");

void ioapic_save(const struct ioapic *ioapic, struct ioapic_state *state);

/* False, and *ioapic is unchanged, if the state's version is unknown or a field
 * holds what no I/O APIC can hold. */
bool ioapic_load(struct ioapic *ioapic, const struct ioapic_state *state);
