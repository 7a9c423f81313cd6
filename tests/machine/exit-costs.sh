#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What exits cost must not rise unnoticed (docs/performance.md). QEMU counts too slowly beside others.
# machines: bochs-svm bochs-vmx
set -eu
cd "$(dirname -- "$0")/../.."
BENCH_NO_BUILD=yes exec tools/bench --quick --check --machine "${HOST_MACHINE:-bochs-svm}"
