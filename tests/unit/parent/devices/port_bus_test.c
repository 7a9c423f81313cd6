/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Who answers a port, and how wide accesses fall apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "devices/port_bus.h"

static struct port_bus bus;
static char trace[256]; /* "r3f8.1 w3f9.2=1234 .." */

static uint32_t traced_read(void *context, uint16_t port, unsigned size) {
	size_t used = strlen(trace);

	snprintf(trace + used, sizeof(trace) - used, "r%x.%u ", port, size);
	/* Each byte is its port's low byte, and rubbish above the size. */
	(void)context;
	return size == 4   ? (port & 0xff) * 0x01010101u + 0x03020100u
	       : size == 2 ? 0xee000000u | ((port & 0xff) * 0x0101u + 0x0100u)
	                   : 0xeeeeee00u | (port & 0xff);
}

static void traced_write(void *context, uint16_t port, unsigned size, uint32_t value) {
	size_t used = strlen(trace);

	(void)context;
	snprintf(trace + used, sizeof(trace) - used, "w%x.%u=%x ", port, size, value);
}

static struct port_device device(uint16_t first, uint16_t last, uint8_t width) {
	return (struct port_device){first, last, width, traced_read, traced_write, NULL};
}

static bool add(uint16_t first, uint16_t last, uint8_t width) {
	struct port_device d = device(first, last, width);

	return port_bus_add(&bus, &d);
}

static int fresh(void **state) {
	(void)state;
	memset(&bus, 0xa5, sizeof(bus));
	port_bus_reset(&bus);
	trace[0] = '\0';
	return 0;
}

static void unclaimed_ports_read_all_ones_of_their_size(void **state) {
	(void)state;
	assert_int_equal(port_bus_read(&bus, 0x80, 1), 0xff);
	assert_int_equal(port_bus_read(&bus, 0x80, 2), 0xffff);
	assert_int_equal(port_bus_read(&bus, 0x80, 4), 0xffffffff);
	port_bus_write(&bus, 0x80, 4, 0x12345678);
	assert_true(add(0x100, 0x107, 1));
	assert_int_equal(port_bus_read(&bus, 0xff, 1), 0xff);
	assert_int_equal(port_bus_read(&bus, 0x108, 1), 0xff);
	assert_string_equal(trace, "");
}

static void accesses_split_as_on_an_isa_bus(void **state) {
	static const struct {
		uint16_t first, last;
		uint8_t width;
		uint16_t port;
		unsigned size;
		const char *reads;
		uint32_t value;
	} rows[] = {
	    {0x3f8, 0x3ff, 1, 0x3f8, 1, "r3f8.1 ", 0xf8},
	    {0x3f8, 0x3ff, 0, 0x3f8, 2, "r3f8.1 r3f9.1 ", 0xf9f8},
	    {0x3f8, 0x3ff, 1, 0x3f8, 4, "r3f8.1 r3f9.1 r3fa.1 r3fb.1 ", 0xfbfaf9f8},
	    {0x3f8, 0x3ff, 1, 0x3fe, 4, "r3fe.1 r3ff.1 ", 0xfffffffe},
	    {0x3f8, 0x3ff, 1, 0x3f6, 4, "r3f8.1 r3f9.1 ", 0xf9f8ffff},
	    {0x510, 0x511, 2, 0x510, 2, "r510.2 ", 0x1110},
	    {0x510, 0x511, 2, 0x510, 4, "r510.2 ", 0xffff1110},
	    {0x510, 0x511, 2, 0x511, 1, "r511.1 ", 0x11},
	    {0x510, 0x511, 2, 0x511, 2, "r511.1 ", 0xff11},
	    {0x510, 0x511, 2, 0x50f, 2, "r510.1 ", 0x10ff},
	    {0x0f4, 0x0f7, 4, 0x0f4, 4, "rf4.4 ", 0xf7f6f5f4},
	    {0x0f4, 0x0f7, 4, 0x0f4, 2, "rf4.2 ", 0xf5f4},
	    {0x0f4, 0x0f7, 4, 0x0f5, 2, "rf5.1 rf6.1 ", 0xf6f5},
	    {0x0f4, 0x0f7, 4, 0x0f6, 4, "rf6.2 ", 0xfffff7f6},
	    {0xfffc, 0xffff, 4, 0xfffe, 4, "rfffe.2 ", 0xfffffffe | 0xff00},
	    {0x0000, 0x0003, 4, 0xffff, 2, "", 0xffff}, /* no wrap to port 0 */
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fresh(state);
		assert_true(add(rows[i].first, rows[i].last, rows[i].width));
		assert_int_equal(port_bus_read(&bus, rows[i].port, rows[i].size), rows[i].value);
		assert_string_equal(trace, rows[i].reads);
	}
}

static void writes_split_like_reads(void **state) {
	(void)state;
	assert_true(add(0x3f8, 0x3ff, 1));
	assert_true(add(0x400, 0x403, 2));
	port_bus_write(&bus, 0x3fe, 4, 0x44332211);
	assert_string_equal(trace, "w3fe.1=11 w3ff.1=22 w400.2=4433 ");
	trace[0] = '\0';
	port_bus_write(&bus, 0x402, 1, 0xffffff99);
	port_bus_write(&bus, 0x403, 2, 0xbbaa);
	assert_string_equal(trace, "w402.1=99 w403.1=aa ");
}

static uint32_t named_read(void *context, uint16_t port, unsigned size) {
	(void)port;
	(void)size;
	return *(const uint8_t *)context;
}

static void each_device_answers_its_own_ports(void **state) {
	uint8_t names[PORT_BUS_DEVICE_MAX];

	(void)state;
	for (unsigned i = 0; i < PORT_BUS_DEVICE_MAX; i++) {
		struct port_device d = device((uint16_t)(i * 16), (uint16_t)(i * 16 + 15), 1);

		names[i] = (uint8_t)(i + 1);
		d.read = named_read;
		d.context = &names[i];
		assert_true(port_bus_add(&bus, &d));
	}
	for (unsigned port = 0; port < PORT_BUS_DEVICE_MAX * 16; port++)
		assert_int_equal(port_bus_read(&bus, (uint16_t)port, 1), port / 16 + 1);
}

static void devices_that_do_not_fit_are_refused(void **state) {
	struct port_bus before;

	(void)state;
	assert_true(add(0x100, 0x10f, 1));
	before = bus;
	assert_false(add(0x10f, 0x110, 1));
	assert_false(add(0x0ff, 0x100, 1));
	assert_false(add(0x104, 0x105, 1));
	assert_false(add(0x000, 0xffff, 1));
	assert_false(add(0x201, 0x200, 1));
	assert_false(add(0x200, 0x20f, 3));
	assert_false(add(0x200, 0x20f, 8));
	assert_memory_equal(&bus, &before, sizeof(bus));
	assert_true(add(0x110, 0x110, 4));
	for (uint16_t i = 2; i < PORT_BUS_DEVICE_MAX; i++)
		assert_true(add((uint16_t)(0x1000 + i), (uint16_t)(0x1000 + i), 1));
	assert_false(add(0x2000, 0x2000, 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(unclaimed_ports_read_all_ones_of_their_size, fresh),
	    cmocka_unit_test_setup(accesses_split_as_on_an_isa_bus, fresh),
	    cmocka_unit_test_setup(writes_split_like_reads, fresh),
	    cmocka_unit_test_setup(each_device_answers_its_own_ports, fresh),
	    cmocka_unit_test_setup(devices_that_do_not_fit_are_refused, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
