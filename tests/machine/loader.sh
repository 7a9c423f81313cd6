#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What the loader cannot start ends in one sentence on the console that names the cause, and in the firmware again.
# A boot per cause; the sentences are those of kernel/loader/ and docs/loader.md.
set -eu
machine_name=loader
. "$(dirname -- "$0")/lib/machine.sh"

HOST_MEMORY=512
HOST_TIMEOUT=90
esp=$run/tree
kernel=/bulkhead/$MACHINE_KERNEL.elf

# fresh: a tree that would start.
fresh() {
	machine_tree
	host_module_text "$esp" host.json '{"on_all_stopped":"stay","com2":"prompt"}'
	HOST_QEMU_OPTIONS='' HOST_BOCHS_CPU=''
	HOST_MEMORY=512
}

boot() {
	"$BULKHEAD_ROOT/tools/image/make-disk" --out "$run/disk.img" --tree "$esp"
	host_start "$run" "$run/disk.img" >/dev/null
}

# refuses SENTENCE PATTERN: boots; the loader must say a line that matches, and that it returns to the firmware.
refuses() {
	boot
	if machine_wait host.log "bulkhead loader: .*$2" 40 &&
		machine_wait host.log 'bulkhead loader: not started; returning to the firmware' 10; then
		ok "$1"
	else
		not_ok "$1"
		machine_logs 6
	fi
	plain "$run/host.log" | grep -a -o "bulkhead loader: .*$2.*" | head -n 1 | sed 's/^/# /'
	claim "$1: the kernel did not start" sh -c "! grep -a -q 'kernel: Bulkhead' '$run/host.log'"
	host_end
}

# stops SENTENCE PATTERN: boots; the kernel must say a line that matches before it starts the parent.
stops() {
	boot
	if machine_wait host.log "kernel: .*$2" 60; then ok "$1"; else
		not_ok "$1"
		machine_logs 10
	fi
	claim "$1: the parent did not start" sh -c "! grep -a -q 'parent: ' '$run/host.log'"
	host_end
}

# runs SENTENCE: boots; the operator's prompt must come.
runs() {
	boot
	if machine_wait console.log 'bulkhead> ' 60; then ok "$1"; else
		not_ok "$1"
		machine_logs 10
	fi
	host_end
}

fresh
rm "$esp/bulkhead/loader.conf"
refuses "a missing configuration is named" 'the configuration /bulkhead/loader.conf cannot be opened'

fresh
printf 'log=info\n%s=%s\nparent=/bulkhead/parent.elf\nwhatever\n' "$MACHINE_KERNEL" "$kernel" >"$esp/bulkhead/loader.conf"
refuses "a corrupt configuration is named with its line" '/bulkhead/loader.conf, line 4: '

fresh
head -c 3000 /dev/zero | tr '\0' '\377' >"$esp/bulkhead/loader.conf"
refuses "a configuration of garbage is refused" '/bulkhead/loader.conf, line 1: '

fresh
printf 'parent=/bulkhead/parent.elf\n%s=%s\n' "$MACHINE_OTHER_KERNEL" "$kernel" >"$esp/bulkhead/loader.conf"
refuses "a configuration without a kernel for this processor says what to add" "add $MACHINE_KERNEL=PATH"

fresh
rm "$esp$kernel"
refuses "a missing kernel is named" "kernel.* $kernel cannot be opened"

fresh
printf 'MZ this is no kernel' >"$esp$kernel"
refuses "a kernel that is no ELF file is refused" "the kernel $kernel cannot be used: "

fresh
truncate -s 100K "$esp$kernel"
refuses "a truncated kernel is refused" "the kernel $kernel cannot be used: it is truncated"

fresh
rm "$esp/bulkhead/parent.elf"
refuses "a missing parent is named" 'parent.* /bulkhead/parent.elf cannot be opened'

fresh
truncate -s 20K "$esp/bulkhead/parent.elf"
refuses "a truncated parent is refused" 'the parent /bulkhead/parent.elf cannot be used: it is truncated'

fresh
: >"$esp/bulkhead/parent.elf"
refuses "an empty parent is refused" '/bulkhead/parent.elf has 0 bytes'

fresh
printf 'module=disk=/bulkhead/modules/nothing\n' >>"$esp/bulkhead/loader.conf"
refuses "a missing module is named" 'the module /bulkhead/modules/nothing cannot be opened'

fresh
truncate -s 300M "$run/large"
host_module "$esp" large "$run/large"
rm "$run/large"
HOST_MEMORY=192
refuses "a module that does not fit into memory is refused" 'there is no memory for /bulkhead/modules/large'

fresh
machine_without svm svm,vmx
refuses "a processor without SVM and VMX is refused" 'neither AMD SVM nor Intel VMX'

fresh
machine_without nx nx
refuses "a processor without execute protection is refused" 'no execute protection'

if [ "$HOST_MACHINE" != bochs-vmx-old ]; then
	fresh
	machine_without pdpe1gb 1g_pages
	runs "a processor without pages of 1 GiB starts"
fi

case $HOST_MACHINE in
qemu-svm)
	fresh
	machine_without npt
	refuses "a processor without nested paging is refused" 'without nested paging'

	fresh
	HOST_QEMU_OPTIONS='-cpu max'
	runs "a processor with 5-level paging starts, as the firmware leaves it in 4-level mode"
	;;
bochs-svm)
	fresh
	HOST_BOCHS_CPU='model=turion64_tyler'
	refuses "a processor without nested paging is refused" 'without nested paging'
	;;
bochs-vmx)
	fresh
	HOST_BOCHS_CPU='model=corei5_lynnfield_750'
	stops "a processor without extended state is refused by the kernel" 'processor lacks XSAVE'

	fresh
	HOST_BOCHS_CPU='model=core2_penryn_t9600'
	stops "a processor without extended page tables is refused by the kernel" 'virtualization lacks extended page tables'
	;;
esac

fresh
HOST_MEMORY=128
refuses "a machine with 128 MiB is refused" 'only [0-9]* MiB of memory are left beside kernel and modules, but 256 MiB are needed'
machine_result
