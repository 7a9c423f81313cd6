/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What every test of a model in kernel/core includes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/check.h"
#include "lib/bits.h"
