/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Tests of flushes and interrupts that a guest's kernel sends to many of its VPs:
 * to whom, when a flush has happened, and what is refused [TLFS "Virtual MMU"].
 */
#include "core_test.h"
#include "core/exit.h"
#include "core/sched.h"
#include "core/vp_events.h"
#include "mm/gpa_space.h"

#define VPS     5u
#define VECTOR  0x61u
#define EVERY   HV_FLUSH_ALL_PROCESSORS
#define WORDS   HV_CONTROL_VARHEAD_SHIFT
#define REPS(n) ((uint64_t)(n) << HV_CONTROL_REP_COUNT_SHIFT)

static struct partition *p;
static struct vp *caller;          /* VP 0 */
static const uint64_t in_page = 8; /* of the child's RAM */
static uint8_t *bytes;

/* VPs 0 to 3 run or are ready, with open APICs; VP 4 waits for its SIPI. VPs 1 and
 * 3 share a processor, and VP 1 runs. */
static int setup(void **state) {
	spa_t at;

	(void)core_world_setup(state);
	p = core_child(100, VPS);
	p->cpu.hints = CPUID_CHILD_HINTS;
	caller = core_vp(p, 0);
	for (unsigned i = 0; i + 1 < VPS; i++) {
		core_start(core_vp(p, i));
		p->vp[i]->lapic.reg[LAPIC_SVR] |= LAPIC_SVR_ENABLE;
	}
	core_running(caller);
	core_running(core_vp(p, 1));
	assert_status(gpa_space_translate(&p->space, gpa(in_page * PAGE_SIZE), HV_MAP_GPA_READABLE, &at), SUCCESS);
	bytes = fake_machine_bytes(spa_to_sfn(at));
	memset(bytes, 0, PAGE_SIZE);
	return 0;
}

static enum hv_status call(uint64_t control, const void *in, size_t size) {
	memcpy(bytes, in, size);
	return (enum hv_status)(core_raw_call(caller, control, in_page * PAGE_SIZE, 0) & HV_RESULT_STATUS_MASK);
}

/* VPs that will have forgotten by their next entry. */
static uint64_t flushed(void) {
	uint64_t vps = 0;

	for (unsigned i = 0; i < VPS; i++)
		if (p->vp[i]->hw.flush_pending || (p->vp[i]->posted & POSTED_FLUSH)) {
			vps |= BIT(i);
			p->vp[i]->hw.flush_pending = false;
			p->vp[i]->posted &= ~POSTED_FLUSH;
		}
	return vps;
}

/* VPs that got the interrupt, and nothing else. */
static uint64_t interrupted(void) {
	uint64_t vps = 0;

	for (unsigned i = 0; i < VPS; i++) {
		if (p->vp[i]->posted_irr[VECTOR / 64] & BIT(VECTOR % 64))
			vps |= BIT(i);
		memset(p->vp[i]->posted_irr, 0, sizeof(p->vp[i]->posted_irr));
		p->vp[i]->posted = 0;
	}
	return vps;
}

static void a_flush_reaches_exactly_the_vps_of_the_mask(void **state) {
	struct hv_flush_in in = {.address_space = 0x1234000};

	(void)state;
	for (uint64_t mask = 0; mask < BIT(VPS); mask++) {
		in.processor_mask = mask;
		in.flags = mask & 6;
		assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, &in, sizeof(in)), SUCCESS);
		assert_int_equal(flushed(), mask);
		assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST | REPS(3), &in, sizeof(in)), SUCCESS);
		assert_int_equal(flushed(), mask);
	}
	in = (struct hv_flush_in){.flags = EVERY, .processor_mask = ~0ull};
	assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, &in, sizeof(in)), SUCCESS);
	assert_int_equal(flushed(), BIT(VPS) - 1);
}

