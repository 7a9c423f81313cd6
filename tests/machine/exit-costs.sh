#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What exits cost must not rise unnoticed (docs/performance.md). The counting Bochs takes minutes to build: measured is
# where tools/bench has built it before, and always by "tools/test --only bench". QEMU counts too slowly beside others.
# machines: bochs-svm bochs-vmx
set -eu
cd "$(dirname -- "$0")/../.."
BULKHEAD_ROOT=$PWD
export BULKHEAD_ROOT
. tools/lib/common.sh
for part in packages apt sources build bochs bench; do . "tools/lib/$part.sh"; done
bench_has_bochs_probe || {
	printf 'ok - exit costs on %s are left to "tools/bench": there is no counting Bochs\n' "${HOST_MACHINE:-bochs-svm}"
	exit 0
}
BENCH_NO_BUILD=yes exec tools/bench --quick --check --machine "${HOST_MACHINE:-bochs-svm}"
