#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What exits cost must not rise unnoticed (docs/performance.md). The counting Bochs takes minutes to build: its machines
# are measured where tools/bench has built it before, and always by "tools/test --only bench".
# machines: qemu-svm bochs-svm bochs-vmx
set -eu
cd "$(dirname -- "$0")/../.."
case ${HOST_MACHINE:-qemu-svm} in
bochs-*)
	BULKHEAD_ROOT=$PWD
	export BULKHEAD_ROOT
	. tools/lib/common.sh
	for part in packages apt sources build bochs bench; do . "tools/lib/$part.sh"; done
	bench_has_bochs_probe || {
		printf 'ok - exit costs on %s are left to "tools/bench": there is no counting Bochs\n' "$HOST_MACHINE"
		exit 0
	}
	;;
esac
BENCH_NO_BUILD=yes exec tools/bench --quick --check --machine "${HOST_MACHINE:-qemu-svm}"
