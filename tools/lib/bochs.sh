#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Bochs 3.0, the machine with Intel VMX: built once from its pinned source into the cache, since
# Debian 12 packages 2.7. Also the configuration of each machine that it plays, and its firmware.
# docs/emulators.md says what is odd about it. The probe of tools/bench (tests/bench/probe) is compiled in, and asleep
# unless BENCH_PROBE has options for it. Needs common.sh, packages.sh, apt.sh and sources.sh.

PACKAGES_BOCHS="g++ make vgabios bsdutils"
BOCHS_OPTIONS="--with-nogui --without-x11 --disable-docbook --disable-debugger --disable-debugger-gui --disable-plugins
	--enable-all-optimizations --enable-cpu-level=6 --enable-x86-64 --enable-fpu --enable-smp --enable-vmx=2 --enable-svm
	--enable-avx --enable-evex --enable-pci --enable-e1000 --enable-cdrom --enable-repeat-speedups --enable-memtype
	--enable-protection-keys --enable-cet --enable-usb --enable-usb-xhci --enable-raw-serial"

# Defects of Bochs 3.0 that are put right before it is built: FILE.sed edits FILE and says why.
BOCHS_EDITS="main.cc cpu/crregs.cc cpu/svm.cc cpu/vmx.cc"

# What is added to its instrument/stubs/instrument.h: the probe before each instruction.
BOCHS_PROBE_DIR=$BULKHEAD_ROOT/tests/bench/probe
BOCHS_PROBE_HOOK='#define BX_INSTR_STORE_OPCODE_BYTES
class bxInstruction_c;
extern bool bench_probe_is_on;
extern void bench_probe(unsigned cpu, bxInstruction_c *i);
#undef BX_INSTR_BEFORE_EXECUTION
#define BX_INSTR_BEFORE_EXECUTION(cpu_id, i) do { if (__builtin_expect(bench_probe_is_on, 0)) bench_probe(cpu_id, i); } while (0)'

# bochs_cpu MACHINE: prints the processor model of a machine that Bochs plays, or nothing.
bochs_cpu() {
	case $1 in
	bochs-vmx) printf 'corei7_skylake_x\n' ;;
	bochs-vmx-old) printf 'corei7_haswell_4770\n' ;;
	bochs-svm) printf 'ryzen\n' ;;
	esac
}

# bochs_recipe: prints what a build depends on; source_row bochs comes before.
bochs_recipe() {
	printf '%s\n' "$source_sum" "$BOCHS_OPTIONS" "$BOCHS_PROBE_HOOK"
	cat "$BULKHEAD_ROOT"/tools/lib/bochs/*.sed "$BOCHS_PROBE_DIR/probe.h" "$BOCHS_PROBE_DIR/probe.c" "$BOCHS_PROBE_DIR/bochs.cc"
}

# find_bochs: sets BOCHS (a command), building it first if the cache lacks it.
find_bochs() {
	# shellcheck disable=SC2086 # a list of words
	ensure_packages "Bochs" $PACKAGES_BOCHS
	source_row bochs
	_key=$(bochs_recipe | sha256sum | cut -c1-12)
	BOCHS_DIR=$BULKHEAD_CACHE/bochs-$_key
	BOCHS=$BOCHS_DIR/bochs
	[ -x "$BOCHS" ] || {
		fetch_sources bochs
		locked bochs build_bochs
	}
	export BOCHS
}

build_bochs() {
	[ ! -x "$BOCHS" ] || return 0
	say "building Bochs (two to five minutes)"
	_work=$BULKHEAD_CACHE/work/bochs
	rm -rf "$_work" "$BOCHS_DIR" # of a build that was cut off
	mkdir -p "$_work" "$BOCHS_DIR"
	cp -R "$(source_dir bochs)/." "$_work"
	bochs_edit_all "$_work"
	printf '%s\n' "$BOCHS_PROBE_HOOK" >>"$_work/instrument/stubs/instrument.h"
	# shellcheck disable=SC2086 # a list of words
	(cd "$_work" && quietly "$BOCHS_DIR/configure.log" ./configure $BOCHS_OPTIONS) || exit 1
	bochs_probe "$_work"
	_libraries=$(sed -n 's/^LIBS *= *//p' "$_work/Makefile" | head -n 1)
	quietly "$BOCHS_DIR/build.log" nice make -C "$_work" -j"${BOCHS_JOBS:-$(nproc)}" bochs \
		LIBS="$_libraries bench_feeder.o bench_probe.o"
	strip -o "$BOCHS.partial" "$_work/bochs"
	mv "$BOCHS.partial" "$BOCHS"
	rm -rf "$_work"
}