static void a_flush_of_a_set_reaches_exactly_its_vps(void **state) {
	struct {
		struct hv_flush_ex_in fixed;
		uint64_t bank;
		uint64_t list[2];
	} in = {.fixed = {.processor_set = {.valid_banks = 1}}};

	(void)state;
	for (uint64_t mask = 0; mask < BIT(VPS); mask++) {
		in.bank = mask;
		assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX | 1ull << WORDS, &in, sizeof(in)), SUCCESS);
		assert_int_equal(flushed(), mask);
		assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX | 1ull << WORDS | REPS(2), &in, sizeof(in)),
		              SUCCESS);
		assert_int_equal(flushed(), mask);
	}
	in.bank = 0;
	in.fixed.flags = EVERY;
	assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX | 1ull << WORDS, &in, sizeof(in)), SUCCESS);
	assert_int_equal(flushed(), BIT(VPS) - 1);
	in.fixed = (struct hv_flush_ex_in){.processor_set = {.format = HV_VP_SET_ALL}};
	assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, &in, sizeof(in)), SUCCESS);
	assert_int_equal(flushed(), BIT(VPS) - 1);
}

static void a_list_is_done_at_once_and_says_so(void **state) {
	const struct hv_flush_in in = {.flags = EVERY};
	uint64_t result;

	(void)state;
	memcpy(bytes, &in, sizeof(in));
	result = core_raw_call(caller, HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST | REPS(500), in_page * PAGE_SIZE, 0);
	assert_int_equal(result, 500ull << HV_RESULT_REPS_SHIFT);
}

static unsigned kicks;

static void count_kick(struct cpu *cpu) {
	(void)cpu;
	kicks++;
}

/* One pass of a flush of VP 1, which runs: true once it is over. */
static bool flush_pass(void) {
	const struct hv_flush_in in = {.processor_mask = 2};
	struct vp_exit exit = {.reason = VP_EXIT_HYPERCALL, .instruction_length = 3};
	const uint64_t rip = vp_read(caller, rip);

	memcpy(bytes, &in, sizeof(in));
	vp_gpr(caller)[HV_RCX] = HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE;
	vp_gpr(caller)[HV_RDX] = in_page * PAGE_SIZE;
	fake_cpu = caller->home;
	assert_ptr_equal(exit_handle(caller, &exit), caller);
	if (vp_read(caller, rip) == rip + 3)
		return true;
	assert_int_equal(vp_read(caller, rip), rip); /* it asks again */
	assert_int_equal(fake_cpu->attention, 1);
	return false;
}

static void a_flush_ends_when_no_target_runs_on_old_translations(void **state) {
	void (*on_kick)(struct cpu * cpu) = fake_on_kick;

	(void)state;
	kicks = 0;
	fake_on_kick = count_kick;
	assert_false(flush_pass());
	assert_false(flush_pass());
	assert_int_equal(kicks, 1); /* who has not answered yet need not be told twice */
	assert_true(p->vp[1]->posted & POSTED_FLUSH);
	p->vp[1]->home->sched->running = NULL;
	assert_true(flush_pass());
	assert_int_equal(vp_gpr(caller)[HV_RAX], HV_STATUS_SUCCESS);
	fake_on_kick = on_kick;
}

/* It takes what was posted, and at once another VP's flush posts again. */
static void take_and_be_asked_again(struct cpu *cpu) {
	(void)cpu;
	kicks++;
	vp_take_flush(p->vp[1]);
	p->vp[1]->posted |= POSTED_FLUSH;
}

static void a_flush_does_not_wait_for_those_of_others(void **state) {
	void (*on_kick)(struct cpu * cpu) = fake_on_kick;
	const struct hv_flush_in in = {.processor_mask = 2};

	(void)state;
	kicks = 0;
	fake_on_kick = take_and_be_asked_again;
	assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, &in, sizeof(in)), SUCCESS);
	fake_on_kick = on_kick;
	assert_int_equal(kicks, 1);
	assert_true(p->vp[1]->hw.flush_pending);
}

static void a_vp_that_does_not_run_is_neither_kicked_nor_awaited(void **state) {
	const struct hv_flush_in in = {.processor_mask = 1 << 3 | 1 << 4};

	(void)state;
	memset(fake_kicks, 0, sizeof(fake_kicks));
	assert_status(call(HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, &in, sizeof(in)), SUCCESS);
	assert_int_equal(fake_kicks[0] + fake_kicks[1], 0);
	assert_int_equal(p->vp[3]->posted, POSTED_FLUSH);
	assert_int_equal(p->vp[4]->hold, HOLD_STARTUP); /* nor woken */
}

