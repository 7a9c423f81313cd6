/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The devices of a few ports: debug exit, fw_cfg, sleep and reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "devices/acpi_pm.h"
#include "devices/debug_exit.h"
#include "devices/fw_cfg.h"

static void the_exit_status_is_odd_and_the_first_counts(void **state) {
	struct debug_exit d;

	(void)state;
	memset(&d, 0xa5, sizeof(d));
	debug_exit_reset(&d);
	assert_false(d.has_status);
	assert_int_equal(debug_exit_read(&d), 0);
	debug_exit_write(&d, 1, 9);
	assert_false(d.has_status);
	debug_exit_write(&d, 0, 0x10);
	assert_true(d.has_status);
	assert_int_equal(d.status, 0x21);
	debug_exit_write(&d, 0, 0);
	assert_int_equal(d.status, 0x21);
}

static void a_saved_exit_is_the_same(void **state) {
	struct debug_exit d, loaded;
	struct debug_exit_state saved;

	(void)state;
	for (unsigned has = 0; has < 2; has++) {
		debug_exit_reset(&d);
		if (has)
			debug_exit_write(&d, 0, ~0u);
		debug_exit_save(&d, &saved);
		memset(&loaded, 0xa5, sizeof(loaded));
		assert_true(debug_exit_load(&loaded, &saved));
		assert_int_equal(loaded.has_status, has);
		assert_int_equal(loaded.status, d.status);
	}
}

static void impossible_exits_are_refused(void **state) {
	static const struct debug_exit_state bad[] = {
	    {0, 0, 0}, {2, 0, 0}, {1, 2, 1}, {1, 1, 2}, {1, 0, 1}, {1, 0, 2},
	};
	struct debug_exit d;

	(void)state;
	debug_exit_reset(&d);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(debug_exit_load(&d, &bad[i]));
		assert_false(d.has_status);
	}
}

static uint32_t item(struct fw_cfg *f, uint16_t key, unsigned bytes) {
	uint32_t value = 0;

	fw_cfg_write(f, 0, 2, key);
	for (unsigned i = 0; i < bytes; i++)
		value |= fw_cfg_read(f, 1, 1) << 8 * i;
	return value;
}

static void items_read_byte_by_byte(void **state) {
	struct fw_cfg f;

	(void)state;
	memset(&f, 0xa5, sizeof(f));
	fw_cfg_reset(&f, 0x0102);
	assert_int_equal(fw_cfg_read(&f, 1, 1), 'Q'); /* the signature is selected */
	assert_int_equal(item(&f, FW_CFG_PROCESSOR_COUNT, 2), 0x0102);
	assert_int_equal(item(&f, FW_CFG_SIGNATURE, 4), 0x554d4551); /* "QEMU" */
	for (unsigned i = 0; i < 8; i++)                             /* past the end */
		assert_int_equal(fw_cfg_read(&f, 1, 1), 0);
	assert_int_equal(item(&f, FW_CFG_PROCESSOR_COUNT, 4), 0x0102);
	assert_int_equal(item(&f, 0x0001, 4), 0);
	assert_int_equal(item(&f, 0xffff, 4), 0);
	assert_int_equal(item(&f, 0x8005, 4), 0);
}

static void other_accesses_leave_fw_cfg_alone(void **state) {
	struct fw_cfg f;

	(void)state;
	fw_cfg_reset(&f, 3);
	fw_cfg_write(&f, 0, 2, FW_CFG_PROCESSOR_COUNT);
	fw_cfg_write(&f, 0, 1, 0);
	fw_cfg_write(&f, 1, 1, 0);
	assert_int_equal(fw_cfg_read(&f, 0, 2), 0xffff);
	assert_int_equal(fw_cfg_read(&f, 0, 1), 0xff);
	assert_int_equal(fw_cfg_read(&f, 1, 1), 3);
}

static void a_saved_fw_cfg_reads_on(void **state) {
	struct fw_cfg f;
	struct fw_cfg_state saved;

	(void)state;
	fw_cfg_reset(&f, 0x0403);
	fw_cfg_write(&f, 0, 2, FW_CFG_PROCESSOR_COUNT);
	assert_int_equal(fw_cfg_read(&f, 1, 1), 3);
	fw_cfg_save(&f, &saved);
	memset(&f, 0xa5, sizeof(f));
	assert_true(fw_cfg_load(&f, &saved));
	assert_int_equal(fw_cfg_read(&f, 1, 1), 4);
	saved.version++;
	assert_false(fw_cfg_load(&f, &saved));
	/* An offset from far away is behind the end. */
	saved.version--;
	saved.offset = ~0u;
	assert_true(fw_cfg_load(&f, &saved));
	assert_int_equal(fw_cfg_read(&f, 1, 1), 0);
}

static void sleep_and_reset_writes_are_judged(void **state) {
	static const struct {
		unsigned offset;
		uint8_t value;
		enum acpi_pm_event event;
	} rows[] = {
	    {ACPI_PM_SLEEP_CONTROL, 0x20, ACPI_PM_POWER_OFF},
	    {ACPI_PM_SLEEP_CONTROL, 0x22, ACPI_PM_POWER_OFF},
	    {ACPI_PM_SLEEP_CONTROL, 0x00, ACPI_PM_NONE}, /* no SLP_EN */
	    {ACPI_PM_SLEEP_CONTROL, 0x24, ACPI_PM_NONE}, /* S1 */
	    {ACPI_PM_SLEEP_CONTROL, 0x3c, ACPI_PM_NONE},
	    {ACPI_PM_SLEEP_STATUS, 0x80, ACPI_PM_NONE},
	    {ACPI_PM_SLEEP_STATUS, 0x20, ACPI_PM_NONE},
	    {ACPI_PM_RESET, 0x01, ACPI_PM_RESET_SYSTEM},
	    {ACPI_PM_RESET, 0x00, ACPI_PM_NONE},
	    {ACPI_PM_RESET, 0x21, ACPI_PM_NONE},
	    {3, 0x20, ACPI_PM_NONE},
	    {3, 0x01, ACPI_PM_NONE},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(acpi_pm_write(rows[i].offset, rows[i].value), rows[i].event);
	for (unsigned offset = 0; offset < 3; offset++)
		assert_int_equal(acpi_pm_read(offset), 0);
	assert_int_equal(acpi_pm_read(3), 0xff);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_exit_status_is_odd_and_the_first_counts),
	    cmocka_unit_test(a_saved_exit_is_the_same),
	    cmocka_unit_test(impossible_exits_are_refused),
	    cmocka_unit_test(items_read_byte_by_byte),
	    cmocka_unit_test(other_accesses_leave_fw_cfg_alone),
	    cmocka_unit_test(a_saved_fw_cfg_reads_on),
	    cmocka_unit_test(sleep_and_reset_writes_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
