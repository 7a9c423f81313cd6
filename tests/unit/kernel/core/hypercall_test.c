/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of a hypercall from the instruction to its result, for every call of the
 * list: who may call, where parameters may lie, what a caller gets back
 * [TLFS "Hypercall Interface"].
 */
#include "core_test.h"
#include "core/exit.h"
#include "core/hypercall.h"
#include "core/machine.h"

static const struct {
	uint16_t code;
	enum hypercall_form form;
	uint16_t in;
	uint16_t rep_in;
	uint16_t out;
	uint16_t rep_out;
	uint64_t privilege;
	const char *name;
} calls[] = {
#define HV_CALL(NAME, name, code, privilege, target, form, in, rep_in, out, rep_out)                                   \
	{code, HYPERCALL_##form, in, rep_in, out, rep_out, HV_PRIVILEGE_##privilege, #name},
#include <hv_abi/calls.def>
#undef HV_CALL
};

static bool is_rep(unsigned i) { return calls[i].form == HYPERCALL_REP || calls[i].form == HYPERCALL_REP_VARIABLE; }

static uint64_t control_of(unsigned i) {
	return calls[i].code | (calls[i].form == HYPERCALL_REGISTER ? HV_CONTROL_FAST : 0) |
	       (is_rep(i) ? 1ull << HV_CONTROL_REP_COUNT_SHIFT : 0);
}

/* Every call's parameters are judged before anything else is, so let the parent
 * have what only hints open. */
static void hint_all(bool is_on) { parent_partition.cpu.hints = is_on ? CPUID_CHILD_HINTS : 0; }

static enum hv_status raw(struct vp *vp, uint64_t control, uint64_t rdx, uint64_t r8) {
	return (enum hv_status)(core_raw_call(vp, control, rdx, r8) & HV_RESULT_STATUS_MASK);
}

static uint64_t page(void) { return core_free_page() * PAGE_SIZE; }

/* A child has few of the parent's privileges, so each other call is refused
 * before its parameters are looked at. */
static void a_child_is_refused_every_call_of_the_parents(void **state) {
	struct vp *vp = core_vp(core_child(64, 1), 0);

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(calls); i++) {
		if ((calls[i].privilege & ~CPUID_CHILD_PRIVILEGES) == 0)
			continue;
		if (raw(vp, control_of(i), 0xfff1, 0xfff1) != HV_STATUS_ACCESS_DENIED)
			fail_msg("%s", calls[i].name);
	}
	assert_int_equal(vp->hold, HOLD_EXPLICIT);
}

static void each_privilege_is_needed(void **state) {
	const uint64_t all = parent_partition.cpu.privileges;

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(calls); i++) {
		parent_partition.cpu.privileges = all & ~calls[i].privilege;
		if (calls[i].privilege != 0 && raw(core_caller(), control_of(i), 0, 0) != HV_STATUS_ACCESS_DENIED)
			fail_msg("%s", calls[i].name);
	}
	parent_partition.cpu.privileges = all;
}

static void unknown_codes_are_refused(void **state) {
	static const uint16_t codes[] = {0, 1, 4, 7, 9, 0x12, 0x16, 0x3f, 0x47, 0x4a, 0xeff, 0xf0f, 0x7fff, 0xffff};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(codes); i++) {
		assert_status(raw(core_caller(), codes[i], 0, 0), INVALID_HYPERCALL_CODE);
		/* Even with a control word that is wrong besides. */
		assert_status(raw(core_caller(), codes[i] | BIT(63), 0, 0), INVALID_HYPERCALL_CODE);
	}
}

static void malformed_control_words_are_refused_for_every_call(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(calls); i++) {
		assert_status(raw(core_caller(), control_of(i) | BIT(27), 0, 0), INVALID_HYPERCALL_INPUT);
		assert_status(raw(core_caller(), control_of(i) ^ BIT(32), 0, 0), INVALID_HYPERCALL_INPUT);
	}
}

/* Misaligned, or over the end of a page, for each call that has parameters. */
static void parameters_must_be_aligned_and_inside_a_page(void **state) {
	const uint64_t in = page();
	const uint64_t out = page();

	(void)state;
	hint_all(true);
	for (unsigned i = 0; i < ARRAY_COUNT(calls); i++) {
		const uint64_t in_size = calls[i].in + (is_rep(i) ? calls[i].rep_in : 0u);
		const uint64_t out_size = calls[i].out + (is_rep(i) ? calls[i].rep_out : 0u);

		if (calls[i].form == HYPERCALL_REGISTER)
			continue;
		if (in_size > 0) {
			assert_status(raw(core_caller(), control_of(i), in + 4, out), INVALID_ALIGNMENT);
			assert_status(raw(core_caller(), control_of(i), in + 1, out), INVALID_ALIGNMENT);
		}
		if (in_size > 8)
			assert_status(raw(core_caller(), control_of(i), in + PAGE_SIZE - 8, out), INVALID_ALIGNMENT);
		if (out_size > 0)
			assert_status(raw(core_caller(), control_of(i), in, out + 4), INVALID_ALIGNMENT);
		if (out_size > 8)
			assert_status(raw(core_caller(), control_of(i), in, out + PAGE_SIZE - 8), INVALID_ALIGNMENT);
	}
	hint_all(false);
}

