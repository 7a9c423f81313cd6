/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Regions, spans, the longest stretch, and the few opcodes that are told apart. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPANS       16u
#define FIRST_RANGE 0x40000000u

struct span {
	char name[32];
	struct probe_point from, to;
	bool is_light;
	bool is_from_entry; /* from the kernel's last entry before that point */
	bool is_from_first; /* from the first instruction at or above that point */
	bool is_open;
	struct probe_counters *start;
};

static FILE *out;
static struct span spans[SPANS];
static unsigned span_count;
static struct span between_marks = {.name = "-"};
static uint8_t dear_of[2][PROBE_TEXT];
static struct probe_counters *scratch;
static uint64_t stretch_start, stretch_longest;
static uint64_t stretch_from;
static uint64_t at_entry[PROBE_PARTS];
static bool has_stretch;
static struct probe_counters *stretch_sites; /* NULL: not asked for */

static const char *const dear_names[PROBE_DEAR] = {
    [PROBE_WORLD] = "world", [PROBE_VMCB] = "vmcb",   [PROBE_MSR] = "msr",
    [PROBE_CR] = "cr",       [PROBE_TLB] = "tlb",     [PROBE_LOCKED] = "locked",
    [PROBE_PORT] = "port",   [PROBE_XSAVE] = "xsave", [PROBE_OPEN] = "open",
};

static struct probe_counters *allocate(void) {
	struct probe_counters *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	return c;
}

static bool parse_point(const char *text, struct probe_point *point) {
	static const char parts[] = "kpoef";
	const char *part = strchr(parts, text[0]);

	if (text[0] == '\0' || part == NULL || text[1] != ':')
		return false;
	point->part = *part == 'e' ? PROBE_KERNEL : *part == 'f' ? PROBE_OTHER : (enum probe_part)(part - parts);
	point->address = strtoull(text + 2, NULL, 16);
	return point->address != 0;
}

static bool parse_span(const char *text, bool is_light) {
	struct span *s = &spans[span_count];
	const char *from = strchr(text, '/');
	const char *to = from != NULL ? strchr(from + 1, '/') : NULL;

	if (span_count == SPANS || to == NULL || (size_t)(from - text) >= sizeof(s->name) ||
	    !parse_point(from + 1, &s->from) || !parse_point(to + 1, &s->to))
		return false;
	memcpy(s->name, text, (size_t)(from - text));
	s->is_light = is_light;
	s->is_from_entry = is_light && from[1] == 'e';
	s->is_from_first = from[1] == 'f';
	s->start = allocate();
	span_count++;
	return true;
}

bool probe_option(const char *option) {
	bool is_good = false;

	if (strncmp(option, "out=", 4) == 0) {
		out = fopen(option + 4, "w");
		is_good = out != NULL;
	} else if (strncmp(option, "span=", 5) == 0) {
		is_good = parse_span(option + 5, false);
	} else if (strcmp(option, "stretch=sites") == 0) {
		stretch_sites = allocate();
		is_good = true;
	} else if (strncmp(option, "light=", 6) == 0) {
		is_good = parse_span(option + 6, true);
	}
	if (!is_good)
		fprintf(stderr, "probe: bad option '%s'\n", option);
	if (scratch == NULL) {
		scratch = allocate();
		between_marks.start = allocate();
	}
	return is_good;
}

static bool is_prefix(uint8_t byte) {
	return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e || byte == 0x36 ||
	       byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65 || (byte & 0xf0) == 0x40;
}

/* 0f 01 /r: SVM and VMX instructions share it with INVLPG (memory, reg 7). */
static enum probe_dear classify_group_7(uint8_t modrm) {
	switch (modrm) {
	case 0xd8: /* VMRUN */
	case 0xc2: /* VMLAUNCH */
	case 0xc3: /* VMRESUME */
		return PROBE_WORLD;
	case 0xda: /* VMLOAD */
	case 0xdb: /* VMSAVE */
		return PROBE_VMCB;
	case 0xdc: /* STGI */
		return PROBE_OPEN;
	case 0xdf: /* INVLPGA */
		return PROBE_TLB;
	default:
		return modrm < 0xc0 && (modrm >> 3 & 7) == 7 ? PROBE_TLB : PROBE_CHEAP;
	}
}

