#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# bochs-run.sh DIR: runs the Bochs of DIR/bochsrc with COM2 on standard input and output. Its serial port
# wants a terminal, which script makes. Bochs ends with status 1 however it ends; here it is 0 if the host
# powered off as its last word.

set -eu

script -q -f -c "exec '$BOCHS' -unlock -q -f '$1/bochsrc' >'$1/bochs.out' 2>&1" /dev/null | tee "$1/console.log"
tail -n 2 "$1/host.log" | grep -a -q 'host: powering off' || exit 1
