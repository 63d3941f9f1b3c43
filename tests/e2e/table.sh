# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# A table of what clients make of a gateway, client × way in × result: whether
# they fetch, and what they show when they cannot. Sourced after lib.sh.
#
#   aim PAGE REFUSED UNKNOWN DENIED   targets, each "HOST PORT": one that serves
#                       the page, a port on which nothing listens, a name that
#                       is no host, and what the agent's policy does not allow
#   promise REFUSED UNKNOWN DENIED    what clients show from here on, each
#                       "STATUS TEXT": they end so and say so; - is not tried
#   row CLIENT WAY COMMAND...         COMMAND prints the page, and fails as
#                       promised; a line of the table
#   try CLIENT WAY COMMAND...         the first half of row, for what does more
#                       than to print the page: COMMAND may be a function
#   fails CLIENT WAY COMMAND...       the other half
#   chains              writes $work/socks5.conf, socks4.conf and http.conf, by
#                       which proxychains goes by the gateway
#   finish_table        prints the table, then finish
#
# HOST and PORT in the words of COMMAND stand for those of the target.

: "${work:?}" "${failures:?}"
declare -A aims promises cells
lines=()

aim() {
	aims=([page]=$1 [refused]=$2 [unknown]=$3 [denied]=$4)
}

promise() {
	promises=([refused]=$1 [unknown]=$2 [denied]=$3)
}

# aimed KIND COMMAND...: sets words to COMMAND, aimed at that target.
aimed() {
	words=("${@:2}")
	words=("${words[@]//HOST/${aims[$1]% *}}")
	words=("${words[@]//PORT/${aims[$1]#* }}")
}

# cell LINE KIND TEXT COMMAND...: COMMAND is a case; if it passes, TEXT is in
# the table.
cell() {
	local line=$1 kind=$2 text=$3 before=$failures
	test "${lines[*]: -1}" = "$line" || lines+=("$line")
	check "${line/$'\t'/ by }: $kind" "${@:4}"
	test "$failures" -eq "$before" || text=FAILS
	cells[$line,$kind]=$text
}

shows_page() {
	timeout 30 "$@" | grep "Hello from office"
}

# shows STATUS TEXT COMMAND...
shows() {
	refuses "$1" '' "${@:3}" || return
	grep -qF -- "$2" "$work/refusal" && return
	echo "it does not say: $2"
	return 1
}

try() {
	aimed page "${@:3}"
	cell "$1"$'\t'"$2" page works "${words[@]}"
}

fails() {
	local kind promised
	for kind in refused unknown denied; do
		promised=${promises[$kind]}
		test "$promised" = - && continue
		aimed $kind "${@:3}"
		cell "$1"$'\t'"$2" $kind "$promised" \
			shows "${promised%% *}" "${promised#* }" "${words[@]}"
	done
}

row() {
	try "$1" "$2" shows_page "${@:3}"
	fails "$@"
}

chains() {
	local kind address=${proxy:?}
	for kind in socks5 socks4 http; do
		cat >"$work/$kind.conf" <<-END
			strict_chain
			proxy_dns
			remote_dns_subnet 224
			tcp_read_time_out 15000
			tcp_connect_time_out 15000
			[ProxyList]
			$kind ${address/:/ }
		END
	done
}

print_table() {
	local line kind
	{
		printf 'CLIENT\tWAY IN\tPAGE\tREFUSED PORT\tUNKNOWN HOST\tDENIED\n'
		for line in "${lines[@]}"; do
			printf %s "$line"
			for kind in page refused unknown denied; do
				printf '\t%s' "${cells[$line,$kind]:--}"
			done
			printf '\n'
		done
	} | awk -F '\t' '
		{ for (i = 1; i <= NF; i++) {
			if (length($i) > width[i]) width[i] = length($i)
			text[NR, i] = $i
		} }
		END { for (n = 1; n <= NR; n++) {
			line = "#"
			for (i = 1; i <= NF; i++)
				line = line sprintf(" %-" width[i] + 1 "s", text[n, i])
			sub(/ +$/, "", line)
			print line
		} }'
}

finish_table() {
	print_table
	finish
}
