#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The cycles of tests/machine/cycles.sh, 10,000 of them, or as many as BULKHEAD_CYCLES says.
exec env BULKHEAD_CYCLES="${BULKHEAD_CYCLES:-10000}" sh "$(dirname -- "$0")/../machine/cycles.sh"
