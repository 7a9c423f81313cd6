/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of the calls about partitions and their memory, on the fake machine: the
 * way of a partition, each error, shortage at every allocation, and that all of
 * it comes back (the fixture proves that after each test).
 */
#include "core_test.h"
#include "core/sched.h"

static enum hv_status by_id(uint32_t code, hv_partition_id_t id) { return core_call(code, &id, sizeof(id), NULL, 0); }

static enum hv_status status_of(uint64_t result) { return (enum hv_status)(result & HV_RESULT_STATUS_MASK); }

static unsigned reps_of(uint64_t result) { return result >> HV_RESULT_REPS_SHIFT & 0xfff; }

static void a_partition_lives_and_dies(void **state) {
	hv_partition_id_t id = core_create(2);

	(void)state;
	assert_status(by_id(HV_CALL_INITIALIZE_PARTITION, id), INSUFFICIENT_MEMORY);
	assert_status(core_deposit(id, 64), SUCCESS);
	assert_status(by_id(HV_CALL_DELETE_PARTITION, id), INVALID_PARTITION_STATE);
	assert_status(by_id(HV_CALL_INITIALIZE_PARTITION, id), SUCCESS);
	assert_status(by_id(HV_CALL_INITIALIZE_PARTITION, id), INVALID_PARTITION_STATE);
	core_world_prove();
	assert_status(by_id(HV_CALL_DELETE_PARTITION, id), INVALID_PARTITION_STATE);
	assert_status(by_id(HV_CALL_FINALIZE_PARTITION, id), SUCCESS);
	assert_status(by_id(HV_CALL_FINALIZE_PARTITION, id), INVALID_PARTITION_STATE);
	assert_status(by_id(HV_CALL_DELETE_PARTITION, id), OBJECT_IN_USE);
	assert_status(core_deposit(id, 1), INVALID_PARTITION_STATE);
	assert_status(core_destroy(id), SUCCESS);
	assert_status(by_id(HV_CALL_FINALIZE_PARTITION, id), INVALID_PARTITION_ID);
	assert_status(by_id(HV_CALL_DELETE_PARTITION, id), INVALID_PARTITION_ID);
}

static void an_id_never_names_two_partitions(void **state) {
	hv_partition_id_t seen[40];

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(seen); i++) {
		seen[i] = core_create(1);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
		assert_status(core_destroy(seen[i]), SUCCESS);
	}
}

static void a_partition_without_memory_can_be_finalized(void **state) {
	(void)state;
	assert_status(by_id(HV_CALL_FINALIZE_PARTITION, core_create(1)), SUCCESS);
}

static void creation_is_refused_row_by_row(void **state) {
	const struct hv_create_partition_in good = {.privileges = CPUID_CHILD_PRIVILEGES, .vp_count = 1};
	const struct {
		size_t offset;
		uint32_t value;
		enum hv_status status;
	} rows[] = {
#define ROW(field, v, s) {offsetof(struct hv_create_partition_in, field), v, HV_STATUS_##s}
	    ROW(flags, 1, INVALID_PARAMETER),     ROW(vp_count, 0, INVALID_PARAMETER),
	    ROW(vp_count, 65, INVALID_PARAMETER), ROW(reserved, 1, INVALID_PARAMETER),
	    ROW(hints, 1, INVALID_PARAMETER),     ROW(privileges, 1u << 13, ACCESS_DENIED),
#undef ROW
	};
	const uint64_t free_pages = parent_partition.pool.free_count;

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct hv_create_partition_in in = good;

		memcpy((uint8_t *)&in + rows[i].offset, &rows[i].value, 4);
		if (core_call(HV_CALL_CREATE_PARTITION, &in, sizeof(in), NULL, 0) != rows[i].status)
			fail_msg("row %u", i);
		assert_int_equal(partition_total(), 1);
		assert_int_equal(parent_partition.pool.free_count, free_pages);
	}
}

static void a_child_may_have_no_other_privilege_of_the_parents(void **state) {
	struct hv_create_partition_in in = {.vp_count = 1};

	(void)state;
	for (unsigned bit = 32; bit < 64; bit++) {
		in.privileges = BIT(bit);
		if (!(in.privileges & CPUID_CHILD_PRIVILEGES))
			assert_status(core_call(HV_CALL_CREATE_PARTITION, &in, sizeof(in), NULL, 0), ACCESS_DENIED);
	}
}

