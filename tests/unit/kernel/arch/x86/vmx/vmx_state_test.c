/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* struct vp_state into a VMCS and back; segments, shadows, events. */
#include "arch/x86/vmx/vmx_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <hv_abi/registers.h>
#include "arch/x86/vmx/vmcs.h"
#include "oracle/vmx_vmcs.h"

static struct vp_hw hw;

static int fresh_vp(void **state) {
	(void)state;
	vmx_vmcs_clear();
	memset(&hw, 0, sizeof(hw));
	vmcs_write(VMCS_ENTRY_CONTROLS, 0x11ff);
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmcs_write(VMCS_ENTRY_INTERRUPTION, 0);
	return 0;
}

/* Every field another value, of the kind that a processor holds. */
static void distinct_state(struct vp_state *s) {
	uint64_t *const words[] = {&s->rip,
	                           &s->cr2,
	                           &s->cr3,
	                           &s->dr6,
	                           &s->dr7,
	                           &s->segment[VP_GDTR].base,
	                           &s->segment[VP_IDTR].base,
	                           &s->pat,
	                           &s->star,
	                           &s->lstar,
	                           &s->cstar,
	                           &s->sfmask,
	                           &s->kernel_gs_base,
	                           &s->sysenter_cs,
	                           &s->sysenter_esp,
	                           &s->sysenter_eip};

	vp_state_reset(s);
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		*words[i] = 0x1000 + i;
	s->rflags = RFLAGS_FIXED | RFLAGS_IF;
	s->cr0 = CR0_PE | CR0_PG | CR0_ET | CR0_CD;
	s->cr4 = CR4_PAE | CR4_OSXSAVE;
	s->efer = EFER_LME | EFER_LMA | EFER_NXE;
	s->segment[VP_GDTR].limit = 0x7f;
	s->segment[VP_IDTR].limit = 0xfff;
	for (unsigned i = 0; i < VP_SEGMENT_COUNT; i++) {
		s->segment[i].base = 0x10000 + i;
		s->segment[i].selector = (uint16_t)(8 * i);
	}
	s->event = HV_EVENT_PENDING | HV_EVENT_TYPE_EXCEPTION << HV_EVENT_TYPE_SHIFT | 6ull << HV_EVENT_VECTOR_SHIFT;
	s->interrupt_shadow = true;
}

static void a_state_comes_back_as_it_was_set(void **state) {
	struct vp_state in, out;

	(void)state;
	distinct_state(&in);
	vmx_state_set(&hw, &in);
	memset(&out, 0xaa, sizeof(out));
	vmx_state_get(&hw, &out);
	assert_memory_equal(&out, &in, sizeof(in));
}

static void long_mode_is_an_entry_control(void **state) {
	struct vp_state s;

	(void)state;
	distinct_state(&s);
	vmx_state_set(&hw, &s);
	assert_int_equal(vmcs_read(VMCS_ENTRY_CONTROLS), 0x13ff);
	s.efer = 0;
	vmx_state_set(&hw, &s);
	assert_int_equal(vmcs_read(VMCS_ENTRY_CONTROLS), 0x11ff);
}

