# SPDX-License-Identifier: Apache-2.0 OR MIT
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # run and host_* are machine.sh's; the scripts that include this use the rest
#
# Whole Debian systems as VMs, by their consoles: logging in, asking, shutting down. Source it after machine.sh.

bad='WARNING:|BUG:|Oops|Call Trace|unchecked MSR|rcu.*stall|soft lockup|clocksource.*skew|Unable to read'
STORAGE=ba6163d9-04a1-4d29-b605-72e2ffb1dc7f # its class on VMBus

# mark: from here on counts for since.
mark() { from=$(($(wc -c <"$run/console.log") + 1)); }
# since PATTERN SECONDS: true once the console said so after the mark.
since() {
	_until=$(($(date +%s) + $2))
	while ! tail -c "+$from" "$run/console.log" | grep -a -q -E "$1"; do
		if host_has_failed || ! host_is_running || [ "$(date +%s)" -ge "$_until" ]; then return 1; fi
		sleep 0.2
	done
}

# log_in VM SYSTEM SENTENCE: waits for the prompt after the mark, and leaves a shell that neither prompts nor echoes. The
# kernel's messages stay in its log, unless it dies of them: they come in the middle of lines, and so of answers.
log_in() {
	if since "$2 login: " 400; then
		ok "$1: $3"
	else
		not_ok "$1: $3"
		machine_must_live
		machine_logs
		return 0
	fi
	host_type root
	since "root@$2:" 60 || not_ok "$1: root logs in"
	host_type 'exec env PS1= sh'
	host_type 'stty -echo; dmesg -n 3'
	sleep 1
}

# visit VM: its console instead of what is there.
visit() {
	machine_prompt || not_ok "the operator's prompt comes before $1"
	vm=$1
	mark
	host_type "console $1"
}

# in_guest SENTENCE SECONDS COMMAND: true in the VM whose console is there. Each has its number: a console that is
# visited again shows old lines.
asked=0
in_guest() {
	asked=$((asked + 1))
	if machine_ask "if { $3; } >/tmp/out 2>&1; then echo yes-$asked; else tail -n 5 /tmp/out; echo no-$asked; fi" "^(yes|no)-$asked\$" "$2" &&
		[ "$machine_answer" = "yes-$asked" ]; then
		ok "$vm: $1"
	else
		not_ok "$vm: $1"
		machine_must_live
		host_type 'dmesg | tail -n 6'
		sleep 2
		plain "$run/console.log" | tail -n 12 | sed 's/^/# /'
	fi
}

# fio_on FILE ARGUMENTS: the command.
fio_on() { printf 'fio --name=t --filename=%s --verify=crc32c --do_verify=1 --verify_fatal=1 %s' "$1" "$2"; }
# The scratch disk, by its size: sd letters come in any order.
second='/dev/$(lsblk -d -n -b -o NAME,SIZE | sed -n "s/ *100663296 *\$//p")'

judge_system() {
	in_guest "its root file system is on a disk" 30 "findmnt -n -o SOURCE / | grep -q '^/dev/sd'"
	in_guest "VMBus has version 5.3" 30 "dmesg | grep -q 'Vmbus version:5\\.3'"
	in_guest "everything on VMBus has its driver" 30 \
		"(for d in /sys/bus/vmbus/devices/*; do ls -d \$d/driver || exit 1; done) && grep -l $STORAGE /sys/bus/vmbus/devices/*/class_id"
	wall_clock
	in_guest "its kernel has nothing to complain of" 30 "! dmesg | grep -v -E '$LINUX_KNOWN' | grep -E '$bad'"
}

# wall_clock: right within 2 s, between the moment of asking and of the answer.
wall_clock() {
	asked=$((asked + 1))
	_before=$(date +%s)
	machine_ask "echo time-$asked-\$(date +%s)" "^time-$asked-[0-9]+\$" 30 || :
	_there=${machine_answer##*-}
	claim "$vm: its wall clock is right within 2 s" [ "${_there:-0}" -ge $((_before - 2)) -a "${_there:-0}" -le $(($(date +%s) + 2)) ]
}

# down VM: asked by the operator.
down() {
	machine_prompt || not_ok "the operator's prompt comes to shut $1 down"
	host_type "shutdown $1"
	machine_end_reason "$1" 120 '^power off$' "$1: it powers off when the operator asks it to"
}
