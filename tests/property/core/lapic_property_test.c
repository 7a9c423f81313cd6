/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The local APIC against a naive model: seeded random operations on both, and
 * after each step everything that can be asked is compared. The naive model
 * keeps an array element per vector and searches it from the top; it has no
 * reserved bits and no timer arithmetic. usage: [seed]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/lapic_model.h"

#define ROUNDS 200
#define STEPS  500

struct naive {
	bool irr[256];
	bool isr[256];
	bool tmr[256];
	unsigned tpr;
	unsigned error_entry;
	bool is_enabled;
	unsigned errors;
};

static uint64_t seed;
static uint64_t random_state;

static uint64_t random_u64(void) {
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int highest(const bool *bits) {
	int vector = 255;

	while (vector >= 0 && !bits[vector])
		vector--;
	return vector;
}

static unsigned naive_priority(const struct naive *n) {
	int in_service = highest(n->isr);
	unsigned class = in_service < 0 ? 0 : (unsigned)in_service / 16;

	return n->tpr / 16 >= class ? n->tpr : class * 16;
}

static int naive_pending(const struct naive *n) {
	int vector = highest(n->irr);

	return vector >= 0 && (unsigned)vector / 16 > naive_priority(n) / 16 ? vector : -1;
}

static void naive_error(struct naive *n, unsigned error) {
	n->errors |= error;
	if (!n->is_enabled || n->error_entry & 0x10000)
		return;
	if ((n->error_entry & 0xff) < 16) {
		n->errors |= 0x40;
		return;
	}
	n->irr[n->error_entry & 0xff] = true;
	n->tmr[n->error_entry & 0xff] = false;
}

static bool naive_accept(struct naive *n, unsigned vector, bool is_level) {
	if (!n->is_enabled)
		return false;
	if (vector < 16) {
		naive_error(n, 0x40);
		return false;
	}
	n->irr[vector] = true;
	n->tmr[vector] = is_level;
	return true;
}

static bool naive_may_skip_eoi(const struct naive *n) {
	unsigned in_service = 0;

	for (unsigned i = 0; i < 256; i++) {
		if (n->irr[i])
			return false;
		in_service += n->isr[i];
	}
	return in_service == 1 && !n->tmr[highest(n->isr)];
}

static void compare(struct lapic *l, const struct naive *n) {
	for (unsigned i = 0; i < 256; i++) {
		uint64_t value;

		assert_true(lapic_read(l, LAPIC_MODE_X2APIC, LAPIC_IRR + i / 32, 0, &value));
		assert_int_equal(value >> i % 32 & 1, n->irr[i]);
		assert_true(lapic_read(l, LAPIC_MODE_X2APIC, LAPIC_ISR + i / 32, 0, &value));
		assert_int_equal(value >> i % 32 & 1, n->isr[i]);
		assert_true(lapic_read(l, LAPIC_MODE_X2APIC, LAPIC_TMR + i / 32, 0, &value));
		assert_int_equal(value >> i % 32 & 1, n->tmr[i]);
	}
	assert_int_equal(lapic_pending(l), naive_pending(n));
	assert_int_equal(lapic_highest(l, LAPIC_IRR), highest(n->irr));
	assert_int_equal(lapic_priority(l), naive_priority(n));
	assert_int_equal(lapic_may_skip_eoi(l), naive_may_skip_eoi(n));
	assert_int_equal(l->esr_pending, n->errors);
}

static void write_register(struct lapic *l, uint32_t reg, uint64_t value, struct lapic_action *action) {
	assert_true(lapic_write(l, LAPIC_MODE_X2APIC, reg, value, 0, action));
}

static void end_interrupt(struct lapic *l, struct naive *n) {
	struct lapic_action action;
	int vector = highest(n->isr);

	write_register(l, LAPIC_EOI, 0, &action);
	assert_int_equal(action.kind, vector < 0 ? LAPIC_ACTION_NONE : LAPIC_ACTION_EOI);
	if (vector < 0)
		return;
	assert_int_equal(action.vector, vector);
	assert_int_equal(action.was_level, n->tmr[vector]);
	n->isr[vector] = false;
}

static void deliver(struct lapic *l, struct naive *n) {
	int vector = naive_pending(n);

	if (vector < 0)
		return;
	lapic_acknowledge(l, (uint8_t)vector);
	n->irr[vector] = false;
	n->isr[vector] = true;
}

static void save_and_load(struct lapic *l) {
	struct lapic saved = *l;
	struct lapic loaded;

	lapic_init(&loaded, l->reg[LAPIC_ID], false);
	assert_int_equal(lapic_load(&loaded, &saved), HV_STATUS_SUCCESS);
	*l = loaded;
}

static void step(struct lapic *l, struct naive *n) {
	uint64_t r = random_u64();
	unsigned vector = r >> 8 & 0xff;
	bool flag = r >> 16 & 1;
	struct lapic_action action;

	switch (r % 16) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		assert_int_equal(lapic_accept(l, (uint8_t)vector, flag), naive_accept(n, vector, flag));
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		deliver(l, n);
		break;
	case 9:
	case 10:
	case 11:
		end_interrupt(l, n);
		break;
	case 12:
		write_register(l, LAPIC_TPR, vector, &action);
		n->tpr = vector;
		break;
	case 13:
		n->error_entry = flag && n->is_enabled ? vector : vector | 0x10000;
		write_register(l, LAPIC_LVT_ERROR, n->error_entry, &action);
		break;
	case 14:
		n->is_enabled = flag || r >> 17 & 1;
		if (!n->is_enabled)
			n->error_entry |= 0x10000;
		write_register(l, LAPIC_SVR, n->is_enabled ? 0x1ff : 0xff, &action);
		break;
	default:
		save_and_load(l);
		break;
	}
}