/* Two that flush each other at once: each serves the other while it waits. */
static void a_vp_that_waits_for_a_flush_takes_its_own(void **state) {
	void (*on_kick)(struct cpu * cpu) = fake_on_kick;

	(void)state;
	fake_on_kick = count_kick;
	caller->hw.flush_pending = false;
	caller->posted |= POSTED_FLUSH;
	assert_false(flush_pass());
	fake_on_kick = on_kick;
	assert_true(caller->hw.flush_pending);
	assert_false(caller->posted & POSTED_FLUSH);
}

static void an_interrupt_reaches_exactly_the_vps_of_the_mask_that_accept_it(void **state) {
	struct hv_cluster_ipi_in in = {.ipi.vector = VECTOR};

	(void)state;
	for (uint64_t mask = 0; mask < BIT(VPS); mask++) {
		in.processor_mask = mask;
		assert_status(call(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, &in, sizeof(in)), SUCCESS);
		assert_int_equal(interrupted(), mask & 15);
		assert_int_equal(
		    core_raw_call(caller, HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI | HV_CONTROL_FAST, VECTOR, mask),
		    HV_STATUS_SUCCESS);
		assert_int_equal(interrupted(), mask & 15);
	}
}

static void an_interrupt_reaches_exactly_the_vps_of_a_set(void **state) {
	struct {
		struct hv_cluster_ipi_ex_in fixed;
		uint64_t bank;
	} in = {.fixed = {.ipi.vector = VECTOR, .processor_set.valid_banks = 1}};

	(void)state;
	for (uint64_t mask = 0; mask < BIT(VPS); mask++) {
		in.bank = mask;
		assert_status(call(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX | 1ull << WORDS, &in, sizeof(in)), SUCCESS);
		assert_int_equal(interrupted(), mask & 15);
	}
	in.fixed.processor_set = (struct hv_vp_set){.format = HV_VP_SET_ALL};
	assert_status(call(HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX, &in, sizeof(in)), SUCCESS);
	assert_int_equal(interrupted(), 15);
}

/* Each twice, and nothing has happened after it. */
static void refused(enum hv_status status, uint64_t control, const void *in, size_t size) {
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(call(control, in, size), status);
		assert_int_equal(flushed(), 0);
		assert_int_equal(interrupted(), 0);
	}
}

static void illegal_flushes_change_nothing(void **state) {
	struct hv_flush_in in = {0};
	struct {
		struct hv_flush_ex_in fixed;
		uint64_t bank[64];
	} ex = {.fixed = {.processor_set = {.valid_banks = ~0ull}}};

	(void)state;
	for (unsigned bit = 3; bit < 64; bit++) {
		in.flags = BIT(bit) | EVERY;
		refused(HV_STATUS_INVALID_PARAMETER, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, &in, sizeof(in));
		refused(HV_STATUS_INVALID_PARAMETER, HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST | REPS(1), &in, sizeof(in));
	}
	for (unsigned bit = VPS; bit < 64; bit++) {
		in = (struct hv_flush_in){.processor_mask = BIT(bit) | 1};
		refused(HV_STATUS_INVALID_VP_INDEX, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, &in, sizeof(in));
	}
	/* XSA-475: every bank valid and full. */
	memset(ex.bank, 0xff, sizeof(ex.bank));
	refused(HV_STATUS_INVALID_VP_INDEX, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX | 64ull << WORDS, &ex, sizeof(ex));
	for (unsigned words = 0; words < 64; words++)
		refused(HV_STATUS_INVALID_HYPERCALL_INPUT,
		        HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX | (uint64_t)words << WORDS, &ex, sizeof(ex));
	ex.fixed.processor_set = (struct hv_vp_set){.format = 2};
	refused(HV_STATUS_INVALID_PARAMETER, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, &ex, sizeof(ex));
	ex.fixed = (struct hv_flush_ex_in){.flags = 8, .processor_set = {.format = HV_VP_SET_ALL}};
	refused(HV_STATUS_INVALID_PARAMETER, HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX | REPS(1), &ex, sizeof(ex));
}

