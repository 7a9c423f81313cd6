/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A VM: the parent's object around a partition. Who writes what:
 *   m  the management VP alone, outside of the VM's running states
 *   l  under the VM's lock
 *   c  written under the VM's lock, read by anybody
 * The I/O VPs touch a VM only under its lock and only while it is running or
 * paused; the management VP builds and tears down outside of these states.
 */
#pragma once

#include <stdint.h>
#include <hv_abi/messages.h>
#include <hv_abi/registers.h>
#include "config/vm_config.h"
#include "loaders/layout.h"
#include "runtime/spinlock.h"
#include "vmm/console.h"
#include "vmm/cpu_policy/vp_msrs.h"
#include "vmm/guest_memory.h"
#include "vmm/mmio_decode.h"
#include "vmm/vm_devices.h"
#include "vmm/vm_disks.h"
#include "vmm/vm_state.h"

/* One virtual processor (architecture.md D1). */
struct vm_vp {
	uint32_t slot;                       /* m what VpWait calls it */
	struct hv_register_page *registers;  /* m the page; l its contents */
	struct hv_intercept_page *intercept; /* m written by the kernel */
	uint64_t sequence;                   /* l of the last intercept that was taken */
	struct mmio_decode_cache decode;     /* l */
	struct vp_msrs msrs;                 /* l those that the kernel leaves to us */
};

struct vm_vmbus;

struct vm {
	struct spinlock lock;
	unsigned place;               /* m among all VMs, from 0 */
	enum vm_state state;          /* l */
	struct vm_end_reason reason;  /* l why it ended, from VM_STOPPING on */
	struct vm_config config;      /* m its disks at any time */
	struct cpuid_policy policy;   /* m what its processors are */
	hv_partition_id_t partition;  /* m HV_PARTITION_ID_INVALID: none */
	struct memory_layout layout;  /* m */
	struct guest_memory memory;   /* m */
	unsigned vp_count;            /* m VPs that exist */
	struct vm_vp vp[VM_CPUS_MAX]; /* m */
	unsigned asked_pages;         /* l deposited because the guest moved its pages about */
	struct vm_devices devices;    /* l */
	struct vm_disks disks;        /* m which, l while it runs; l their requests */
	bool is_to_restart;           /* m when it has ended: start again, whatever the reason */
	struct vm_vmbus *vmbus;       /* l NULL: it has none, or does not run */
	struct console console;       /* c kept from start to start */
};

/* Its devices live; the lock is held. */
static inline bool vm_is_alive(const struct vm *vm) { return vm->state == VM_RUNNING || vm->state == VM_PAUSED; }

/* Marks a running or paused VM as ended; the first reason counts. The caller
 * holds the VM's lock and tells the manager (vm_manager_vm_ended). */
void vm_end(struct vm *vm, enum vm_end end, unsigned status);

/* The same for a crash, with the sentence that names the cause. */
void vm_crash(struct vm *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));
