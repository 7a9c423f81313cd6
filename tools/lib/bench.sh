#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What tools/bench boots: hosts whose instructions are counted by tests/bench/probe, as a plugin of QEMU or
# compiled into Bochs. Also where the probe finds the beginnings and ends of its spans.
# Needs common.sh, packages.sh, apt.sh, sources.sh, qemu.sh, image.sh and host.sh.

# bench_wants ROWS NAME...: true if the list of rows is empty or holds one of these, by number or name.
bench_wants() {
	_wanted=$1
	shift
	[ -n "$_wanted" ] || return 0
	for _row in $_wanted; do
		awk -F'|' -v r="$_row" -v names=" $* " '($1 == r || $2 == r) && index(names, " " $2 " ") { found = 1 } END { exit !found }' \
			"$BULKHEAD_ROOT/tests/bench/rows.txt" && return 0
	done
	return 1
}

# Where spans begin and end. bench_symbol ELF NAME; bench_behind_vmrun ELF; bench_returns ELF NAME: its returns.
bench_symbol() { nm "$1" | awk -v n="$2" '$3 == n { print $1; found = 1 } END { exit !found }' || die "$1 has no symbol $2" "adapt tools/lib/bench.sh"; }
bench_entry() { readelf -h "$1" | sed -n 's/ *Entry point address: *0x//p'; }
bench_returns() { objdump -d --no-show-raw-insn "$1" --disassemble="$2" | sed -n 's/^ *\([0-9a-f]*\):\tret.*/\1/p'; }

# bench_options: the probe's, separated by commas, for the kernel of HOST_MACHINE.
bench_options() {
	_parent=$BULKHEAD_BUILD/parent/parent.elf
	printf 'out=%s' "$bench_out"
	printf ',light=host-start/k:%s/p:%s' "$(bench_symbol "$bench_kernel" kernel_entry)" "$(bench_symbol "$_parent" parent_start)"
	printf ',span=vm-start/p:%s/o:%s' "$(bench_symbol "$_parent" vm_manager_start)" "$(bench_entry "$BULKHEAD_BUILD/guests/bench-halt.elf")"
	printf ',span=build/p:%s/p:%s' "$(bench_symbol "$_parent" vm_build)" "$(bench_symbol "$_parent" vm_slots_enter)"
	printf ',span=unbuild/p:%s/p:%s' "$(bench_symbol "$_parent" vm_slots_leave)" "$(bench_symbol "$_parent" vm_end_text)"
	case ${explain:-} in 19 | stretch) printf ',stretch=sites' ;; esac
	printf ',%s' "$(bench_linux_span)"
	printf ',light=device/e:%s/p:%s' "$(bench_symbol "$bench_kernel" trap_common)" "$(bench_symbol "$_parent" com2_view_service)"
	[ "$HOST_CPUS" != 1 ] || return 0
	for _at in $(bench_returns "$bench_kernel" shootdown); do
		printf ',span=shootdown/k:%s/k:%s' "$(bench_symbol "$bench_kernel" shootdown)" "$_at"
	done
}

# bench_host [SUFFIX]: boots a host with the probe, whose output's name ends so, and the VMs of the tree; its prompt is
# there afterwards.
bench_host() {
	bench_kernel=$BULKHEAD_BUILD/kernel/kernel-svm.elf
	[ "$HOST_MACHINE" != bochs-vmx ] || bench_kernel=$BULKHEAD_BUILD/kernel/kernel-vmx.elf
	bench_out=$run/$HOST_MACHINE.probe${1:-}
	BENCH_PROBE=$(bench_options)
	export BENCH_PROBE
	HOST_ICOUNT=yes
	HOST_BOCHS_TIME=1767225600 # as QEMU counts instructions: 2026-01-01
	HOST_QEMU_OPTIONS="-plugin $BULKHEAD_BUILD/bench/probe.so,$BENCH_PROBE"
	machine_boot
	host_wait_for console.log 'bulkhead> ' 200
}