static void calls_on_no_partition_say_so(void **state) {
	static const uint64_t ids[] = {0, 2, 0x2002, 1ull << 32 | 1, 0x7fffffffffffffff};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(ids); i++) {
		struct hv_get_partition_property_in get = {.partition_id = ids[i], .property = HV_PROPERTY_SUSPEND};
		struct hv_set_partition_property_in set = {.partition_id = ids[i], .property = HV_PROPERTY_SUSPEND};
		struct hv_create_vp_in vp = {.partition_id = ids[i]};

		assert_status(by_id(HV_CALL_INITIALIZE_PARTITION, ids[i]), INVALID_PARTITION_ID);
		assert_status(by_id(HV_CALL_FINALIZE_PARTITION, ids[i]), INVALID_PARTITION_ID);
		assert_status(by_id(HV_CALL_DELETE_PARTITION, ids[i]), INVALID_PARTITION_ID);
		assert_status(core_deposit(ids[i], 1), INVALID_PARTITION_ID);
		assert_status(core_map(ids[i], 0, 9000), INVALID_PARTITION_ID);
		assert_status(core_call(HV_CALL_GET_PARTITION_PROPERTY, &get, sizeof(get), NULL, 0),
		              INVALID_PARTITION_ID);
		assert_status(core_call(HV_CALL_SET_PARTITION_PROPERTY, &set, sizeof(set), NULL, 0),
		              INVALID_PARTITION_ID);
		assert_status(core_call(HV_CALL_CREATE_VP, &vp, sizeof(vp), NULL, 0), INVALID_PARTITION_ID);
	}
}

static void calls_that_need_a_child_refuse_the_parent(void **state) {
	static const uint64_t ids[] = {PARENT_ID, HV_PARTITION_ID_SELF};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(ids); i++) {
		struct hv_set_partition_property_in set = {
		    .partition_id = ids[i], .property = HV_PROPERTY_SUSPEND, .value = 1};
		struct hv_create_vp_in vp = {.partition_id = ids[i]};

		assert_status(by_id(HV_CALL_INITIALIZE_PARTITION, ids[i]), INVALID_PARTITION_STATE);
		assert_status(by_id(HV_CALL_FINALIZE_PARTITION, ids[i]), INVALID_PARTITION_STATE);
		assert_status(by_id(HV_CALL_DELETE_PARTITION, ids[i]), ACCESS_DENIED);
		assert_status(core_map(ids[i], 0, 9000), ACCESS_DENIED);
		assert_status(core_call(HV_CALL_CREATE_VP, &vp, sizeof(vp), NULL, 0), ACCESS_DENIED);
		assert_status(core_call(HV_CALL_SET_PARTITION_PROPERTY, &set, sizeof(set), NULL, 0), ACCESS_DENIED);
	}
}

/* --- Memory. --- */

static uint64_t deposit_one(hv_partition_id_t id, uint64_t page) {
	const uint64_t in[2] = {id, page};

	return core_call_rep(HV_CALL_DEPOSIT_MEMORY, in, sizeof(in), 1, NULL, 0);
}

static void only_pages_of_the_parent_that_are_not_lent_are_deposited(void **state) {
	struct partition *p = core_child(64, 0);
	const uint64_t lent = core_free_page();
	const uint64_t mine = core_free_page();

	(void)state;
	assert_status(core_map(p->id, 100, lent), SUCCESS);
	assert_status(status_of(deposit_one(p->id, lent)), OBJECT_IN_USE);
	assert_status(status_of(deposit_one(p->id, FAKE_KERNEL_FIRST)), ACCESS_DENIED);
	assert_status(status_of(deposit_one(p->id, 1)), ACCESS_DENIED);
	assert_status(status_of(deposit_one(p->id, FAKE_FRAMES)), INVALID_PARAMETER);
	assert_status(status_of(deposit_one(p->id, ~0ull)), INVALID_PARAMETER);
	assert_status(status_of(deposit_one(p->id, mine)), SUCCESS);
	assert_true(fake_machine_is_mapped(sfn(mine)));
	assert_status(status_of(deposit_one(p->id, mine)), ACCESS_DENIED);
	core_world_prove();
}

