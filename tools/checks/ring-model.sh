#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# No wake-up of a VMBus ring is lost: searches all states of tests/model/ring.pml, and those of its saboteurs.

set -eu
cd "$(dirname -- "$0")/../.."
command -v spin >/dev/null 2>&1 || {
	printf 'spin is missing: apt-get install spin\n'
	exit 1
}
exec sh tests/model/ring.sh