# bench_guest NAME SECONDS: runs that VM to its end.
bench_guest() {
	host_type "start $1"
	host_type mux
	machine_ended "$1" "$2" && host_wait_for console.log "^$1\\| bench: end" 20 && machine_prompt && [ "$(host_reason "$1")" = 'debug exit 1' ]
}

bench_pages() { machine_ask counters 'pages: deposited [0-9]+, lent' && printf '%s\n' "$machine_answer" | sed 's/.*deposited \([0-9]*\).*/\1/'; }

# bench_runs ROWS: the guests that these rows need, one after the other; last the one whose making and ending count.
bench_runs() {
	if bench_wants "$1" cpuid hypercall hypercall-memory rdmsr wrmsr ipi out mmio; then bench_guest exits 300 || return 1; fi
	if bench_wants "$1" timer timer-exits wake-exits sleep-exits compute compute-exits device; then
		bench_guest timer 300 || return 1
	fi
	if bench_wants "$1" switch; then
		host_type 'start partner'
		host_wait_for host.log 'parent: vm partner started' 60 || return 1
		bench_guest yield 300 || return 1
		host_type 'stop partner'
		machine_ended partner 60 || return 1
	fi
	if bench_wants "$1" create memory vm-start; then
		_before=$(bench_pages)
		host_type 'start halt'
		host_wait_for host.log 'parent: vm halt started' 60 || return 1
		_after=$(bench_pages)
		printf 'memory %s 0 0 0.00 0\n' "$(((_after - _before) * 4))" >>"$run/extra"
		host_type 'stop halt'
		machine_ended halt 60 || return 1
	fi
}

# bench_two_processors: row 23, a VM made and ended on a host with two processors, whose instructions are counted
# together. Bochs runs them in turn, 16 instructions each; QEMU aborts ("Bad icount read") when one starts the other.
bench_two_processors() {
	HOST_CPUS=2
	_two=''
	bench_tree
	machine_guest halt bench-halt 1 128M false
	if bench_host .two; then
		host_type 'start halt'
		host_wait_for host.log 'parent: vm halt started' 60 && host_type 'stop halt' && machine_ended halt 60 && _two=yes
	fi
	host_type poweroff
	host_wait_end 30 || :
	HOST_CPUS=1
	[ -n "$_two" ] && awk '$1 == "region" && $2 == "shootdown" && (!least || $4 < least) { least = $4 }
		END { if (least) printf "shootdown %d %d 0 0.00 0\n", least, least; exit !least }' "$bench_out"
}

# The prompt by itself: a key typed before the parent has opened the port, after its disks, is lost.
bench_tree() {
	machine_tree
	machine_host_json='{"on_all_stopped":"stay","com2":"prompt"}'
}

# bench_machine ROWS: boots HOST_MACHINE and leaves its figures in $run/MACHINE.figures.
bench_machine() {
	case $HOST_MACHINE in
	bochs-*) find_ovmf && find_bochs ;;
	*) find_qemu ;;
	esac
	say "measuring on $HOST_MACHINE"
	MACHINE_PATIENCE=8 # who counts is slow, and slower beside others
	: >"$run/extra"
	: >"$run/lines"
	_good=yes
	rm -f "$run/$HOST_MACHINE.probe"
	bench_tree
	machine_guest halt bench-halt 1 128M false
	for _guest in exits timer yield; do machine_guest "$_guest" "bench-$_guest" 1 8M false; done
	machine_guest partner bench-yield 1 8M false partner
	if bench_host; then bench_runs "$1" || _good=''; else _good=''; fi
	if [ -z "$_good" ]; then machine_logs >&2; fi
	host_type poweroff
	host_wait_end 30 || :
	plain "$run/console.log" | sed -n 's/^[a-z]*| \(bench: .*\)/\1/p' >"$run/lines"
	if [ "$HOST_MACHINE" != qemu-svm ] && bench_wants "$1" shootdown; then
		bench_two_processors >>"$run/extra" || warn "row 23 was not measured"
	fi
	if bench_wants "$1" linux; then bench_linux >>"$run/extra" || warn "row 16 was not measured"; fi
	bench_counts_of_source >>"$run/extra"
	if bench_wants "$1" create; then bench_create >>"$run/extra"; fi
	{
		awk -f "$BULKHEAD_ROOT/tools/lib/bench.awk" "$run/lines" "$run/$HOST_MACHINE.probe"
		cat "$run/extra"
	} | bench_derive >"$run/$HOST_MACHINE.figures"
	[ -n "$_good" ] && ! grep '^error' "$run/$HOST_MACHINE.figures" >&2
}