/* The bad one stops the list; those before it stay deposited and are counted. */
static void a_deposit_counts_the_reps_before_the_bad_one(void **state) {
	struct partition *p = core_child(64, 0);
	const uint64_t in[5] = {p->id, core_free_page(), core_free_page(), 1, core_free_page()};
	const uint64_t total = p->pool.total_count;
	const uint64_t result = core_call_rep(HV_CALL_DEPOSIT_MEMORY, in, sizeof(in), 4, NULL, 0);

	(void)state;
	assert_status(status_of(result), ACCESS_DENIED);
	assert_int_equal(reps_of(result), 2);
	assert_int_equal(p->pool.total_count, total + 2);
	assert_false(fake_machine_is_mapped(sfn(in[4])));
}

/* What was the kernel's goes back empty. */
static void withdrawn_pages_are_zero_and_not_the_kernels(void **state) {
	hv_partition_id_t id = core_create(1);
	struct hv_withdraw_memory_in in = {.partition_id = id};
	uint64_t page = core_free_page();
	uint64_t back = 0;
	uint64_t result;

	(void)state;
	assert_status(status_of(deposit_one(id, page)), SUCCESS);
	memset(fake_machine_bytes(sfn(page)), 0xee, PAGE_SIZE);
	result = core_call_rep(HV_CALL_WITHDRAW_MEMORY, &in, sizeof(in), 1, &back, sizeof(back));
	assert_status(status_of(result), SUCCESS);
	assert_int_equal(back, page);
	assert_false(fake_machine_is_mapped(sfn(page)));
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(fake_machine_bytes(sfn(page))[i], 0);
	result = core_call_rep(HV_CALL_WITHDRAW_MEMORY, &in, sizeof(in), 1, &back, sizeof(back));
	assert_status(status_of(result), NOT_FOUND);
	assert_int_equal(reps_of(result), 0);
}

static void mapping_is_refused_row_by_row(void **state) {
	struct partition *p = core_child(64, 0);
	struct partition *other = core_child(64, 0);
	const uint64_t lent = core_free_page();
	const struct {
		uint64_t target;
		uint32_t flags;
		uint32_t reserved;
		uint64_t source;
		enum hv_status status;
	} rows[] = {
	    {200, 0, 0, 9000, HV_STATUS_INVALID_PARAMETER},   /* no access */
	    {200, 0x2, 0, 9000, HV_STATUS_INVALID_PARAMETER}, /* write without read */
	    {200, 0x1f, 0, 9000, HV_STATUS_INVALID_PARAMETER},
	    {200, 0xc000000f, 0, 9000, HV_STATUS_INVALID_PARAMETER}, /* two sizes */
	    {200, 0xf, 1, 9000, HV_STATUS_INVALID_PARAMETER},
	    {200, 0xf, 0, FAKE_FRAMES, HV_STATUS_INVALID_PARAMETER},
	    {200, 0xf, 0, ~0ull, HV_STATUS_INVALID_PARAMETER},
	    {1ull << 28, 0xf, 0, 9000, HV_STATUS_INVALID_PARAMETER}, /* past 40 bits */
	    {1ull << 40, 0xf, 0, 9000, HV_STATUS_INVALID_PARAMETER},
	    {~0ull, 0xf, 0, 9000, HV_STATUS_INVALID_PARAMETER},
	    {200, 0x8000000f, 0, 9216, HV_STATUS_INVALID_PARAMETER}, /* target not aligned */
	    {512, 0x8000000f, 0, 9217, HV_STATUS_INVALID_PARAMETER}, /* source not aligned */
	    {3, 0xf, 0, 9000, HV_STATUS_OBJECT_IN_USE},              /* mapped already */
	    {200, 0xf, 0, lent, HV_STATUS_OBJECT_IN_USE},            /* lent to another */
	    {200, 0xf, 0, FAKE_KERNEL_FIRST + 9, HV_STATUS_ACCESS_DENIED},
	    {200, 0xf, 0, 1, HV_STATUS_ACCESS_DENIED}, /* firmware */
	};
	const uint64_t pages = space_mapped_pages(&p->space);

	(void)state;
	assert_status(core_map(other->id, 300, lent), SUCCESS);
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		struct {
			struct hv_map_gpa_pages_in fixed;
			uint64_t list[1];
		} in = {{p->id, rows[i].target, rows[i].flags, rows[i].reserved}, {rows[i].source}};
		const uint64_t result = core_call_rep(HV_CALL_MAP_GPA_PAGES, &in, sizeof(in), 1, NULL, 0);

		if (status_of(result) != rows[i].status || reps_of(result) != 0)
			fail_msg("row %u: status %x", i, (unsigned)status_of(result));
		assert_int_equal(space_mapped_pages(&p->space), pages);
	}
}

