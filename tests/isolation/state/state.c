/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Claim: a VP whose parent gives it a state that no processor may have is not
 * entered; its parent is told which rule broke, and nobody else notices. The
 * command line names the row; tests/machine/state.sh knows what must come of it:
 * a rule of docs/vp-state-rules.md, or (the last rows) the processor's own refusal
 * [SDM 3C 27.3.1 "Checks on the Guest State Area"].
 */
#include <stddef.h>
#include <hv_abi/registers.h>
#include <guest/console.h>
#include <guest/test.h>
#include "poke.h"
#include "word.h"

#define FIELD(name)      offsetof(struct hv_register_page, name)
#define BASE(n)          (FIELD(segment) + sizeof(struct hv_segment_register) * (n))
/* The word of limit, selector and attributes. */
#define REST(n)          (BASE(n) + 8)
#define ATTRIBUTES(bits) ((uint64_t)(bits) << 48)
#define TYPE             ATTRIBUTES(0xf)
#define S                ATTRIBUTES(0x10)
#define DPL              ATTRIBUTES(0x60)
#define P                ATTRIBUTES(0x80)
#define D                ATTRIBUTES(0x4000)
#define EVENT(type, vector)                                                                                            \
	(HV_EVENT_PENDING | (type) << HV_EVENT_TYPE_SHIFT | (uint64_t)(vector) << HV_EVENT_VECTOR_SHIFT)
#define BIT(n) (1ull << (n))

static const struct row {
	const char *name;
	uint64_t offset, clear, set;
	uint32_t dirty;
} rows[] = {
    /* clang-format off */
	{"cr0-reserved", FIELD(cr0), 0, BIT(6), HV_DIRTY_CONTROL},
	{"cr0-nw-without-cd", FIELD(cr0), BIT(30), BIT(29), HV_DIRTY_CONTROL},
	{"cr0-pg-without-pe", FIELD(cr0), BIT(0), 0, HV_DIRTY_CONTROL},
	{"cr3-high", FIELD(cr3), 0, BIT(51), HV_DIRTY_CONTROL},
	{"cr3-low", FIELD(cr3), 0, BIT(5), HV_DIRTY_CONTROL},
	{"cr4-reserved", FIELD(cr4), 0, BIT(31), HV_DIRTY_CONTROL},
	{"cr4-vmxe", FIELD(cr4), 0, BIT(13), HV_DIRTY_CONTROL},
	{"cr4-no-pae", FIELD(cr4), BIT(5), 0, HV_DIRTY_CONTROL},
	{"cr8", FIELD(cr8), 0, 16, HV_DIRTY_CONTROL},
	{"efer-reserved", FIELD(efer), 0, BIT(2), HV_DIRTY_CONTROL},
	{"efer-svme", FIELD(efer), 0, BIT(12), HV_DIRTY_CONTROL},
	{"efer-no-lma", FIELD(efer), BIT(10), 0, HV_DIRTY_CONTROL},
	{"efer-no-lme", FIELD(efer), BIT(8), 0, HV_DIRTY_CONTROL},
	{"dr7-high", FIELD(dr7), 0, BIT(32), HV_DIRTY_CONTROL},
	{"rip", FIELD(rip), ~0ull, BIT(47), HV_DIRTY_RIP},
	{"rflags-fixed", FIELD(rflags), ~0ull, 0, HV_DIRTY_FLAGS},
	{"rflags-reserved", FIELD(rflags), ~0ull, BIT(15) | BIT(1), HV_DIRTY_FLAGS},
	{"rflags-vm", FIELD(rflags), ~0ull, BIT(17) | BIT(1), HV_DIRTY_FLAGS},
	{"cs-l-and-d", REST(HV_PAGE_CS), 0, D, HV_DIRTY_SEGMENTS},
	{"es-base", BASE(HV_PAGE_ES), 0, BIT(32), HV_DIRTY_SEGMENTS},
	{"fs-base", BASE(HV_PAGE_FS), 0, BIT(47), HV_DIRTY_SEGMENTS},
	{"event-type", FIELD(pending_interruption), ~0ull, EVENT(1ull, 0x40), HV_DIRTY_EVENT},
	{"event-exception-2", FIELD(pending_interruption), ~0ull, EVENT(HV_EVENT_TYPE_EXCEPTION, 2), HV_DIRTY_EVENT},
	{"event-interrupt-15", FIELD(pending_interruption), ~0ull, EVENT(HV_EVENT_TYPE_INTERRUPT, 15), HV_DIRTY_EVENT},

	{"hardware-cs-data", REST(HV_PAGE_CS), TYPE, ATTRIBUTES(1), HV_DIRTY_SEGMENTS},
	{"hardware-cs-system", REST(HV_PAGE_CS), S, 0, HV_DIRTY_SEGMENTS},
	{"hardware-cs-absent", REST(HV_PAGE_CS), P, 0, HV_DIRTY_SEGMENTS},
	{"hardware-cs-dpl", REST(HV_PAGE_CS), 0, DPL, HV_DIRTY_SEGMENTS},
	{"hardware-ss-code", REST(HV_PAGE_SS), TYPE, P | S | ATTRIBUTES(0xb), HV_DIRTY_SEGMENTS},
	{"hardware-ss-system", REST(HV_PAGE_SS), S, P, HV_DIRTY_SEGMENTS},
	{"hardware-ds-execute-only", REST(HV_PAGE_DS), TYPE, P | S | ATTRIBUTES(9), HV_DIRTY_SEGMENTS},
	{"hardware-gs-system", REST(HV_PAGE_GS), S, P, HV_DIRTY_SEGMENTS},
	{"hardware-event-without-if", FIELD(pending_interruption), ~0ull, EVENT(HV_EVENT_TYPE_INTERRUPT, 0x40), HV_DIRTY_EVENT},
    /* clang-format on */
};

static bool equal(const char *a, const char *b) {
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void poke(const struct row *row) {
	__asm__ volatile("out %%eax, %[port]"
	                 :
	                 : "a"(row->dirty), "b"(row->offset), "c"(~row->clear), "d"(row->set), [port] "N"(POKE_PORT)
	                 : "memory");
}

int guest_main(void);
int guest_main(void) {
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (equal(command_word(), rows[i].name)) {
			guest_printf("the state: %s\n", rows[i].name);
			poke(&rows[i]);
			guest_printf("the guest goes on\n");
			return 0;
		}
	guest_printf("no state is called '%s'\n", command_word());
	return 1;
}