static void the_apic_agrees_with_the_naive_one(void **state) {
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct lapic l;
		struct naive n = {.error_entry = 0x10000};

		lapic_init(&l, 1, false);
		assert_true(lapic_write_base(&l, 0xfee00c00));
		for (unsigned i = 0; i < STEPS; i++) {
			step(&l, &n);
			compare(&l, &n);
		}
	}
}

/* Any access at any time: no sanitizer report, no vector below 16 pending, what
 * is pending is what IRR and the priorities say, and the state can be saved. */
static void wild_accesses_leave_a_legal_state(void **state) {
	struct lapic l;
	uint64_t now = 0;

	(void)state;
	lapic_init(&l, 2, false);
	for (unsigned i = 0; i < ROUNDS * STEPS; i++) {
		uint64_t r = random_u64();
		uint64_t value = random_u64() >> (random_u64() % 64);
		uint32_t reg = r >> 8 & 0x7f;
		struct lapic_action action;
		uint64_t read;

		now += r >> 60 == 0 ? r >> 20 : r >> 50;
		if (r % 64 == 0)
			(void)lapic_write_base(&l, LAPIC_BASE_ADDRESS | (value & 0xc00));
		else if (r % 64 == 1)
			lapic_reset(&l);
		else if (r % 4 == 0)
			(void)lapic_write(&l, LAPIC_MODE_X2APIC, reg, value, now, &action);
		else if (r % 4 == 1)
			(void)lapic_write(&l, LAPIC_MODE_XAPIC, reg, (uint32_t)value, now, &action);
		else if (r % 4 == 2)
			(void)lapic_read(&l, LAPIC_MODE_X2APIC, reg, now, &read);
		else
			(void)lapic_read(&l, LAPIC_MODE_XAPIC, reg, now, &read);
		(void)lapic_accept(&l, (uint8_t)(r >> 32), r >> 40 & 1);
		(void)lapic_timer_expire(&l, now);
		assert_true(lapic_timer_deadline(&l) > now);
		if (lapic_pending(&l) >= 0 && r >> 41 & 1)
			lapic_acknowledge(&l, (uint8_t)lapic_pending(&l));
		assert_int_equal((l.reg[LAPIC_IRR] | l.reg[LAPIC_ISR] | l.reg[LAPIC_TMR]) & 0xffff, 0);
		save_and_load(&l);
	}
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_apic_agrees_with_the_naive_one),
	    cmocka_unit_test(wild_accesses_leave_a_legal_state),
	};
	int failed;

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
	random_state = seed | 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed != 0)
		printf("seed %llu\n", (unsigned long long)seed);
	return failed;
}