static uint64_t unmap(hv_partition_id_t id, uint64_t gpfn, uint32_t flags, unsigned reps) {
	struct hv_unmap_gpa_pages_in in = {.partition_id = id, .target_gpfn = gpfn, .flags = flags};

	return core_call_rep(HV_CALL_UNMAP_GPA_PAGES, &in, sizeof(in), reps, NULL, 0);
}

static enum hv_status scrub(uint64_t page, uint32_t flags) {
	const struct {
		struct hv_scrub_pages_in fixed;
		uint64_t list[1];
	} in = {{.flags = flags}, {page}};

	return status_of(core_call_rep(HV_CALL_SCRUB_PAGES, &in, sizeof(in), 1, NULL, 0));
}

static void memory_of_one_child_is_scrubbed_before_another_gets_it(void **state) {
	struct partition *p = core_child(64, 0);
	struct partition *other = core_child(64, 0);
	const uint64_t page = core_free_page();

	(void)state;
	assert_status(core_map(p->id, 50, page), SUCCESS);
	assert_status(scrub(page, 0), OBJECT_IN_USE);
	memset(fake_machine_bytes(sfn(page)), 0x77, PAGE_SIZE);
	assert_status(status_of(unmap(p->id, 50, 0, 1)), SUCCESS);
	assert_status(core_map(other->id, 50, page), OPERATION_DENIED);
	assert_status(core_map(p->id, 50, page), SUCCESS); /* its own again: fine */
	assert_status(status_of(unmap(p->id, 50, 0, 1)), SUCCESS);
	assert_status(scrub(page, 0), SUCCESS);
	assert_int_equal(fake_machine_bytes(sfn(page))[123], 0);
	assert_status(core_map(other->id, 50, page), SUCCESS);
	assert_status(scrub(FAKE_KERNEL_FIRST, 0), ACCESS_DENIED);
	assert_status(scrub(FAKE_FRAMES, 0), INVALID_PARAMETER);
	assert_status(scrub(9000, HV_MAP_GPA_HUGE_PAGE), INVALID_PARAMETER);
	assert_status(scrub(9000, 1), INVALID_PARAMETER);
}

static void unmapping_is_judged_and_counts_its_reps(void **state) {
	struct partition *p = core_child(64, 0);
	uint64_t result;

	(void)state;
	result = unmap(p->id, 0, 0, 16);
	assert_status(status_of(result), SUCCESS);
	assert_int_equal(reps_of(result), 16);
	assert_int_equal(space_mapped_pages(&p->space), 0);
	assert_status(status_of(unmap(p->id, 0, 1, 1)), INVALID_PARAMETER);
	assert_status(status_of(unmap(p->id, 0, HV_MAP_GPA_LARGE_PAGE | HV_MAP_GPA_HUGE_PAGE, 1)), INVALID_PARAMETER);
	assert_status(status_of(unmap(p->id, 1, HV_MAP_GPA_LARGE_PAGE, 1)), INVALID_PARAMETER);
	assert_status(status_of(unmap(p->id, 1ull << 40, 0, 1)), INVALID_PARAMETER);
	result = unmap(p->id, (1ull << 28) - 2, 0, 4);
	assert_status(status_of(result), INVALID_PARAMETER);
	assert_int_equal(reps_of(result), 2);
}

/* More reps than one pass does: the guest repeats the instruction unseen. */
static void long_lists_are_done_in_passes(void **state) {
	struct partition *p = core_child(64, 0);
	uint64_t in[3 + 400] = {p->id, 1000, HV_MAP_GPA_RWX};
	uint64_t result;

	(void)state;
	for (unsigned i = 0; i < 400; i++)
		in[3 + i] = core_free_page();
	result = core_call_rep(HV_CALL_MAP_GPA_PAGES, in, sizeof(in), 400, NULL, 0);
	assert_status(status_of(result), SUCCESS);
	assert_int_equal(reps_of(result), 400);
	assert_int_equal(space_mapped_pages(&p->space), 416);
	core_world_prove();
	result = unmap(p->id, 1000, 0, 400);
	assert_int_equal(reps_of(result), 400);
	assert_int_equal(space_mapped_pages(&p->space), 16);
}