# Row 21: lines of the kernel, and calls in the list that need no privilege.
bench_counts_of_source() {
	printf 'lines %s 0 0 0.00 0\n' "$(sh "$BULKHEAD_ROOT/tools/checks/kernel-lines.sh" 2>/dev/null | grep -o '[0-9][0-9]*' | head -n 1)"
	printf 'calls %s 0 0 0.00 0\n' "$(grep -c '^HV_CALL(.*, NONE,' "$BULKHEAD_ROOT/hypercall-abi/include/hv_abi/calls.def")"
}

# bench_derive: rows that are made of others.
bench_derive() {
	awk '
		function field(name, i) { for (i = 7; i < NF; i += 2) if ($i == name) return $(i + 1); return 0 }
		$1 == "switch" { for (i = 2; i <= NF; i++) if (i != 5 && $i ~ /^[0-9.]+$/) $i /= 2 }
		$1 == "build" || $1 == "unbuild" { next }
		$1 == "compute-share" { print "compute " $2 " 0 0 0.00 0"; next }
		$1 == "compute" { print "compute-exits " field("world") " 0 0 0.00 0"; next }
		$1 == "sleep" { print "sleep-exits " field("world") " 0 0 0.00 0"; next }
		$1 == "timer" { print "timer-exits " field("world") " 0 0 0.00 0" }
		$1 == "wake" { print "wake-exits " field("world") " 0 0 0.00 0"; next }
		$1 == "stretch" && $2 == 0 { next }
		{ print }'
}

# bench_table ROWS: standard input is figures.
bench_table() {
	printf '\n%s\n' "$HOST_MACHINE: instructions, all privilege levels together"
	awk -F'|' -v machine="$HOST_MACHINE" -v wanted=" $1 " '
		function dear(text, a, n, i, out) {
			n = split(text, a, " ")
			for (i = 7; i < n; i += 2) if (a[i + 1] + 0 != 0) out = out " " a[i] " " a[i + 1] + 0
			return out
		}
		BEGIN { printf "%-3s %-58s %10s %9s %7s %5s  %-16s %s\n", "row", "", "measured", "goal", "limit", "+-%", "KVM / Xen", "dear operations" }
		FNR == NR { split($0, f, " "); value[f[1]] = f[2]; spread[f[1]] = f[5]; rest[f[1]] = $0; next }
		/^#/ { next }
		wanted !~ /^ *$/ && index(wanted, " " $1 " ") == 0 && index(wanted, " " $2 " ") == 0 { next }
		!($2 in value) { next }
		{
			goal = machine == "qemu-svm" ? $4 : $5
			plain = goal; gsub(",", "", plain)
			peers = machine == "qemu-svm" ? $7 : machine == "bochs-svm" ? $8 : $9
			v = value[$2]
			verdict = goal == "-" ? " " : $2 == "compute" ? (v + 0 >= plain + 0 ? " " : "!") : (v + 0 <= plain + 0 ? " " : "!")
			printf "%-3s %-58s %10s%s %8s %7s %5s  %-16s%s\n", $1, $3, v + 0 == int(v) ? int(v) : sprintf("%.1f", v), verdict, goal, $6,
				spread[$2] + 0 == 0 ? "" : spread[$2], peers, dear(rest[$2])
		}' - "$BULKHEAD_ROOT/tests/bench/rows.txt"
}

