/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The probe as a plugin of QEMU: -plugin file=FILE,out=...,span=... Each
 * instruction adds to two counters where it was translated; callbacks are for
 * marks, points and the kernel's world switches only.
 */
#include "probe.h"
#include "qemu_plugin_api.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 4;

static struct qemu_plugin_scoreboard *score;

/* Kernel and parent share their addresses but not their frames: their text lies
 * at two distances from QEMU's copy of it, and the kernel's is seen first. */
static uint64_t distance[2];

static enum probe_part part_of(const struct qemu_plugin_insn *insn, uint64_t address) {
	uint64_t here = (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(insn) - address;

	if (address - PROBE_BASE >= PROBE_TEXT)
		return PROBE_OTHER;
	for (unsigned i = 0; i < 2; i++) {
		if (distance[i] == 0)
			distance[i] = here;
		if (distance[i] == here)
			return (enum probe_part)i;
	}
	return PROBE_OTHER;
}

void probe_read(struct probe_counters *out, bool with_sites) {
	int count = qemu_plugin_num_vcpus();

	for (unsigned i = 0; i < PROBE_PARTS; i++)
		out->part[i] = 0;
	for (unsigned v = 0; v < (unsigned)count; v++) {
		const struct probe_counters *c = qemu_plugin_scoreboard_find(score, v);

		for (unsigned i = 0; i < PROBE_PARTS; i++)
			out->part[i] += c->part[i];
		if (!with_sites)
			continue;
		for (unsigned part = 0; part < 2; part++)
			for (uint32_t i = 0; i < PROBE_TEXT; i++)
				out->at[part][i] = c->at[part][i] + (v > 0 ? out->at[part][i] : 0);
	}
}

static void on_mark(unsigned int vcpu, void *data) {
	(void)vcpu;
	probe_on_mark((enum probe_mark)(uintptr_t)data);
}

static void on_kernel_point(unsigned int vcpu, void *data) {
	(void)vcpu;
	probe_on_point(PROBE_KERNEL, (uint64_t)(uintptr_t)data);
}

static void on_parent_point(unsigned int vcpu, void *data) {
	(void)vcpu;
	probe_on_point(PROBE_PARENT, (uint64_t)(uintptr_t)data);
}

static void on_other_point(unsigned int vcpu, void *data) {
	(void)vcpu;
	probe_on_point(PROBE_OTHER, (uint64_t)(uintptr_t)data);
}

static void on_open(unsigned int vcpu, void *data) {
	(void)vcpu;
	probe_on_open((uint64_t)(uintptr_t)data);
}

static void on_entry(unsigned int vcpu, void *data) {
	(void)vcpu;
	probe_on_entry((uint64_t)(uintptr_t)data);
}

static void call(struct qemu_plugin_insn *insn, qemu_plugin_insn_callback callback, uint64_t value) {
	qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)value);
}

static void count(struct qemu_plugin_insn *insn, size_t offset) {
	qemu_plugin_u64 entry = {score, offset};

	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, entry, 1);
}

/* Where a VMRUN returns to: the instruction behind it. */
static uint64_t behind_vmrun;

static void watch(struct qemu_plugin_insn *insn, enum probe_part part, uint64_t address, enum probe_dear dear) {
	static const qemu_plugin_insn_callback on_point[PROBE_PARTS] = {on_kernel_point, on_parent_point,
	                                                                on_other_point};

	if (part == PROBE_KERNEL && (dear == PROBE_WORLD || dear == PROBE_OPEN))
		call(insn, on_open, address);
	if (part == PROBE_KERNEL && dear == PROBE_WORLD)
		behind_vmrun = address + qemu_plugin_insn_size(insn);
	if (part == PROBE_KERNEL && address == behind_vmrun)
		call(insn, on_entry, address);
	if (probe_is_point(part, address))
		call(insn, on_point[part], address);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		enum probe_part part = part_of(insn, address);
		uint8_t code[16] = {0};
		size_t size = qemu_plugin_insn_data(insn, code, sizeof(code));
		enum probe_mark mark = probe_mark_of(code, size);
		enum probe_dear dear = PROBE_CHEAP;

		/* What is translated first is executed next. */
		if (part == PROBE_OTHER && probe_is_first(address))
			probe_on_first(address);
		count(insn, offsetof(struct probe_counters, part) + part * sizeof(uint64_t));
		if (part != PROBE_OTHER) {
			uint32_t offset = (uint32_t)(address - PROBE_BASE);

			dear = probe_classify(code, size);
			probe_note(part, offset, dear);
			count(insn, offsetof(struct probe_counters, at) +
			                ((size_t)part * PROBE_TEXT + offset) * sizeof(uint64_t));
		}
		if (mark != PROBE_NO_MARK)
			call(insn, on_mark, (uint64_t)mark);
		watch(insn, part, address, dear);
	}
}

static void on_end(qemu_plugin_id_t id, void *data) {
	(void)id;
	(void)data;
	probe_finish();
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv) {
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!probe_option(argv[i]))
			return -1;
	score = qemu_plugin_scoreboard_new(sizeof(struct probe_counters));
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
