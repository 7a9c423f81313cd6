/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Builds the smallest host that runs a VM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "fake/parent_kernel.h"
#include "vm_rig.h"
#include "vmm/com2_view.h"
#include "vmm/scrub_pool.h"

struct vm_rig rig;

#define BOX                                                                                                            \
	"{\"name\":\"box\",\"cpus\":2,\"memory\":\"16M\",\"boot\":{\"kernel\":\"image\"},"                             \
	"\"devices\":{\"debug_exit\":true,\"fw_cfg\":true}}"

/* Multiboot with address fields: 12 bytes of header, then 5 of addresses, then
 * code that stops [Multiboot 0.6.96 3.1 "OS image format"]. */
static const uint32_t image[16] = {
    0x1badb002, 0x00010000, 0u - 0x1badb002 - 0x00010000, 0x100000, 0x100000, 0, 0, 0x100020, 0xf4f4f4f4, 0xf4f4f4f4,
};

static void all_ended(void) { rig.all_ended++; }

int rig_set_up(void **state) {
	(void)state;
	for (unsigned i = 0; i < VMS_MAX; i++) {
		struct vm *vm = vm_manager_at(i);

		if (vm == NULL)
			continue;
		if (vm_state_holds_resources(vm->state)) {
			fake.fail_after = 0;
			if (vm->state == VM_STOPPING)
				vm_manager_reap();
			else
				assert_int_equal(vm_manager_stop(vm, NULL), ERR_NONE);
		}
		assert_int_equal(vm_manager_delete(vm, NULL), ERR_NONE);
	}
	while (scrub_pool_step())
		;
	fake_kernel_reset();
	memset(&rig, 0, sizeof(rig));
	rig.info.io_vp_count = 2;
	host_config_default(&rig.host);
	vm_manager_init(&rig.info, &rig.host, all_ended);
	com2_view_prompt();
	return 0;
}

void rig_module(const char *name, const void *bytes, size_t size) {
	struct hv_boot_module *m = &rig.info.module[rig.info.module_count++];

	snprintf(m->name, sizeof(m->name), "%s", name);
	m->base = (uint64_t)(uintptr_t)bytes;
	m->size = size;
}

void rig_box(const char *json) {
	if (json == NULL)
		json = BOX;
	rig_module("image", image, sizeof(image));
	rig_module("vm/box.json", json, strlen(json));
}

struct vm *rig_start(void) {
	struct err_text text = {""};
	struct vm *vm;

	if (rig.info.module_count == 0)
		rig_box(NULL);
	vm_manager_define_all();
	vm = vm_manager_find("box");
	assert_non_null(vm);
	if (vm_manager_start(vm, &text) != ERR_NONE)
		fail_msg("the box did not start: %s", text.text);
	return vm;
}

void rig_intercept(struct vm *vm, unsigned vp, uint32_t type, const void *payload, size_t size) {
	struct hv_intercept_page *page = vm->vp[vp].intercept;

	page->message.header.type = type;
	page->message.header.payload_size = (uint8_t)size;
	memcpy(page->message.payload, payload, size);
	page->sequence++;
	vm->vp[vp].registers->valid = 0;
	vm->vp[vp].registers->dirty = 0;
}

struct hv_intercept_header rig_header(uint64_t rip, unsigned length, enum hv_intercept_access access) {
	return (struct hv_intercept_header){
	    .instruction_length = (uint8_t)length,
	    .access_type = (uint8_t)access,
	    .execution_state = HV_EXECUTION_CR0_PE | HV_EXECUTION_EFER_LMA,
	    .cs = {.attributes = 0xa09b},
	    .rip = rip,
	    .rflags = 2,
	};
}

void rig_long_mode(struct vm *vm, unsigned vp) {
	static const struct {
		uint32_t name;
		uint64_t value;
	} set[] = {
	    {HV_REGISTER_CR0, 0x80000011},
	    {HV_REGISTER_CR3, 0x200000},
	    {HV_REGISTER_CR4, 0x20},
	    {HV_REGISTER_EFER, 0x500},
	};
	uint64_t pml4 = 0x201003, pdpt = 0x202003;

	for (unsigned i = 0; i < 4; i++)
		fake_register_set(vm->partition, vp, set[i].name, set[i].value);
	assert_int_equal(guest_memory_write(&vm->memory, 0x200000, &pml4, 8), ERR_NONE);
	assert_int_equal(guest_memory_write(&vm->memory, 0x201000, &pdpt, 8), ERR_NONE);
	for (uint64_t i = 0; i < 512; i++) {
		uint64_t entry = i << 21 | 0x83;

		assert_int_equal(guest_memory_write(&vm->memory, 0x202000 + 8 * i, &entry, 8), ERR_NONE);
	}
}
