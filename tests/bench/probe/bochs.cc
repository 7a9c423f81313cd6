/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The probe inside Bochs: called before each instruction (tools/lib/bochs.sh says
 * how it gets in) if there are options in BENCH_PROBE, separated by commas. Bochs knows
 * whether a guest runs, so that kernel and parent need no telling apart.
 */
#include <stdlib.h>
#include <string.h>

#include "bochs.h"
#include "cpu/cpu.h"

#include "probe.h"

bool bench_probe_is_on = getenv("BENCH_PROBE") != NULL;

static struct probe_counters counters;
static uint8_t known[2][PROBE_TEXT]; /* enum probe_dear + 1, and WATCHED */
static bool has_low_points;
static bool awaits_first;
static bool is_entering;

enum { DEAR = 0x3f, WATCHED = 0x40 };

void probe_read(struct probe_counters *out, bool with_sites)
{
	if (with_sites)
		*out = counters;
	else
		memcpy(out->part, counters.part, sizeof(out->part));
}

static void take_options(void)
{
	char *copy = strdup(getenv("BENCH_PROBE"));

	for (char *o = strtok(copy, ","); o != NULL; o = strtok(NULL, ",")) {
		if (!probe_option(o))
			exit(2);
		has_low_points = has_low_points || strstr(o, "/o:") != NULL;
		awaits_first = awaits_first || strstr(o, "/f:") != NULL;
	}
	free(copy);
}

static uint8_t learn(enum probe_part part, uint32_t offset, bxInstruction_c *i)
{
	enum probe_dear dear = probe_classify(i->get_opcode_bytes(), i->ilen());
	bool is_point = probe_is_point(part, PROBE_BASE + offset);

	probe_note(part, offset, dear);
	if (part == PROBE_KERNEL && (dear == PROBE_WORLD || dear == PROBE_OPEN))
		is_point = true;
	known[part][offset] = (uint8_t)(dear + 1 | (is_point ? WATCHED : 0));
	return known[part][offset];
}

static void count_known(enum probe_part part, uint32_t offset, bxInstruction_c *i)
{
	uint8_t what = known[part][offset];
	int dear;

	if (what == 0)
		what = learn(part, offset, i);
	counters.at[part][offset]++;
	if (is_entering && part == PROBE_KERNEL) {
		is_entering = false;
		probe_on_entry(PROBE_BASE + offset);
	}
	if (!(what & WATCHED))
		return;
	dear = (what & DEAR) - 1;
	if (part == PROBE_KERNEL && (dear == PROBE_WORLD || dear == PROBE_OPEN)) {
		probe_on_open(PROBE_BASE + offset);
		is_entering = dear == PROBE_WORLD;
	}
	probe_on_point(part, PROBE_BASE + offset);
}

void bench_probe(unsigned cpu, bxInstruction_c *i)
{
	static bool has_options;
	BX_CPU_C *c = BX_CPU(cpu);
	uint64_t address = c->get_instruction_pointer();
	enum probe_mark mark;

	if (!has_options) {
		has_options = true;
		take_options();
	}
	if (address - PROBE_BASE < PROBE_TEXT) {
		enum probe_part part =
		    c->in_vmx_guest || c->in_svm_guest ? PROBE_PARENT : PROBE_KERNEL;

		counters.part[part]++;
		count_known(part, (uint32_t)(address - PROBE_BASE), i);
		return;
	}
	counters.part[PROBE_OTHER]++;
	if (i->ilen() == 8) {
		mark = probe_mark_of(i->get_opcode_bytes(), 8);
		if (mark != PROBE_NO_MARK)
			probe_on_mark(mark);
	}
	if (has_low_points && probe_is_point(PROBE_OTHER, address))
		probe_on_point(PROBE_OTHER, address);
	if (awaits_first && probe_is_first(address)) {
		awaits_first = false;
		probe_on_first(address);
	}
}
