/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Sizes that start.S needs too. */
#pragma once

#define GUEST_STACK_SIZE 16384
#define GUEST_CPUS_MAX   64
