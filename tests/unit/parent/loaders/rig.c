/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The small child of the loader tests. */
#include "unit/parent/loaders/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STATE_PATTERN 0x5a

int rig_set_up(void **state) {
	struct rig *r = calloc(1, sizeof(*r));

	if (r == NULL || memory_layout_init(&r->layout, RIG_MEMORY, &r->text) != ERR_NONE)
		return -1;
	r->ram = calloc(1, RIG_MEMORY);
	if (r->ram == NULL)
		return -1;
	/* Two extents, so that loads of more than a page meet their border. */
	r->memory.extent[0] = (struct guest_extent){RIG_MEMORY / 2, RIG_MEMORY / 2, r->ram + RIG_MEMORY / 2};
	r->memory.extent[1] = (struct guest_extent){0, RIG_MEMORY / 2, r->ram};
	r->memory.count = 2;
	r->request.cmdline = "";
	memset(&r->state, STATE_PATTERN, sizeof(r->state));
	*state = r;
	return 0;
}

int rig_tear_down(void **state) {
	struct rig *r = *state;

	free(r->ram);
	free(r);
	return 0;
}

void rig_assert_untouched(const struct rig *r) {
	const uint8_t *s = (const uint8_t *)&r->state;

	assert_int_equal(r->ram[0], 0);
	assert_memory_equal(r->ram, r->ram + 1, RIG_MEMORY - 1);
	for (size_t i = 0; i < sizeof(r->state); i++)
		assert_int_equal(s[i], STATE_PATTERN);
}

void rig_assert_refused(const struct rig *r, enum err error, enum err expected, const char *words) {
	assert_int_equal(error, expected);
	if (strstr(r->text.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", r->text.text, words);
	assert_true(strlen(r->text.text) < sizeof(r->text.text) - 1);
	rig_assert_untouched(r);
}

void rig_set_kernel(struct rig *r, const uint8_t *file, uint64_t size) {
	r->request.kernel = (struct boot_file){file, size, "image"};
}

void rig_add_module(struct rig *r, const char *name, const void *data, uint64_t size) {
	r->request.module[r->request.module_count++] = (struct boot_file){data, size, name};
}

uint32_t rig_u32(const struct rig *r, uint64_t gpa) {
	uint32_t v;

	memcpy(&v, r->ram + gpa, sizeof(v));
	return v;
}

uint64_t rig_u64(const struct rig *r, uint64_t gpa) {
	uint64_t v;

	memcpy(&v, r->ram + gpa, sizeof(v));
	return v;
}
