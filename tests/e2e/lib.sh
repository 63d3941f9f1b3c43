# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2119,SC2120
#
# What the end-to-end tests share: real daemons on loopback, each in a state
# directory of its own, on ports that the kernel chooses.
#
#   daemon NAME COMMAND...   start COMMAND, wait for its "ready" line
#   ${NAME}_pid              its process
#   field KEY NAME           value of KEY in that line
#   until_line NAME PATTERN  the next line it prints that fits
#   stop NAME, crash NAME    end it by SIGTERM or SIGKILL
#   net                      a relay, a gateway and the agent "office", linked
#   target                   target.py with its services; port SERVICE
#   check TEXT COMMAND...    one TAP case: COMMAND succeeds
#   refuses STATUS PATTERN COMMAND...   ends so, saying so
#   forwarded NAME:PORT      the gateway's address that leads there
#   peer ...                 client.py
#   need PROGRAM...          what the test cannot do without
#   finish                   stops everything, as a last case, and the plan
#
# Nothing sleeps: readiness is read from the daemons' standard output, and
# states are waited for by "inroad wait".

set -u
: "${top_builddir:?}" "${top_srcdir:?}"
PATH=$top_builddir:$PATH
here=$top_srcdir/tests/e2e
work=$(mktemp -d "${TMPDIR:-/tmp}/inroad-e2e.XXXXXX")
export INROAD_TEST_DIR=$work
cases=0
failures=0
running=()
# daemon() sets these, and others.
relay_pid='' gateway_pid='' office_pid='' held_pid=''
export relay_pid gateway_pid office_pid held_pid
declare -A ready_line out_fd

# Proxies of whoever runs the tests are none of ours.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy
unset NO_PROXY INROAD_JOIN STATE_DIRECTORY
# need PROGRAM...: without it the test is skipped, or fails where LINT_STRICT
# says that everything is there.
need() {
	local program
	for program; do
		command -v "$program" >/dev/null && continue
		test -z "${LINT_STRICT-}" || { echo "Bail out! no $program"; exit 1; }
		echo "1..0 # SKIP no $program"
		exit
	done
}
need curl python3
for program in inroad inroad-agent inroad-gateway inroad-relay; do
	test -x "$top_builddir/$program" && continue
	echo "1..0 # SKIP built without $program"
	exit
done

# Itself, not something that looks for it each time.
python=$(python3 -c 'import sys; print(sys.executable)')
# What the tests ask for shall not depend on somebody's language.
export LC_ALL=C

# For what must be seen whatever a case's output is led to.
exec 3>&1

cleanup() {
	local name pid
	for name in "${running[@]}"; do
		pid=${name}_pid
		kill -KILL "${!pid}" 2>/dev/null
	done
	wait
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

note() { sed 's/^/# /'; }

# check TEXT COMMAND...: a case, with what COMMAND said if it fails.
check() {
	local text=$1
	shift
	cases=$((cases + 1))
	if "$@" >"$work/said" 2>&1; then
		echo "ok $cases - $text"
	else
		echo "not ok $cases - $text"
		echo "command: $*" | note
		tail -n 20 "$work/said" | note
		failures=$((failures + 1))
		# More would hide the first ones.
		test $failures -gt 3 || logs
	fi
}

# skip TEXT WHY: a case that this machine cannot run.
skip() {
	cases=$((cases + 1))
	echo "ok $cases - $1 # SKIP $2"
}

bail_out() {
	echo "Bail out! $*" >&3
	logs >&3
	exit 1
}

# logs: the last lines that each daemon logged.
logs() {
	local log
	for log in "$work"/*.log; do
		test -s "$log" && { echo "== ${log##*/}"; tail -n 8 "$log"; }
	done | note
}

finish() {
	check "everything ends when it is told to" end_all
	check "no sanitizer complained" no_complaints
	echo "1..$cases"
	test "$failures" -eq 0
	exit
}

# Ends what runs, in turn and the relays last, and with status 0.
end_all() {
	local name status=0
	for name in "${running[@]}"; do
		case $name in relay*) continue ;; esac
		stop "$name" || { echo "$name: status $?"; status=1; }
	done
	for name in "${running[@]}"; do
		stop "$name" || { echo "$name: status $?"; status=1; }
	done
	return $status
}

no_complaints() {
	! grep -hE 'Sanitizer|runtime error:' "$work"/*.log
}

# daemon NAME COMMAND...: start it; its log is in $work/NAME.log.
daemon() {
	local name=$1 fd
	shift
	rm -f "$work/$name.out"
	mkfifo "$work/$name.out"
	"$@" >"$work/$name.out" 2>>"$work/$name.log" 3>&- &
	printf -v "${name}_pid" %d $!
	running+=("$name")
	exec {fd}<"$work/$name.out"
	out_fd[$name]=$fd
	until_line "$name" "ready *" || bail_out "$name did not get ready: $*"
	ready_line[$name]=$REPLY
}

# until_line NAME PATTERN: read what the daemon prints until a line fits; puts
# it into REPLY.
until_line() {
	while read -r -t 20 -u "${out_fd[$1]}"; do
		# shellcheck disable=SC2254
		case $REPLY in $2) return 0 ;; esac
	done
	echo "$1 has not said: $2"
	return 1
}

# field KEY NAME
field() {
	local word
	for word in ${ready_line[$2]}; do
		case $word in "$1="*) echo "${word#*=}" ;; esac
	done
}

# stop NAME: SIGTERM, and its exit status; 124 if it takes more than 12 s.
stop() {
	local pid=${1}_pid
	kill "${!pid}" && reap "$1"
}

# crash NAME: SIGKILL.
crash() {
	local pid=${1}_pid
	# The shell would say that it was killed.
	{ kill -KILL "${!pid}" && reap "$1"; } 2>/dev/null
	true
}

# reap NAME: wait for its end, which closes its standard output.
reap() {
	local pid=${1}_pid name left=()
	while read -r -t 12 -u "${out_fd[$1]}"; do :; done
	test $? -gt 128 && return 124
	for name in "${running[@]}"; do
		test "$name" = "$1" || left+=("$name")
	done
	running=("${left[@]}")
	wait "${!pid}" 2>/dev/null
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

linked() { cli wait --timeout 20 "$@" || bail_out "no link: $*"; }

net() {
	relay
	gateway
	linked
	agent office "$@"
	linked office
}

# target: servers to reach; port NAME is where one of them listens.
target() {
	daemon target "$python" "$here/target.py"
}
port() { field "$1" target; }

forwarded() {
	cli --json status | json "[p['address'] for p in i['listening']
		if p.get('to') == '$1'][0]"
}

peer() { "$python" "$here/client.py" "$@"; }

# refuses STATUS PATTERN COMMAND...: COMMAND ends with STATUS, and says
# something that the extended regular expression PATTERN fits.
refuses() {
	local want=$1 pattern=$2 status
	shift 2
	timeout 20 "$@" >"$work/refusal" 2>&1
	status=$?
	cat "$work/refusal"
	if test "$status" -ne "$want"; then
		echo "status $status instead of $want"
		return 1
	fi
	grep -qE -- "$pattern" "$work/refusal" && return
	echo "nothing like: $pattern"
	return 1
}

# json EXPRESSION: of the document d on standard input, and its first item i.
json() {
	"$python" -c 'import json, sys
d = json.load(sys.stdin)
i = (d.get("items") or [{}])[0]
print(eval(sys.argv[1]))' "$1"
}
