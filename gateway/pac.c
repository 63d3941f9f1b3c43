/* SPDX-License-Identifier: ISC */
#include "gateway/pac.h"

#include "common/addr.h"
#include "gateway/overview.h"
#include "gateway/textout.h"
#include "protocol/target.h"

/*
 * A name is ours by its last label, as protocol/target.h decides, or by the
 * suffix, which may have several.
 */
static const char rules[] =
    "\";\n"
    "\n"
    "function FindProxyForURL(url, host) {\n"
    "\tvar name = host.toLowerCase().replace(/\\.$/, \"\");\n"
    "\tvar last = name.slice(name.lastIndexOf(\".\") + 1);\n"
    "\tvar under = (\".\" + name).slice(-suffix.length) === suffix;\n"
    "\tvar ours = hosts.indexOf(\" \" + last + \" \") >= 0;\n"
    "\treturn under || ours ? proxy : \"DIRECT\";\n"
    "}\n";

int
pac_write(
    const struct overview *overview, const struct addr *proxy, struct buf *out)
{
	struct textout text;
	char address[ADDR_TEXT_LEN];

	textout_begin(&text, out);
	textout_format(&text,
	    "// Names of inroad go to its gateway, everything else does not.\n"
	    "var proxy = \"PROXY %s\";\n"
	    "var suffix = \".%s\";\n"
	    "var hosts = \" " TARGET_RELAY " ",
	    addr_format(proxy, address), overview->suffix);
	for (size_t i = 0; i < overview->host_count; i++) {
		/* A label: letters, digits and hyphens (protocol/name.h). */
		textout_format(&text, "%s ", overview->hosts[i].name);
	}
	textout_bytes(&text, rules, sizeof(rules) - 1);
	return textout_end(&text);
}
