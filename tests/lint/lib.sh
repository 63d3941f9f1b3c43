# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# What the lint tests share. Each looks at the tree in $top_srcdir and prints
# one TAP case per rule: ok if nothing was found, else what was found.
#
# A line that breaks a rule for a good reason says so itself, in a comment on
# it or just above: "lint: allow RULE: the reason". A comment that is no longer
# needed is reported like a breach.

set -u
lint_dir=$(cd "$(dirname "$0")" && pwd)
cd "${top_srcdir:?}" || exit 99
cases=0

# sources EXT...: the files of the tree with one of these extensions.
sources() {
	for ext; do
		find common protocol gateway relay agent tests -name "*.$ext"
	done | sort
}

# texts: every file of the project that people write.
texts() {
	for root in .ci .clang-* .gitignore ./*.md ./*.ac ./*.am LICENSE common \
		protocol gateway relay agent tests contrib man; do
		if test -e "$root"; then
			find "$root" -type f ! -name '*.o' ! -name '*.a' ! -name '*.log' \
				! -name '*.trs' ! -path '*/.deps/*'
		fi
	done | sort
}

# scripts: every shell script of the project.
scripts() {
	texts | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*) head -n 1 "$file" | tr -d '\0' | grep -qE '^#!.*\b(ba|da)?sh$' &&
			echo "$file" ;;
		esac
	done
}

# strip FILE...: the files with comments and the content of strings removed, line
# by line, each with its file and a tab in front.
strip() {
	awk -f "$lint_dir/strip.awk" "$@"
}

# calls NAMES FILE...: the lines that call one of NAMES, a|b|c. An allowed line
# is left out; a permission that allows nothing is found as well. One process
# for all files: there are hundreds of them, and rules for each.
calls() {
	names=$1
	shift
	strip "$@" | awk -F '\t' -v names="$names" '
	BEGIN {
		call = "(^|[^a-zA-Z0-9_])(" names ")[ \t]*[(]"
		permit = "lint: allow (" names "):"
	}
	function leave() {
		if (above) {
			print file ":" above ": needless: " said
		}
		above = 0
		if (file != "") {
			close(file)
		}
	}
	$1 != file {
		leave()
		file = $1
		number = 0
	}
	{
		code = substr($0, length($1) + 2)
		raw = ""
		getline raw <file
		number++
		here = (code ~ call)
		allowed = (raw ~ permit)
		if (here && !(allowed || above)) {
			print file ":" number ": " code
		}
		# A permission reaches the next line of code unless its own uses it.
		if (allowed && !here) {
			above = number
			said = raw
		} else if (above && (here || code != "")) {
			if (!here) {
				print file ":" above ": needless: " said
			}
			above = 0
		}
	}
	END {
		leave()
	}'
}

# report NAME FOUND: one case, which passes if FOUND is empty.
report() {
	cases=$((cases + 1))
	if test -z "$2"; then
		echo "ok $cases - $1"
	else
		echo "not ok $cases - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# finish: the end of every lint test.
finish() {
	echo "1..$cases"
}

# lacks THING: ends the test because it cannot be made; as a failure where
# LINT_STRICT is set, because a check that everything may skip checks nothing.
lacks() {
	if test -n "${LINT_STRICT-}"; then
		echo "not ok 1 - there is no $1"
		echo "1..1"
	else
		echo "1..0 # SKIP there is no $1"
	fi
	exit 0
}

# need COMMAND WHAT: ends the test if COMMAND, which may be empty, is missing.
need() {
	if test -z "$1" || ! command -v "$1" >/dev/null; then
		lacks "$2"
	fi
}
