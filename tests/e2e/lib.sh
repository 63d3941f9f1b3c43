# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the end-to-end tests share: real daemons on loopback, each in a state
# directory of its own, on ports that the kernel chooses.
#
#   daemon NAME COMMAND...   start COMMAND, wait for its "ready" line
#   ${NAME}_pid              its process
#   field KEY NAME           value of KEY in that line
#   net                      a relay, a gateway and the agent "office", linked
#   target                   target.py with its services; port SERVICE
#   check TEXT COMMAND...    one TAP case: COMMAND succeeds
#   finish                   the plan; stops everything
#
# Nothing sleeps: readiness is read from the daemons' standard output, and
# states are waited for by "inroad wait".

set -u
: "${top_builddir:?}" "${top_srcdir:?}"
PATH=$top_builddir:$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/inroad-e2e.XXXXXX")
export INROAD_TEST_DIR=$work
cases=0
failures=0
pids=()
declare -A ready_line out_fd

# Proxies of whoever runs the tests are none of ours.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy
unset NO_PROXY INROAD_JOIN STATE_DIRECTORY

cleanup() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

note() { sed 's/^/# /'; }

# check TEXT COMMAND...: a case, with what COMMAND said if it fails.
check() {
	local text=$1 said
	shift
	cases=$((cases + 1))
	if said=$("$@" 2>&1); then
		echo "ok $cases - $text"
	else
		echo "not ok $cases - $text"
		printf '%s\n' "command: $*" "$said" | note
		failures=$((failures + 1))
		logs
	fi
}

# logs: the last lines that each daemon logged.
logs() {
	local log
	for log in "$work"/*.log; do
		test -s "$log" && { echo "== ${log##*/}"; tail -n 15 "$log"; }
	done | note
}

finish() {
	echo "1..$cases"
	test "$failures" -eq 0
	exit
}

# daemon NAME COMMAND...: start it; its log is in $work/NAME.log.
daemon() {
	local name=$1 fd line
	shift
	exec {fd}< <(exec "$@" 2>>"$work/$name.log")
	printf -v "${name}_pid" %d $!
	pids+=($!)
	out_fd[$name]=$fd
	while read -r -t 20 -u "$fd" line; do
		case $line in
		ready\ *)
			ready_line[$name]=$line
			return 0
			;;
		esac
	done
	echo "Bail out! $name did not get ready: $*"
	logs
	exit 1
}

# until_line NAME PATTERN: read what the daemon prints until a line fits.
until_line() {
	local line
	while read -r -t 20 -u "${out_fd[$1]}" line; do
		# shellcheck disable=SC2254
		case $line in $2) return 0 ;; esac
	done
	return 1
}

# field KEY NAME
field() {
	local word
	for word in ${ready_line[$2]}; do
		case $word in "$1="*) echo "${word#*=}" ;; esac
	done
}

# stop NAME: SIGTERM, and its exit status.
stop() {
	local pid=${1}_pid
	kill "${!pid}" && wait "${!pid}"
}

relay() {
	daemon relay inroad-relay --state "$work/relay" --listen 127.0.0.1:0 "$@"
}

# gateway [OPTION...]: joined as the owner's first.
gateway() {
	daemon gateway inroad-gateway --state "$work/gateway" \
		--listen 127.0.0.1:0 --join "@$work/relay/owner.join" "$@"
	proxy=$(field listen gateway)
	export proxy
}

# agent NAME [OPTION...]: invited by the gateway.
agent() {
	local name=$1 join
	shift
	join=$(cli invite "$name") || return 1
	daemon "$name" inroad-agent --state "$work/$name" --join "$join" "$@"
}

cli() { inroad --gateway "$work/gateway" "$@"; }

net() {
	relay
	gateway
	cli wait --timeout 20 || { echo "Bail out! not linked"; logs; exit 1; }
	agent office "$@"
	cli wait --timeout 20 office || { echo "Bail out! no office"; logs; exit 1; }
}

# target: servers to reach; port NAME is where one of them listens.
target() {
	daemon target python3 "$top_srcdir/tests/e2e/target.py"
}
port() { field "$1" target; }