static void illegal_interrupts_change_nothing(void **state) {
	struct hv_cluster_ipi_in in;
	struct {
		struct hv_cluster_ipi_ex_in fixed;
		uint64_t bank[64];
	} ex = {.fixed = {.ipi.vector = VECTOR, .processor_set.valid_banks = ~0ull}};

	(void)state;
	for (uint32_t vector = 0; vector < 0x210; vector = vector == 15 ? 0x100 : vector + 1) {
		in = (struct hv_cluster_ipi_in){.ipi.vector = vector, .processor_mask = 15};
		refused(HV_STATUS_INVALID_PARAMETER, HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, &in, sizeof(in));
	}
	for (unsigned bit = 0; bit < 8; bit++) {
		in = (struct hv_cluster_ipi_in){.ipi = {VECTOR, (uint8_t)BIT(bit), {0}}, .processor_mask = 15};
		refused(HV_STATUS_INVALID_PARAMETER, HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, &in, sizeof(in));
	}
	for (unsigned bit = VPS; bit < 64; bit++) {
		in = (struct hv_cluster_ipi_in){.ipi.vector = VECTOR, .processor_mask = BIT(bit) | 1};
		refused(HV_STATUS_INVALID_VP_INDEX, HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, &in, sizeof(in));
	}
	memset(ex.bank, 0xff, sizeof(ex.bank));
	refused(HV_STATUS_INVALID_VP_INDEX, HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX | 64ull << WORDS, &ex, sizeof(ex));
	refused(HV_STATUS_INVALID_HYPERCALL_INPUT, HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX | 63ull << WORDS, &ex,
	        sizeof(ex));
}

static void each_call_needs_its_hints(void **state) {
	static const struct {
		uint64_t control;
		uint64_t hints;
	} rows[] = {
	    {HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, HV_HINT_REMOTE_TLB_FLUSH},
	    {HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST | REPS(1), HV_HINT_REMOTE_TLB_FLUSH},
	    {HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX, HV_HINT_REMOTE_TLB_FLUSH | HV_HINT_EX_PROCESSOR_MASKS},
	    {HV_CALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX | REPS(1), HV_HINT_REMOTE_TLB_FLUSH | HV_HINT_EX_PROCESSOR_MASKS},
	    {HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI, HV_HINT_CLUSTER_IPI},
	    {HV_CALL_SEND_SYNTHETIC_CLUSTER_IPI_EX, HV_HINT_CLUSTER_IPI | HV_HINT_EX_PROCESSOR_MASKS},
	};
	static const uint64_t all = HV_HINT_REMOTE_TLB_FLUSH | HV_HINT_CLUSTER_IPI | HV_HINT_EX_PROCESSOR_MASKS;
	const uint64_t none[4] = {0};

	(void)state;
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++)
		for (uint64_t hints = 0; hints <= all; hints++) {
			p->cpu.hints = hints & CPUID_CHILD_HINTS;
			assert_int_equal(call(rows[i].control, none, sizeof(none)) == HV_STATUS_ACCESS_DENIED,
			                 (rows[i].hints & ~hints) != 0);
		}
}

#define broadcast_test(name) cmocka_unit_test_setup_teardown(name, setup, core_world_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
	    broadcast_test(a_flush_reaches_exactly_the_vps_of_the_mask),
	    broadcast_test(a_flush_of_a_set_reaches_exactly_its_vps),
	    broadcast_test(a_list_is_done_at_once_and_says_so),
	    broadcast_test(a_flush_ends_when_no_target_runs_on_old_translations),
	    broadcast_test(a_flush_does_not_wait_for_those_of_others),
	    broadcast_test(a_vp_that_does_not_run_is_neither_kicked_nor_awaited),
	    broadcast_test(a_vp_that_waits_for_a_flush_takes_its_own),
	    broadcast_test(an_interrupt_reaches_exactly_the_vps_of_the_mask_that_accept_it),
	    broadcast_test(an_interrupt_reaches_exactly_the_vps_of_a_set),
	    broadcast_test(illegal_flushes_change_nothing),
	    broadcast_test(illegal_interrupts_change_nothing),
	    broadcast_test(each_call_needs_its_hints),
	};

	core_world_boot(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