# bochs_probe DIR: compiles the probe for the Bochs that was configured there.
bochs_probe() {
	cc -std=gnu17 -O2 -c -o "$1/bench_probe.o" "$BOCHS_PROBE_DIR/probe.c"
	quietly "$BOCHS_DIR/probe.log" c++ -O2 -I"$1" -I"$1/instrument/stubs" -I"$BOCHS_PROBE_DIR" \
		-c -o "$1/bench_feeder.o" "$BOCHS_PROBE_DIR/bochs.cc"
}

# bochs_edit FILE SED-FILE: dies unless each of its commands finds one place.
bochs_edit() {
	sed -f "$2" "$1" >"$1.edited"
	_places=$(diff "$1" "$1.edited" | grep -c '^[0-9]' || :)
	[ "$_places" = "$(grep -c '^/' "$2")" ] ||
		die "$2 changes $_places places of ${1##*/}" "it was written for Bochs 3.0: adapt it to the source that is pinned"
	mv "$1.edited" "$1"
}

# bochs_edit_all DIR: the source there.
bochs_edit_all() {
	for _file in $BOCHS_EDITS; do bochs_edit "$1/$_file" "$BULKHEAD_ROOT/tools/lib/bochs/${_file##*/}.sed"; done
}

# bochs_cylinders FILE: how many of 16 heads and 63 sectors the disk image has, rounded up.
bochs_cylinders() { printf '%s\n' $((($(stat -c %s "$1") + 516095) / 516096)); }

# bochs_prepare DIR DISK MACHINE: firmware, disk and configuration of a run. Bochs writes to its disk,
# and wants whole cylinders: it gets a copy, which is as sparse as the image. HOST_BOCHS_CPU is another
# processor, for experiments; HOST_BOCHS_TIME is what its clock says at first, in seconds since 1970.
bochs_prepare() {
	cat "$OVMF_VARS" "$OVMF_CODE" >"$1/OVMF.fd"
	_cylinders=$(bochs_cylinders "$2")
	cp --sparse=always "$2" "$1/bochs-disk.img"
	truncate -s $((_cylinders * 516096)) "$1/bochs-disk.img"
	cat >"$1/bochsrc" <<-END
		config_interface: textconfig
		display_library: nogui
		memory: guest=$HOST_MEMORY, host=$HOST_MEMORY
		romimage: file=$1/OVMF.fd, address=0xffc00000
		vgaromimage: file=/usr/share/vgabios/vgabios.bin
		vga: extension=none
		pci: enabled=1, chipset=i440fx
		boot: disk
		ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
		ata0-master: type=disk, mode=flat, path="$1/bochs-disk.img", cylinders=$_cylinders, heads=16, spt=63
		com1: enabled=1, mode=file, dev="$1/host.log"
		com2: enabled=1, mode=term, dev=/dev/tty
		clock: sync=none, time0=${HOST_BOCHS_TIME:-utc}
		cpu: ${HOST_BOCHS_CPU:-model=$(bochs_cpu "$3")}, count=$HOST_CPUS, ips=50000000, reset_on_triple_fault=0
		log: $1/bochs.log
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		debug: action=ignore
	END
}

# bochs_exec DIR: becomes the Bochs that bochs_prepare configured, ended after HOST_TIMEOUT seconds. COM2
# is standard input and output, and DIR/console.log.
bochs_exec() {
	export BOCHS
	set -- sh "$BULKHEAD_ROOT/tools/lib/bochs-run.sh" "$1"
	[ "$HOST_TIMEOUT" = 0 ] || set -- timeout -k 3 "$HOST_TIMEOUT" "$@"
	exec "$@"
}
