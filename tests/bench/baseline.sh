#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What exits cost against the baseline of this compiler (tests/bench/baseline), in one boot.
set -eu
cd "$(dirname -- "$0")/../.."
BENCH_NO_BUILD=yes exec tools/bench --check --machine "${HOST_MACHINE:-qemu-svm}"