bench_json() {
	awk -v machine="$1" '
		BEGIN { printf "{\"machine\":\"%s\",\"rows\":{", machine }
		{
			printf "%s\"%s\":{\"value\":%s,\"kernel\":%s,\"parent\":%s,\"spread_percent\":%s,\"ticks\":%s", (NR > 1) ? "," : "", $1, $2, $3, $4, $5, $6
			for (i = 7; i < NF; i += 2) printf ",\"%s\":%s", $i, $(i + 1)
			printf "}"
		}
		END { print "}}" }'
}

# bench_explain ROW: where its instructions are, by function; from the last region of its first placement, or its span.
bench_explain() {
	for _name in $(awk -F'|' -v r="$1" '$1 == r || $2 == r { print $2 }' "$BULKHEAD_ROOT/tests/bench/rows.txt"); do
		case $_name in
		create) bench_functions build && bench_functions unbuild ;;
		linux) bench_functions linux-vm .linux ;;
		timer-exits) ;;
		*-exits) bench_functions "${_name%-exits}" ;;
		*) bench_functions "$_name" ;;
		esac
	done
}

bench_functions() {
	printf '\n%s: %s, instructions by function\n' "$HOST_MACHINE" "$1"
	bench_sites "$@" | sort -k1,1nr | head -n 40
}

# bench_create: row 13, all but the filling and copying of memory.
bench_create() {
	{ bench_sites build && bench_sites unbuild; } | awk '$2 == "in" || $3 ~ /^(memset|memcpy|fill_page|frame_owner_scrub)/ { next }
		{ sum += $1 } $2 == "kernel" { kernel += $1 } END { printf "create %d %d %d 0.00 0\n", sum, kernel, sum - kernel }'
}

# bench_sites NAME [SUFFIX]: lines "COUNT PART FUNCTION".
bench_sites() {
	{
		nm -n "$bench_kernel" | sed -n 's/^\([0-9a-f]*\) [tT] \(.*\)/symbol k \1 \2/p'
		nm -n "$BULKHEAD_BUILD/parent/parent.elf" | sed -n 's/^\([0-9a-f]*\) [tT] \(.*\)/symbol p \1 \2/p'
		sed -n 's/^bench: \(.* .*\)/line \1/p' "$run/lines"
		cat "$run/$HOST_MACHINE.probe${2:-}"
	} | awk -v wanted="$1" -f "$BULKHEAD_ROOT/tools/lib/bench_explain.awk"
}

bench_baseline_file() { printf '%s/tests/bench/baseline/gcc-%s-%s.txt\n' "$BULKHEAD_ROOT" "$(cc -dumpversion | cut -d. -f1)" "$HOST_MACHINE"; }

# bench_write_baseline: what rows cost now; only what repeats exactly is in it. Prints each row that changed.
bench_write_baseline() {
	_baseline=$(bench_baseline_file)
	{
		printf '# SPDX-License-Identifier: Apache-2.0 OR MIT\n#\n'
		printf '# What tools/bench --baseline measured with this compiler on this machine. Raising a row needs a line in docs/performance.md.\n'
		awk -v rows="$BULKHEAD_ROOT/tests/bench/rows.txt" -v machine="$HOST_MACHINE" '
			BEGIN { while ((getline line < rows) > 0) { split(line, f, "|"); is_row[f[2]] = 1 } }
			($1 in is_row) && $1 !~ /^(lines|calls|device|compute|compute-exits|sleep-exits|host-start|vm-start|stretch|create|shootdown|linux)$/ { printf "%s %d\n", $1, $2 + 0.5 }' \
			"$run/$HOST_MACHINE.figures"
	} >"$run/baseline"
	printf '\n%s: %s, old and new\n' "$HOST_MACHINE" "${_baseline#"$BULKHEAD_ROOT"/}"
	[ -f "$_baseline" ] || : >"$_baseline"
	awk '/^#/ { next }
		FILENAME == ARGV[1] { old[$1] = $2; next }
		{ is_new[$1] = 1 }
		!($1 in old) { printf "%-18s %10s %10d\n", $1, "-", $2; next }
		$2 != old[$1] { printf "%-18s %10d %10d %+8.2f %%\n", $1, old[$1], $2, old[$1] ? 100 * ($2 / old[$1] - 1) : 0 }
		END { for (r in old) if (!(r in is_new)) printf "%-18s %10d %10s\n", r, old[r], "-" }' "$_baseline" "$run/baseline"
	mv "$run/baseline" "$_baseline"
}

