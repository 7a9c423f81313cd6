#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# tests/machine/disk_power_cut.sh until the guest has synced 1,000 times, or as often as BULKHEAD_POWER_CUT_SYNCS says:
# power is cut at each write and each flush up to there.
# machines: qemu-svm
exec env BULKHEAD_POWER_CUT_SYNCS="${BULKHEAD_POWER_CUT_SYNCS:-1000}" sh "$(dirname -- "$0")/../machine/disk_power_cut.sh"
