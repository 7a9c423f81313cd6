/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Who owns which registers on each processor. */
#include "arch/x86/vp_context.h"

#include "arch/x86/insn.h"
#include "core/cpu.h"
#include "core/partition.h"
#include "core/vp.h"
#include "lib/string.h"

/* All own processor. */
static struct context {
	struct vp *fpu;   /* whose extended state is in the registers */
	struct vp *debug; /* whose DR0-3 are in the registers */
	uint64_t xcr0;    /* in the register */
	uint64_t tsc_aux; /* in the MSR */
	bool knows_tsc_aux;
} contexts[MAX_CPUS];

static struct context *mine(void) { return &contexts[this_cpu()->index]; }

/* [SDM 1 13.6 "Processor Tracking of XSAVE-Managed State"]: all components in
 * their initial configuration, but MXCSR and the x87 control word are values. */
void vp_context_init(struct vp *vp) {
	uint8_t *area = vp->xsave;
	const uint16_t fcw = 0x37f;
	const uint32_t mxcsr = 0x1f80;

	memset(area, 0, PAGE_SIZE);
	memcpy(area, &fcw, sizeof(fcw));
	memcpy(area + 24, &mxcsr, sizeof(mxcsr));
}

/* Components of every VP's extended state. */
static uint64_t all_state(void) { return parent_partition.cpu.limits.xcr0_allowed; }

static void set_xcr0(struct context *c, uint64_t value) {
	if (c->xcr0 != value)
		xsetbv(0, value);
	c->xcr0 = value;
}

static void save_fpu(struct context *c) {
	set_xcr0(c, all_state());
	if (c->fpu != NULL)
		xsave(c->fpu->xsave, all_state());
	c->fpu = NULL;
}

static void load_fpu(struct context *c, struct vp *vp) {
	if (c->fpu != vp) {
		save_fpu(c);
		xrstor(vp->xsave, all_state());
		c->fpu = vp;
	}
	set_xcr0(c, vp->xcr0);
}

static void save_debug(struct context *c) {
	if (c->debug == NULL)
		return;
	c->debug->dr[0] = read_dr0();
	c->debug->dr[1] = read_dr1();
	c->debug->dr[2] = read_dr2();
	c->debug->dr[3] = read_dr3();
	c->debug = NULL;
}

static void load_debug(struct context *c, struct vp *vp) {
	if (c->debug == vp)
		return;
	save_debug(c);
	write_dr0(vp->dr[0]);
	write_dr1(vp->dr[1]);
	write_dr2(vp->dr[2]);
	write_dr3(vp->dr[3]);
	c->debug = vp;
}

void vp_context_switch(struct vp *vp) {
	struct context *c = mine();

	if (vp->partition->is_parent) {
		vp->hw.traps_fpu = c->fpu != vp;
		return;
	}
	load_fpu(c, vp);
	if (vp->hw.uses_debug)
		load_debug(c, vp);
	if (vp->partition->cpu.limits.has_tsc_aux && (!c->knows_tsc_aux || c->tsc_aux != vp->tsc_aux)) {
		wrmsr(MSR_TSC_AUX, vp->tsc_aux);
		c->tsc_aux = vp->tsc_aux;
		c->knows_tsc_aux = true;
	}
}

void vp_context_fpu_trap(struct vp *vp) {
	load_fpu(mine(), vp);
	vp->hw.traps_fpu = false;
}

void vp_context_use_debug(struct vp *vp) {
	vp_hw_put();
	vp->hw.uses_debug = true;
	load_debug(mine(), vp);
}

void vp_context_put(struct vp *vp) {
	struct context *c = mine();

	if (c->fpu == vp)
		save_fpu(c);
	if (c->debug == vp)
		save_debug(c);
}