# bench_base REVISION-OF-MAIN FILE: that baseline where this branch left main; nothing if there was none.
bench_base() {
	_base=$(git -C "$BULKHEAD_ROOT" merge-base HEAD "$1" 2>/dev/null) &&
		git -C "$BULKHEAD_ROOT" show "$_base:${2#"$BULKHEAD_ROOT"/}" 2>/dev/null
}

# bench_check_raised: false if the baseline has a row more than 2 % above that of the merge base, and docs/performance.md
# has no line for it.
bench_check_raised() {
	for _main in origin/main main; do
		bench_base "$_main" "$1" >"$run/base" && [ -s "$run/base" ] && break
	done
	awk -v machine="$HOST_MACHINE" '
		FILENAME == ARGV[1] { old[$1] = $2; next }
		FILENAME == ARGV[2] { split($0, cell, / *\| */); why[cell[2] " " cell[3] " " cell[5]] = cell[6]; next }
		/^#/ || !($1 in old) || $2 <= old[$1] * 1.02 || $2 <= old[$1] + 1 { next }
		why[$1 " " machine " " $2] != "" { next }
		{ printf "not ok - %s: docs/performance.md says why the baseline of %s rose from %d to %d\n", machine, $1, old[$1], $2; bad = 1 }
		END { exit bad }' "$run/base" "$BULKHEAD_ROOT/docs/performance.md" "$1"
}

# bench_check ROWS: false if one of the rows is more than 2 % (and more than one instruction) above its baseline. That of
# another compiler says less: it is taken where this one has none, with a margin in which compilers differ.
bench_check() {
	_baseline=$(bench_baseline_file)
	_margin=2
	if [ ! -f "$_baseline" ]; then
		set -- "$1" "$BULKHEAD_ROOT"/tests/bench/baseline/gcc-*-"$HOST_MACHINE".txt
		shift $(($# - 2))
		[ -f "$2" ] || { printf 'not ok - %s: there is a baseline; "tools/bench --baseline" makes one\n' "$HOST_MACHINE" && return 1; }
		printf '# %s: no baseline of gcc %s ("tools/bench --baseline" makes it): compared with %s, of another compiler, to 15 %%\n' \
			"$HOST_MACHINE" "$(cc -dumpversion)" "${2##*/}"
		_baseline=$2
		_margin=15
	fi
	_raised=0
	bench_check_raised "$_baseline" || _raised=1
	awk -F'[ |]' -v machine="$HOST_MACHINE" -v wanted=" $1 " -v margin="$_margin" '
		FILENAME == ARGV[1] { number[$2] = $1; next }
		FILENAME == ARGV[2] { value[$1] = $2; next }
		/^#/ || (wanted !~ /^ *$/ && index(wanted, " " number[$1] " ") == 0) { next }
		!($1 in value) { printf "not ok - %s: %s was measured\n", machine, $1; bad = 1; next }
		value[$1] > $2 * (1 + margin / 100) && value[$1] > $2 + 1 { printf "not ok - %s: %s costs %d, its baseline is %d\n", machine, $1, value[$1], $2; bad = 1; next }
		{ printf "ok - %s: %s costs %d, its baseline is %d\n", machine, $1, value[$1], $2 }
		END { exit bad }' "$BULKHEAD_ROOT/tests/bench/rows.txt" "$run/$HOST_MACHINE.figures" "$_baseline" && [ "$_raised" = 0 ]
}