static enum probe_dear classify_two_byte(const uint8_t *code, size_t size) {
	uint8_t modrm = size > 2 ? code[2] : 0;

	switch (code[1]) {
	case 0x01:
		return classify_group_7(modrm);
	case 0x20:
	case 0x21:
	case 0x22:
	case 0x23:
		return PROBE_CR;
	case 0x30:
	case 0x32:
		return PROBE_MSR;
	case 0x38: /* INVEPT, INVVPID, INVPCID */
		return modrm >= 0x80 && modrm <= 0x82 ? PROBE_TLB : PROBE_CHEAP;
	case 0x78:
	case 0x79:
		return PROBE_VMCB;
	case 0xae: /* /0 FXSAVE /1 FXRSTOR /4 XSAVE /5 XRSTOR /6 XSAVEOPT, in memory */
		return modrm < 0xc0 && ((1u << (modrm >> 3 & 7)) & 0x73u) ? PROBE_XSAVE : PROBE_CHEAP;
	case 0xc7: /* /6 VMPTRLD or VMCLEAR; /3../5 XRSTORS, XSAVEC, XSAVES */
		if (modrm >= 0xc0)
			return PROBE_CHEAP;
		if ((modrm >> 3 & 7) == 6)
			return PROBE_VMCB;
		return (modrm >> 3 & 7) >= 3 && (modrm >> 3 & 7) <= 5 ? PROBE_XSAVE : PROBE_CHEAP;
	default:
		return PROBE_CHEAP;
	}
}

enum probe_dear probe_classify(const uint8_t *code, size_t size) {
	while (size > 1 && is_prefix(code[0])) {
		code++;
		size--;
	}
	switch (code[0]) {
	case 0xf0:
		return PROBE_LOCKED;
	case 0x86:
	case 0x87:
		return size > 1 && code[1] < 0xc0 ? PROBE_LOCKED : PROBE_CHEAP;
	case 0xe4:
	case 0xe5:
	case 0xe6:
	case 0xe7:
	case 0xec:
	case 0xed:
	case 0xee:
	case 0xef:
		return PROBE_PORT;
	case 0xf4:
	case 0xfb:
		return PROBE_OPEN;
	case 0x0f:
		return size > 1 ? classify_two_byte(code, size) : PROBE_CHEAP;
	default:
		return PROBE_CHEAP;
	}
}

/* NOP with a 32-bit displacement that nobody else uses (tests/bench/lib/bench.h). */
enum probe_mark probe_mark_of(const uint8_t *code, size_t size) {
	static const uint8_t nop[] = {0x0f, 0x1f, 0x84, 0x00};
	uint32_t displacement;

	if (size != 8 || memcmp(code, nop, sizeof(nop)) != 0)
		return PROBE_NO_MARK;
	memcpy(&displacement, code + 4, sizeof(displacement));
	if (displacement < 0x0b3c4001 || displacement > 0x0b3c4003)
		return PROBE_NO_MARK;
	return (enum probe_mark)(displacement - 0x0b3c4000);
}

static void begin(struct span *s) {
	if (s->is_from_entry)
		memcpy(s->start->part, at_entry, sizeof(at_entry));
	else
		probe_read(s->start, !s->is_light);
	s->is_open = true;
}

static struct span *span_of_first(uint64_t address) {
	for (unsigned i = 0; i < span_count; i++)
		if (spans[i].is_from_first && address - spans[i].from.address < FIRST_RANGE)
			return &spans[i];
	return NULL;
}

bool probe_is_first(uint64_t address) { return span_of_first(address) != NULL; }