/* --- Shortage. --- */

static void a_shortage_of_any_frame_leaves_no_vp(void **state) {
	struct partition *p = core_child(64, 1);
	struct hv_create_vp_in in = {.partition_id = p->id, .vp_index = 0, .apic_id = 0};
	struct hv_vp_in delete = {.partition_id = p->id, .vp_index = 0};
	struct hv_create_vp_out out;
	const uint64_t used = p->pool.free_count;
	uint64_t n;

	(void)state;
	assert_status(core_call(HV_CALL_DELETE_VP, &delete, sizeof(delete), NULL, 0), SUCCESS);
	assert_int_equal(p->pool.free_count, used + VP_FRAMES);
	for (n = 0; n < VP_FRAMES; n++) {
		p->pool.fail_after = n;
		assert_status(core_call(HV_CALL_CREATE_VP, &in, sizeof(in), NULL, 0), INSUFFICIENT_MEMORY);
		assert_int_equal(p->pool.free_count, used + VP_FRAMES);
		assert_int_equal(p->vp_count, 0);
		assert_null(p->vp[0]);
		core_world_prove();
	}
	p->pool.fail_after = FRAME_POOL_NEVER_FAIL;
	assert_status(core_call(HV_CALL_CREATE_VP, &in, sizeof(in), &out, sizeof(out)), SUCCESS);
	assert_ptr_equal(partition_vp_of_slot(out.slot), p->vp[0]);
	assert_int_equal(out.register_page_gpa, p->vp[0]->frame[FRAME_OF_REGISTERS].v * PAGE_SIZE);
	assert_int_equal(p->pool.free_count, used);
}

static void a_shortage_leaves_no_partition_and_no_mapping(void **state) {
	struct hv_create_partition_in in = {.vp_count = 1};
	struct frame_pool *parents = &parent_partition.pool;
	struct partition *p = core_child(64, 0);
	const uint64_t free_pages = parents->free_count;
	const uint64_t page = core_free_page();
	uint64_t tables;

	(void)state;
	parents->fail_after = 0;
	assert_status(core_call(HV_CALL_CREATE_PARTITION, &in, sizeof(in), NULL, 0), INSUFFICIENT_MEMORY);
	parents->fail_after = FRAME_POOL_NEVER_FAIL;
	assert_int_equal(parents->free_count, free_pages);
	assert_int_equal(partition_total(), 2);
	/* A mapping far away needs tables: each of them may be the one that is missing. */
	tables = space_table_count(&p->space);
	for (uint64_t n = 0; n < 2; n++) {
		const uint64_t before = p->pool.free_count;

		p->pool.fail_after = n;
		assert_status(core_map(p->id, 0x8000000, page), INSUFFICIENT_MEMORY);
		p->pool.fail_after = FRAME_POOL_NEVER_FAIL;
		assert_int_equal(p->pool.free_count, before);
		assert_int_equal(space_table_count(&p->space), tables);
		core_world_prove();
	}
	assert_status(core_map(p->id, 0x8000000, page), SUCCESS);
}

/* --- Properties. --- */

static enum hv_status get(hv_partition_id_t id, uint32_t property, uint64_t *value) {
	struct hv_get_partition_property_in in = {.partition_id = id, .property = property};

	return core_call(HV_CALL_GET_PARTITION_PROPERTY, &in, sizeof(in), value, sizeof(*value));
}

static enum hv_status set(hv_partition_id_t id, uint32_t property, uint64_t value) {
	struct hv_set_partition_property_in in = {.partition_id = id, .property = property, .value = value};

	return core_call(HV_CALL_SET_PARTITION_PROPERTY, &in, sizeof(in), NULL, 0);
}