/* The kernel's memory, MMIO, and addresses that nobody has. */
static void parameters_must_be_memory_of_the_caller(void **state) {
	static const uint64_t bad[] = {FAKE_KERNEL_FIRST * PAGE_SIZE, 0xfee00000, 0xfec00000,
	                               FAKE_FRAMES * PAGE_SIZE,       BIT(40),    ~0xfffull};
	const uint64_t good = page();

	(void)state;
	hint_all(true);
	for (unsigned i = 0; i < ARRAY_COUNT(calls); i++) {
		if (calls[i].form == HYPERCALL_REGISTER || calls[i].in == 0)
			continue;
		for (unsigned b = 0; b < ARRAY_COUNT(bad); b++)
			assert_status(raw(core_caller(), control_of(i), bad[b], good), INVALID_PARAMETER);
	}
	for (unsigned b = 0; b < ARRAY_COUNT(bad); b++)
		assert_status(raw(core_caller(), HV_CALL_GET_PARTITION_ID, 0, bad[b]), INVALID_PARAMETER);
	hint_all(false);
}

static struct vp_exit call_exit = {.reason = VP_EXIT_HYPERCALL, .instruction_length = 3};

static bool raises_ud(struct vp *vp) {
	const uint64_t event = HV_EVENT_PENDING | HV_EVENT_TYPE_EXCEPTION << 1 | 6ull << 16;
	const uint64_t rip = vp_read(vp, rip);
	bool is_ud;

	fake_cpu = vp->home;
	assert_ptr_equal(exit_handle(vp, &call_exit), vp);
	is_ud = vp->hw.event == event && vp_read(vp, rip) == rip;
	vp->hw.event = 0;
	return is_ud;
}

static void only_the_kernel_of_a_guest_may_call(void **state) {
	struct vp *vp = core_vp(core_child(64, 1), 0);
	struct vp_state *s = &fake_vp_of(vp)->state;

	(void)state;
	vp_gpr(vp)[HV_RCX] = HV_CALL_NOTIFY_LONG_SPIN_WAIT | HV_CONTROL_FAST;
	assert_false(raises_ud(vp));
	for (unsigned cpl = 1; cpl < 4; cpl++) {
		s->segment[VP_SS].attributes = (uint16_t)(0x93 | cpl << 5);
		assert_true(raises_ud(vp));
	}
	s->segment[VP_SS].attributes = 0x93;
	vp_state_reset(s);
	assert_true(raises_ud(vp));
}

/* Outside of 64-bit mode: EDX:EAX, EBX:ECX, EDI:ESI, result in EDX:EAX. */
static void callers_of_32_bits_use_register_pairs(void **state) {
	struct vp *vp = core_caller();
	struct vp_state *s = &fake_vp_of(vp)->state;
	const struct vp_state before = *s;
	uint64_t *gpr = vp_gpr(vp);
	const uint64_t out = page();
	uint64_t id;

	(void)state;
	s->segment[VP_CS].attributes = 0xc09b;
	s->rip = 0x1000;
	gpr[HV_RAX] = 0xaaaaaaaa00000000 | HV_CALL_GET_PARTITION_ID;
	gpr[HV_RDX] = 0xbbbbbbbb00000000;
	gpr[HV_RBX] = gpr[HV_RCX] = 0;
	gpr[HV_RDI] = 0xcccccccc00000000 | out >> 32;
	gpr[HV_RSI] = 0xdddddddd00000000 | (uint32_t)out;
	fake_cpu = vp->home;
	(void)exit_handle(vp, &call_exit);
	assert_int_equal(gpr[HV_RAX], HV_STATUS_SUCCESS);
	assert_int_equal(gpr[HV_RDX], 0);
	assert_int_equal(s->rip, 0x1003);
	memcpy(&id, fake_machine_bytes(sfn(out / PAGE_SIZE)), sizeof(id));
	assert_int_equal(id, PARENT_ID);
	/* A code that does not exist: the status is the low half. */
	gpr[HV_RAX] = 0x7777;
	gpr[HV_RDX] = 0;
	(void)exit_handle(vp, &call_exit);
	assert_int_equal(gpr[HV_RAX], HV_STATUS_INVALID_HYPERCALL_CODE);
	*s = before;
}

