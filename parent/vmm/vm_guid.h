/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * GUIDs that name a VM's devices to its guest: the same for the same names, on every
 * host and after every start, because guests name what they find by them. Pure.
 */
#pragma once

#include <hv_abi/vmbus.h>

/* A GUID of version 8, ours [RFC 9562 5.8 "UUID Version 8"]. */
struct hv_guid vm_guid(const char *vm, const char *device);