void probe_on_first(uint64_t address) {
	struct span *s = span_of_first(address);

	s->is_from_first = false;
	begin(s);
}

bool probe_is_point(enum probe_part part, uint64_t address) {
	for (unsigned i = 0; i < span_count; i++)
		if ((spans[i].from.part == part && spans[i].from.address == address) ||
		    (spans[i].to.part == part && spans[i].to.address == address))
			return true;
	return false;
}

void probe_note(enum probe_part part, uint32_t offset, enum probe_dear dear) { dear_of[part][offset] = (uint8_t)dear; }

static void write_sites(const struct probe_counters *start) {
	for (unsigned part = 0; part < 2; part++)
		for (uint32_t i = 0; i < PROBE_TEXT; i++)
			if (scratch->at[part][i] != start->at[part][i])
				fprintf(out, "at %c %llx %llu\n", "kp"[part], (unsigned long long)(PROBE_BASE + i),
				        (unsigned long long)(scratch->at[part][i] - start->at[part][i]));
}

static void write_dear(const struct span *s) {
	uint64_t dear[PROBE_DEAR] = {0};

	for (unsigned part = 0; part < 2; part++)
		for (uint32_t i = 0; i < PROBE_TEXT; i++)
			if (dear_of[part][i] != PROBE_CHEAP)
				dear[dear_of[part][i]] += scratch->at[part][i] - s->start->at[part][i];
	for (unsigned i = PROBE_CHEAP + 1; i < PROBE_DEAR; i++)
		fprintf(out, " %s %llu", dear_names[i], (unsigned long long)dear[i]);
}

static void end(struct span *s, bool with_sites) {
	static const char *const names[PROBE_PARTS] = {"kernel", "parent", "other"};

	if (!s->is_open)
		return;
	s->is_open = false;
	probe_read(scratch, !s->is_light);
	fprintf(out, "region %s", s->name);
	for (unsigned i = 0; i < PROBE_PARTS; i++)
		fprintf(out, " %s %llu", names[i], (unsigned long long)(scratch->part[i] - s->start->part[i]));
	if (!s->is_light)
		write_dear(s);
	fputc('\n', out);
	if (with_sites)
		write_sites(s->start);
	fflush(out);
}

void probe_on_mark(enum probe_mark mark) {
	if (mark == PROBE_BEGIN)
		begin(&between_marks);
	else
		end(&between_marks, mark == PROBE_END_SITES);
}

void probe_on_point(enum probe_part part, uint64_t address) {
	for (unsigned i = 0; i < span_count; i++) {
		struct span *s = &spans[i];

		if (s->to.part == part && s->to.address == address)
			end(s, !s->is_light);
		if (s->from.part == part && s->from.address == address)
			begin(s);
	}
}

/* A stretch begins. Only kernel instructions count: no other runs within it. */
static void begin_stretch(uint64_t address) {
	stretch_start = scratch->part[PROBE_KERNEL];
	stretch_from = address;
	if (stretch_sites != NULL)
		memcpy(stretch_sites, scratch, sizeof(*scratch));
}

void probe_on_open(uint64_t address) {
	uint64_t length;

	probe_read(scratch, stretch_sites != NULL);
	length = scratch->part[PROBE_KERNEL] - stretch_start;
	if (has_stretch && length > stretch_longest) {
		stretch_longest = length;
		fprintf(out, "stretch %llu %llx %llx\n", (unsigned long long)length, (unsigned long long)stretch_from,
		        (unsigned long long)address);
		if (stretch_sites != NULL)
			write_sites(stretch_sites);
	}
	begin_stretch(address);
	has_stretch = true;
}

void probe_on_entry(uint64_t address) {
	probe_read(scratch, stretch_sites != NULL);
	memcpy(at_entry, scratch->part, sizeof(at_entry));
	begin_stretch(address);
}

void probe_finish(void) {
	if (out != NULL)
		fclose(out);
	out = NULL;
}