static void segments_get_the_hidden_part_that_a_load_makes(void **state) {
	static const struct {
		unsigned n;
		uint16_t attributes;
		uint32_t limit;
		uint32_t access;
		uint32_t expected_limit;
	} rows[] = {
	    {VP_DS, 0xc093, 0xffffffff, 0xc093, 0xffffffff},
	    {VP_DS, 0x0000, 0, 0x10000, 0},                  /* null: unusable */
	    {VP_SS, 0x0060, 0, 0x10060, 0},                  /* its DPL is the CPL */
	    {VP_CS, 0xa09a, 0xffffffff, 0xa09b, 0xffffffff}, /* accessed */
	    {VP_DS, 0x4093, 0xffffffff, 0xc093, 0xffffffff}, /* limit needs pages */
	    {VP_DS, 0xc093, 0x12345, 0x4093, 0x12345},       /* limit is in bytes */
	    {VP_DS, 0x4093, 0x123456, 0xc093, 0x123fff},     /* neither: rounded up */
	    {VP_DS, 0xcf93, 0xffffffff, 0xc093, 0xffffffff}, /* reserved bits */
	    {VP_TR, 0x0089, 0x67, 0x008b, 0x67},             /* busy */
	    {VP_TR, 0x0081, 0x67, 0x0083, 0x67},
	    {VP_TR, 0x0000, 0xffff, 0x008b, 0xffff}, /* never loaded */
	    {VP_LDTR, 0x0082, 0xffff, 0x0082, 0xffff},
	    {VP_LDTR, 0x0000, 0, 0x10000, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct hv_segment_register in = {
		    .base = 0x1000, .limit = rows[i].limit, .selector = 0x28, .attributes = rows[i].attributes};
		uint64_t access, limit;

		vmx_segment_set(rows[i].n, &in);
		access = vmcs_read(VMCS_GUEST_ES_ACCESS + 2 * rows[i].n);
		limit = vmcs_read(VMCS_GUEST_ES_LIMIT + 2 * rows[i].n);
		if (access != rows[i].access || limit != rows[i].expected_limit)
			fail_msg("row %u: access %llx, limit %llx", i, (unsigned long long)access,
			         (unsigned long long)limit);
	}
}

static void an_unusable_segment_is_not_present(void **state) {
	struct hv_segment_register out;

	(void)state;
	vmcs_write(VMCS_GUEST_ES_BASE + 2 * VP_DS, 0);
	vmcs_write(VMCS_GUEST_ES_LIMIT + 2 * VP_DS, 0);
	vmcs_write(VMCS_GUEST_ES_SELECTOR + 2 * VP_DS, 0);
	vmcs_write(VMCS_GUEST_ES_ACCESS + 2 * VP_DS, 0x1c093);
	vmx_segment_get(VP_DS, &out);
	assert_int_equal(out.attributes, 0xc013);
}

static void a_shadow_is_stis_with_if_and_mov_sss_without(void **state) {
	struct vp_state s;

	(void)state;
	vp_state_reset(&s);
	s.interrupt_shadow = true;
	vmx_state_set(&hw, &s);
	assert_int_equal(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY), VMX_BLOCKING_MOV_SS);
	assert_int_equal(vmcs_read(VMCS_GUEST_PENDING_DEBUG), 0);
	s.rflags |= RFLAGS_IF | RFLAGS_TF;
	vmx_state_set(&hw, &s);
	assert_int_equal(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY), VMX_BLOCKING_STI);
	/* The single step that the shadow holds back. */
	assert_int_equal(vmcs_read(VMCS_GUEST_PENDING_DEBUG), VMX_PENDING_DEBUG_BS);
}

static void blocked_nmis_stay_blocked_unless_one_is_pending(void **state) {
	struct vp_state s;

	(void)state;
	vp_state_reset(&s);
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, VMX_BLOCKING_NMI);
	vmx_state_set(&hw, &s);
	assert_int_equal(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY), VMX_BLOCKING_NMI);
	s.event = HV_EVENT_PENDING | HV_EVENT_TYPE_NMI << HV_EVENT_TYPE_SHIFT;
	vmx_state_set(&hw, &s);
	assert_int_equal(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY), 0);
}

static void events_are_written_as_entry_wants_them(void **state) {
	static const struct {
		uint64_t event;
		uint64_t cr0;
		uint64_t info;
	} rows[] = {
	    {0, CR0_PE, 0},
	    {0x300001, CR0_PE, 0x80000030}, /* an interrupt */
	    {0x30005, CR0_PE, 0x80000202},  /* an NMI, whatever its vector */
	    {0x60007, CR0_PE, 0x80000306},  /* #UD */
	    {0x60017, CR0_PE, 0x80000306},  /* has no error code */
	    {0xd0017, CR0_PE, 0x80000b0d},  /* #GP */
	    {0xd0007, CR0_PE, 0x80000b0d},  /* always has one */
	    {0xd0017, 0, 0x8000030d},       /* but in real mode */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vmcs_write(VMCS_ENTRY_INTERRUPTION, 0);
		vmcs_write(VMCS_GUEST_CR0, rows[i].cr0);
		hw.event = rows[i].event;
		vmx_event_write(&hw);
		if (vmcs_read(VMCS_ENTRY_INTERRUPTION) != rows[i].info)
			fail_msg("row %u: %llx", i, (unsigned long long)vmcs_read(VMCS_ENTRY_INTERRUPTION));
	}
	hw.event = 0xd0017 | 0x12347ull << HV_EVENT_ERROR_SHIFT;
	vmcs_write(VMCS_GUEST_CR0, CR0_PE);
	vmx_event_write(&hw);
	assert_int_equal(vmcs_read(VMCS_ENTRY_ERROR_CODE), 0x12347 & 0x7fff);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_state_comes_back_as_it_was_set, fresh_vp),
	    cmocka_unit_test_setup(long_mode_is_an_entry_control, fresh_vp),
	    cmocka_unit_test_setup(segments_get_the_hidden_part_that_a_load_makes, fresh_vp),
	    cmocka_unit_test_setup(an_unusable_segment_is_not_present, fresh_vp),
	    cmocka_unit_test_setup(a_shadow_is_stis_with_if_and_mov_sss_without, fresh_vp),
	    cmocka_unit_test_setup(blocked_nmis_stay_blocked_unless_one_is_pending, fresh_vp),
	    cmocka_unit_test_setup(events_are_written_as_entry_wants_them, fresh_vp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