static void properties_row_by_row(void **state) {
	struct partition *p = core_child(100, 1);
	uint64_t value = 0;

	(void)state;
	assert_status(get(p->id, HV_PROPERTY_PRIVILEGES, &value), SUCCESS);
	assert_int_equal(value, CPUID_CHILD_PRIVILEGES);
	assert_status(get(p->id, HV_PROPERTY_DEPOSIT_TOTAL, &value), SUCCESS);
	assert_int_equal(value, 100);
	assert_status(get(p->id, HV_PROPERTY_DEPOSIT_FREE, &value), SUCCESS);
	assert_int_equal(value, 100 - VP_FRAMES - space_table_count(&p->space));
	assert_status(get(p->id, 0x12345, &value), UNKNOWN_PROPERTY);
	assert_status(set(p->id, HV_PROPERTY_PRIVILEGES, 0), UNKNOWN_PROPERTY);
	assert_status(set(p->id, HV_PROPERTY_SUSPEND, 2), PROPERTY_VALUE_OUT_OF_RANGE);
	assert_status(set(p->id, HV_PROPERTY_TIME_FREEZE, 1), INVALID_PARTITION_STATE);
	assert_status(set(p->id, HV_PROPERTY_SUSPEND, 1), SUCCESS);
	assert_status(set(p->id, HV_PROPERTY_TIME_FREEZE, 2), PROPERTY_VALUE_OUT_OF_RANGE);
	assert_status(get(p->id, HV_PROPERTY_SUSPEND, &value), SUCCESS);
	assert_int_equal(value, 1);
}

static void time_stands_still_while_frozen(void **state) {
	struct partition *p = core_child(64, 1);
	uint64_t before = 0;
	uint64_t after = 0;

	(void)state;
	assert_status(set(p->id, HV_PROPERTY_SUSPEND, 1), SUCCESS);
	assert_status(set(p->id, HV_PROPERTY_TIME_FREEZE, 1), SUCCESS);
	assert_status(get(p->id, HV_PROPERTY_REFERENCE_TIME, &before), SUCCESS);
	fake_tsc += 5 * FAKE_TSC_HZ;
	assert_status(get(p->id, HV_PROPERTY_REFERENCE_TIME, &after), SUCCESS);
	assert_int_equal(after, before);
	assert_status(set(p->id, HV_PROPERTY_TIME_FREEZE, 0), SUCCESS);
	assert_int_equal(p->vp[0]->hw.tsc_offset, p->time.tsc_offset);
	fake_tsc += FAKE_TSC_HZ;
	assert_status(get(p->id, HV_PROPERTY_REFERENCE_TIME, &after), SUCCESS);
	assert_in_range(after, before + 9999999, before + 10000001);
}

static void a_suspended_partition_runs_no_vp(void **state) {
	struct partition *p = core_child(64, 2);
	uint64_t entries;

	(void)state;
	core_start(core_vp(p, 0));
	core_start(core_vp(p, 1));
	core_passes(4);
	assert_true(fake_vp_of(p->vp[0])->entries > 0);
	assert_true(fake_vp_of(p->vp[1])->entries > 0);
	for (uint32_t i = 0; i < 2; i++)
		sched_hold(p->vp[i], HOLD_PARTITION);
	core_passes(2);
	assert_status(set(p->id, HV_PROPERTY_SUSPEND, 1), SUCCESS);
	entries = fake_vp_of(p->vp[0])->entries;
	core_passes(5);
	assert_int_equal(fake_vp_of(p->vp[0])->entries, entries);
	assert_status(set(p->id, HV_PROPERTY_SUSPEND, 0), SUCCESS);
	core_passes(5);
	assert_true(fake_vp_of(p->vp[0])->entries > entries);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    core_test(a_partition_lives_and_dies),
	    core_test(an_id_never_names_two_partitions),
	    core_test(a_partition_without_memory_can_be_finalized),
	    core_test(creation_is_refused_row_by_row),
	    core_test(a_child_may_have_no_other_privilege_of_the_parents),
	    core_test(calls_on_no_partition_say_so),
	    core_test(calls_that_need_a_child_refuse_the_parent),
	    core_test(only_pages_of_the_parent_that_are_not_lent_are_deposited),
	    core_test(a_deposit_counts_the_reps_before_the_bad_one),
	    core_test(withdrawn_pages_are_zero_and_not_the_kernels),
	    core_test(mapping_is_refused_row_by_row),
	    core_test(memory_of_one_child_is_scrubbed_before_another_gets_it),
	    core_test(unmapping_is_judged_and_counts_its_reps),
	    core_test(long_lists_are_done_in_passes),
	    core_test(a_shortage_of_any_frame_leaves_no_vp),
	    core_test(a_shortage_leaves_no_partition_and_no_mapping),
	    core_test(properties_row_by_row),
	    core_test(time_stands_still_while_frozen),
	    core_test(a_suspended_partition_runs_no_vp),
	};

	core_world_boot(4);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
