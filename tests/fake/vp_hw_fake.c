/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The third vendor, see vp_hw_fake.h, and what vp_context.c does elsewhere. */
#include "fake/vp_hw_fake.h"

#include <string.h>

#include "arch/x86/vp_context.h"
#include "core/cpu.h"
#include "core/partition.h"
#include "fake/machine_fake.h"
#include "lib/check.h"
#include "lib/list.h"

_Static_assert(sizeof(struct fake_vp) <= PAGE_SIZE, "the control page is a page");

void (*fake_guest)(struct vp *vp, struct fake_vp *f, struct vp_exit *exit);
void (*fake_on_set_state)(struct vp *vp);

static struct vp_hw *loaded[MAX_CPUS];

static struct fake_vp *fake_of(const struct vp_hw *hw) { return hw->control; }

static void unload(void) {
	struct vp_hw **slot = &loaded[fake_cpu->index];

	if (*slot != NULL)
		(*slot)->loaded_on = NULL;
	*slot = NULL;
}

const uint8_t vp_hw_hypercall_bytes[3] = {0x0f, 0x01, 0xd9};

const char *vp_hw_cpu_enable(struct cpu *cpu) {
	(void)cpu;
	return NULL;
}

void vp_hw_init_shared(void) {}

void vp_hw_init(struct vp_hw *hw) { memset(hw->control, 0, sizeof(struct fake_vp)); }

void vp_hw_get_state(struct vp_hw *hw, struct vp_state *s) {
	check(hw->loaded_on == NULL || hw->loaded_on == fake_cpu);
	*s = fake_of(hw)->state;
	s->event = hw->event;
}

void vp_hw_set_state(struct vp_hw *hw, const struct vp_state *s) {
	check(hw->loaded_on == NULL || hw->loaded_on == fake_cpu);
	if (hw->loaded_on != NULL)
		unload();
	if (fake_on_set_state != NULL)
		fake_on_set_state(container_of(hw, struct vp, hw));
	fake_of(hw)->state = *s;
	hw->event = s->event;
}

static void deliver(struct vp_hw *hw) {
	struct fake_vp *f = fake_of(hw);

	if (!(hw->event & HV_EVENT_PENDING))
		return;
	f->last_event = hw->event;
	f->delivered++;
	if ((hw->event >> HV_EVENT_TYPE_SHIFT & 7) == HV_EVENT_TYPE_NMI)
		f->is_nmi_blocked = true;
	hw->event = 0;
}

void vp_hw_enter(struct vp_hw *hw, struct vp_exit *exit) {
	struct vp *vp = container_of(hw, struct vp, hw);
	struct fake_vp *f = fake_of(hw);
	uint64_t value;

	check(vp->hold == 0);
	check(vp->home == fake_cpu);
	check(fake_cpu->lock_ranks == 0);
	check(hw->loaded_on == NULL || hw->loaded_on == fake_cpu);
	f->state.event = hw->event;
	check(vp_state_check(&f->state, &vp->partition->cpu.limits, &value) == VP_RULE_NONE);
	check(hw->cr8 <= 15);
	if (loaded[fake_cpu->index] != hw) {
		unload();
		loaded[fake_cpu->index] = hw;
		hw->loaded_on = fake_cpu;
	}
	hw->flush_pending = false;
	f->entries++;
	f->last_entered = fake_tsc;
	deliver(hw);
	memset(exit, 0, sizeof(*exit));
	fake_guest(vp, f, exit);
}

void vp_hw_put(void) { unload(); }

void vp_hw_flush_all(void) {}

uint64_t vp_hw_read(const struct vp_hw *hw, unsigned reg) {
	check(reg < VP_REG(event));
	return fake_of(hw)->state.reg[reg];
}

void vp_hw_write(struct vp_hw *hw, unsigned reg, uint64_t value) {
	check(reg < VP_REG(event));
	fake_of(hw)->state.reg[reg] = value;
	if (reg == VP_REG(rip))
		fake_of(hw)->state.interrupt_shadow = false;
}

unsigned vp_hw_cpl(const struct vp_hw *hw) {
	const struct vp_state *s = &fake_of(hw)->state;

	return s->cr0 & CR0_PE ? s->segment[VP_SS].attributes >> 5 & 3 : 0;
}

bool vp_hw_is_64_bit(const struct vp_hw *hw) {
	const struct vp_state *s = &fake_of(hw)->state;

	return (s->efer & EFER_LMA) && (s->segment[VP_CS].attributes & SEGMENT_L);
}

void vp_hw_segment(const struct vp_hw *hw, enum vp_segment n, struct hv_segment_register *out) {
	*out = fake_of(hw)->state.segment[n];
}

bool vp_hw_nmi_blocked(const struct vp_hw *hw) {
	return fake_of(hw)->is_nmi_blocked || fake_of(hw)->state.interrupt_shadow;
}

void fake_vp_long_mode(struct vp *vp) {
	struct vp_state *s = &fake_vp_of(vp)->state;

	vp_state_reset(s);
	s->rip = 0x1000;
	s->rflags = RFLAGS_FIXED | RFLAGS_IF;
	s->cr0 = CR0_PE | CR0_ET | CR0_PG;
	s->cr3 = 0x2000;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
	s->segment[VP_CS].base = 0;
	s->segment[VP_CS].attributes = 0x9b | SEGMENT_L;
	vp->waits_for_sipi = false;
}

/* --- Context that no vendor switches: there is none here. --- */

void vp_context_init(struct vp *vp) { (void)vp; }

void vp_context_switch(struct vp *vp) { check(vp->home == fake_cpu); }

void vp_context_fpu_trap(struct vp *vp) { vp->hw.traps_fpu = false; }

void vp_context_use_debug(struct vp *vp) { vp->hw.uses_debug = true; }

void vp_context_put(struct vp *vp) { (void)vp; }
