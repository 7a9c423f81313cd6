/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Who answers a guest physical address, and how wide accesses fall apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "devices/mmio_bus.h"

static struct mmio_bus bus;
static char trace[256]; /* "r10.4 w10.4=1234 ..", by offset */

static uint64_t traced_read(void *context, uint64_t offset, unsigned size) {
	size_t used = strlen(trace);

	(void)context;
	snprintf(trace + used, sizeof(trace) - used, "r%" PRIx64 ".%u ", offset, size);
	/* Each byte is its offset's low byte; no byte is cut to the size. */
	return (offset & 0xff) * 0x0101010101010101ull + 0x0706050403020100ull;
}

static void traced_write(void *context, uint64_t offset, unsigned size, uint64_t value) {
	size_t used = strlen(trace);

	(void)context;
	snprintf(trace + used, sizeof(trace) - used, "w%" PRIx64 ".%u=%" PRIx64 " ", offset, size, value);
}

static bool add(uint64_t first, uint64_t last, uint8_t width) {
	struct mmio_device d = {first, last, width, traced_read, traced_write, NULL};

	return mmio_bus_add(&bus, &d);
}

static int fresh(void **state) {
	(void)state;
	memset(&bus, 0xa5, sizeof(bus));
	mmio_bus_reset(&bus);
	trace[0] = '\0';
	return 0;
}

static void unclaimed_addresses_read_all_ones_of_their_size(void **state) {
	(void)state;
	assert_int_equal(mmio_bus_read(&bus, 0xd0000000, 1), 0xff);
	assert_int_equal(mmio_bus_read(&bus, 0xd0000000, 2), 0xffff);
	assert_int_equal(mmio_bus_read(&bus, 0xd0000000, 4), 0xffffffff);
	assert_true(mmio_bus_read(&bus, 0xd0000000, 8) == ~0ull);
	mmio_bus_write(&bus, 0xd0000000, 8, 0);
	assert_true(add(0xfec00000, 0xfec00fff, 4));
	assert_true(mmio_bus_is_claimed(&bus, 0xfec00000));
	assert_true(mmio_bus_is_claimed(&bus, 0xfec00fff));
	assert_false(mmio_bus_is_claimed(&bus, 0xfebfffff));
	assert_false(mmio_bus_is_claimed(&bus, 0xfec01000));
	assert_int_equal(mmio_bus_read(&bus, 0xfec01000, 1), 0xff);
	assert_string_equal(trace, "");
}

static void accesses_split_to_the_devices_width(void **state) {
	static const struct {
		uint8_t width;
		uint64_t offset;
		unsigned size;
		const char *reads;
		uint64_t value;
	} rows[] = {
	    {4, 0x10, 4, "r10.4 ", 0x13121110},
	    {0, 0x10, 8, "r10.4 r14.4 ", 0x1716151413121110},
	    {8, 0x10, 8, "r10.8 ", 0x1716151413121110},
	    {4, 0x12, 2, "r12.2 ", 0x1312},
	    {4, 0x13, 1, "r13.1 ", 0x13},
	    {4, 0x12, 4, "r12.2 r14.2 ", 0x15141312},
	    {4, 0x13, 4, "r13.1 r14.2 r16.1 ", 0x16151413},
	    {1, 0x10, 2, "r10.1 r11.1 ", 0x1110},
	    {4, 0xffc, 8, "rffc.4 ", 0xfffffffffffefdfc},
	    {4, 0xffe, 4, "rffe.2 ", 0xfffffffe},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fresh(state);
		assert_true(add(0xfec00000, 0xfec00fff, rows[i].width));
		assert_true(mmio_bus_read(&bus, 0xfec00000 + rows[i].offset, rows[i].size) == rows[i].value);
		assert_string_equal(trace, rows[i].reads);
	}
}

static void writes_split_like_reads(void **state) {
	(void)state;
	assert_true(add(0xfec00000, 0xfec00fff, 4));
	mmio_bus_write(&bus, 0xfec00010, 8, 0x1122334455667788);
	mmio_bus_write(&bus, 0xfec00020, 2, 0xffffffffffff9876);
	mmio_bus_write(&bus, 0xfec00ffe, 4, 0x44332211);
	assert_string_equal(trace, "w10.4=55667788 w14.4=11223344 w20.2=9876 wffe.2=2211 ");
}

static void devices_that_do_not_fit_are_refused(void **state) {
	struct mmio_bus before;

	(void)state;
	assert_true(add(0x1000, 0x1fff, 4));
	before = bus;
	assert_false(add(0x1fff, 0x2000, 4));
	assert_false(add(0x0000, 0x1000, 4));
	assert_false(add(0, ~0ull, 4));
	assert_false(add(0x3001, 0x3000, 4));
	assert_false(add(0x3000, 0x3fff, 16));
	assert_memory_equal(&bus, &before, sizeof(bus));
	assert_true(add(0x2000, 0x2000, 1)); /* of one byte */
	for (uint64_t i = 2; i < MMIO_BUS_DEVICE_MAX; i++)
		assert_true(add(0x1000 + i * 0x1000, 0x1fff + i * 0x1000, 4));
	assert_false(add(0x100000, 0x100fff, 4));
}

static void a_device_may_end_at_the_last_address(void **state) {
	(void)state;
	assert_true(add(~0ull - 7, ~0ull, 8));
	assert_true(mmio_bus_read(&bus, ~0ull - 7, 8) == 0x0706050403020100ull);
	assert_int_equal(mmio_bus_read(&bus, ~0ull - 3, 4), 0x07060504);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(unclaimed_addresses_read_all_ones_of_their_size, fresh),
	    cmocka_unit_test_setup(accesses_split_to_the_devices_width, fresh),
	    cmocka_unit_test_setup(writes_split_like_reads, fresh),
	    cmocka_unit_test_setup(devices_that_do_not_fit_are_refused, fresh),
	    cmocka_unit_test_setup(a_device_may_end_at_the_last_address, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
