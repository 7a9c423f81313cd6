#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Prints docs/exits.md: which function handles each exit, and in which file, read from the tables in the
# source. Fails if a reason has no handler. usage: tools/docgen/exits.sh >docs/exits.md

set -eu
cd "$(dirname -- "$0")/../.."

exec awk -f tools/docgen/exits.awk kernel/arch/x86/vp_hw.h kernel/arch/x86/svm/svm_exit.c \
	kernel/arch/x86/vmx/vmx_exit.c kernel/core/exit.c kernel/core/*.c kernel/arch/x86/*.c