/* What the caller changes while the call runs does not matter: one copy. */
static void input_is_read_once(void **state) {
	const uint64_t in = page();
	struct hv_write_log_in *line = (void *)fake_machine_bytes(sfn(in / PAGE_SIZE));

	(void)state;
	line->level = HV_LOG_INFO;
	line->size = 11;
	memcpy(line->text,
	       "a\nb\x1b\x7f"
	       "cdefgh",
	       11);
	assert_status(raw(core_caller(), HV_CALL_WRITE_LOG, in, 0), SUCCESS);
	assert_string_equal(fake_log_line, "parent: a?b??cdefgh");
	assert_memory_equal(line->text,
	                    "a\nb\x1b\x7f"
	                    "cdefgh",
	                    11);
	line->size = 0;
	assert_status(raw(core_caller(), HV_CALL_WRITE_LOG, in, 0), INVALID_PARAMETER);
	line->size = HV_LOG_TEXT_SIZE + 1;
	assert_status(raw(core_caller(), HV_CALL_WRITE_LOG, in, 0), INVALID_PARAMETER);
	line->size = 1;
	line->level = HV_LOG_DEBUG + 1;
	assert_status(raw(core_caller(), HV_CALL_WRITE_LOG, in, 0), INVALID_PARAMETER);
}

/* The port is slow: the caller comes back for each portion. */
static void a_log_line_takes_as_many_calls_as_the_port_wants(void **state) {
	const uint64_t in = page();
	struct hv_write_log_in *line = (void *)fake_machine_bytes(sfn(in / PAGE_SIZE));
	struct vp_exit exit = {.reason = VP_EXIT_HYPERCALL, .instruction_length = 3};
	struct vp *vp = core_caller();
	const uint64_t rip = vp_read(vp, rip);

	(void)state;
	*line = (struct hv_write_log_in){.level = HV_LOG_INFO, .size = 1, .text = "x"};
	vp_gpr(vp)[HV_RCX] = HV_CALL_WRITE_LOG;
	vp_gpr(vp)[HV_RDX] = in;
	fake_log_portions = 2;
	for (unsigned i = 0; i < 2; i++) {
		assert_ptr_equal(exit_handle(vp, &exit), vp);
		assert_int_equal(vp_read(vp, rip), rip);
		assert_int_equal(fake_cpu->attention, 1);
	}
	fake_log_portions = 0;
	assert_ptr_equal(exit_handle(vp, &exit), vp);
	assert_int_equal(vp_read(vp, rip), rip + 3);
	assert_int_equal(vp_gpr(vp)[HV_RAX], HV_STATUS_SUCCESS);
}

static void a_flood_of_log_lines_is_dropped_and_counted(void **state) {
	struct hv_write_log_in in = {.level = HV_LOG_INFO, .size = 1, .text = "x"};
	struct hv_counters before;
	struct hv_counters after;
	const uint64_t zero = 0;

	(void)state;
	fake_tsc += 10 * FAKE_TSC_HZ;
	assert_status(core_call(HV_CALL_GET_COUNTERS, &zero, 8, &before, sizeof(before)), SUCCESS);
	for (unsigned i = 0; i < 1000; i++)
		assert_status(core_call(HV_CALL_WRITE_LOG, &in, sizeof(in), NULL, 0), SUCCESS);
	assert_status(core_call(HV_CALL_GET_COUNTERS, &zero, 8, &after, sizeof(after)), SUCCESS);
	assert_in_range(after.log_lines_dropped - before.log_lines_dropped, 400, 700);
	assert_int_equal(after.cpus.hypercalls - before.cpus.hypercalls, 1001);
}

static void the_checker_can_be_asked(void **state) {
	struct hv_check_invariants_out out;
	uint64_t in = 0;

	(void)state;
	(void)core_child(64, 2);
	assert_status(core_call(HV_CALL_CHECK_INVARIANTS, &in, 8, &out, sizeof(out)), SUCCESS);
	assert_int_equal(out.violations, 0);
	assert_int_equal(out.frames_checked, FAKE_FRAMES);
	assert_int_equal(out.first_bad_frame, ~0ull);
	in = 1;
	assert_status(core_call(HV_CALL_CHECK_INVARIANTS, &in, 8, &out, sizeof(out)), INVALID_PARAMETER);
	assert_status(core_call(HV_CALL_GET_COUNTERS, &in, 8, NULL, 0), INVALID_PARAMETER);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    core_test(a_child_is_refused_every_call_of_the_parents),
	    core_test(each_privilege_is_needed),
	    core_test(unknown_codes_are_refused),
	    core_test(malformed_control_words_are_refused_for_every_call),
	    core_test(parameters_must_be_aligned_and_inside_a_page),
	    core_test(parameters_must_be_memory_of_the_caller),
	    core_test(only_the_kernel_of_a_guest_may_call),
	    core_test(callers_of_32_bits_use_register_pairs),
	    core_test(input_is_read_once),
	    core_test(a_log_line_takes_as_many_calls_as_the_port_wants),
	    core_test(a_flood_of_log_lines_is_dropped_and_counted),
	    core_test(the_checker_can_be_asked),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
