/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The array, by encoding [SDM 3D Appendix B "Field Encoding in VMCS"]. */
#include "oracle/vmx_vmcs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/vmx/vmcs.h"

#define FIELDS 0x8000u

static uint64_t fields[FIELDS];
static bool written[FIELDS];

void vmx_vmcs_clear(void) {
	memset(fields, 0, sizeof(fields));
	memset(written, 0, sizeof(written));
}

static void stop(const char *what, uint32_t field) {
	fprintf(stderr, "VMCS field %x %s\n", field, what);
	abort();
}

bool vmx_vmcs_is_written(uint32_t field) { return field < FIELDS && written[field]; }

uint64_t vmx_vmcs_get(uint32_t field) {
	if (!vmx_vmcs_is_written(field))
		stop("is read and was never written", field);
	return fields[field];
}

void vmx_vmcs_put(uint32_t field, uint64_t value) {
	static const uint64_t mask[4] = {0xffff, ~0ull, 0xffffffff, ~0ull};

	/* Bit 0 would be the upper half of a 64-bit field; bits 11:10 = 1 are the
	 * exit-information fields, which most processors do not let software write. */
	if (field >= FIELDS || (field & 1) || (field >> 10 & 3) == 1)
		stop("cannot be written", field);
	fields[field] = value & mask[field >> 13];
	written[field] = true;
}

uint64_t vmcs_read(enum vmcs_field field) { return vmx_vmcs_get(field); }

void vmcs_write(enum vmcs_field field, uint64_t value) { vmx_vmcs_put(field, value); }
