# SPDX-License-Identifier: ISC
#
# Removes the comments of C, and what stands inside strings and characters, and
# keeps the lines, so that a search finds code only and at its place. In front of
# each line are the name of its file and a tab.

FNR == 1 {
	comment = 0
}
{
	quote = ""
	out = ""
	n = length($0)
	for (i = 1; i <= n; i++) {
		c = substr($0, i, 1)
		two = substr($0, i, 2)
		if (comment) {
			if (two == "*/") {
				comment = 0
				i++
			}
		} else if (quote != "") {
			if (c == "\\") {
				i++
			} else if (c == quote) {
				quote = ""
				out = out c
			}
		} else if (two == "/*") {
			comment = 1
			i++
		} else if (two == "//") {
			break
		} else {
			if (c == "\"" || c == "'") {
				quote = c
			}
			out = out c
		}
	}
	sub(/[ \t]+$/, "", out)
	print FILENAME "\t" out
}
