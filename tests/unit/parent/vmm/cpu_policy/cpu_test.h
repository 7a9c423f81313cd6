/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What every test of a VM's processors includes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bits.h"
