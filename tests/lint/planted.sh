# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2016 # nothing is to expand
#
# The faults that selftest.test plants, at least one for each case of each lint
# test: plant LINT CASE FILE LINES.

# repeat COUNT LINE: that line COUNT times.
repeat() {
	yes "$2" | head -n "$1"
}

licence='/* SPDX-License-Identifier: ISC */'
permit='/* lint: allow'

plant headers 'bad.h compiles' common/bad.h 'size_t bad(void);'
plant headers 'bad.h compiles alone and twice' common/bad.h 'struct b { int x; };'
plant headers 'opens with its licence' common/bad.c 'int x;'
plant headers 'guard of every header' common/bad.h '#ifndef BAD_H'
plant headers 'own header first' protocol/pure.h "$licence"

plant layers 'common includes' common/bad.c '#include "protocol/frame.h"'
plant layers 'protocol includes' protocol/bad.c '#include "relay/relay.h"'
plant layers 'gateway includes' gateway/bad.c '#include "gateway/cli/table.h"'
plant layers 'relay includes' relay/bad.c '#include "gateway/http.h"'
plant layers 'agent includes' agent/bad.c '#include "tests/support/unit.h"'
plant layers 'command line' gateway/cli/bad.c '#include "gateway/http.h"'
plant layers 'input or output' protocol/pure.c '#include <ev.h>'
plant layers 'input or output' protocol/pure.c '#include <sys/socket.h>'
plant layers 'input or output' protocol/pure.c '#include "common/io.h"'
plant layers 'time and randomness' protocol/pure.c 'randombytes_buf(p, 1);'
plant layers 'in one list' protocol/bad.c "$licence"

plant symbols 'bad exports its own' relay/bad.c 'int tick(void) { return 1; }'
plant symbols 'bad has no variables' relay/bad.c 'static int n; int *bad(void);
int *bad(void) { return &n; }'
plant symbols 'good has no variables' common/good.c "$permit state: none */"

plant banned 'string function' common/good.c 'x = strcpy(a, b);'
plant banned 'randomness' common/good.c 'x = rand();'
plant banned 'network' common/good.c 'getaddrinfo (a, b);'
plant banned 'signal' tests/bad.c 'system("ls");'
plant banned 'ends in main' common/good.c 'exit(1);'
plant banned 'common/mem' relay/bad.c 'p = malloc(1);'
plant banned 'common/mem' relay/bad.c "$permit malloc: none */"
plant banned 'common/mem' relay/bad.c "$permit malloc: one */
p = malloc(1);
p = malloc(2);"
plant banned 'constant time' protocol/bad.c 'if (memcmp(a, b, 1)) {'

plant doc-comments 'what it is for' common/bad.h "$licence

int bad;"
plant doc-comments 'prototype' common/good.h 'int good_two(void);'
plant doc-comments 'prototype' common/good.h 'struct x {
	int y;
};
void good_two(
    int x);'
plant doc-comments 'prototype' common/good.h 'typedef void good_done(void);'

plant format 'formatted' common/good.c 'int x  = 1;'

plant sizes 'functions are short' common/good.c "
int
good_long(void)
{
$(repeat 58 '	x();')
}"
plant sizes 'functions are short' common/good.c "$permit lines good_one: none */"
plant sizes 'functions are simple' common/good.c "
int
good_many(int x)
{
$(repeat 15 '	if (x) { x--; }')
}"
plant sizes 'functions are simple' common/good.c "$permit paths good_one: none */"
plant sizes 'files are short' common/good.c "$(repeat 495 'int x;')"
plant sizes 'files are short' common/good.c "$permit length: none */"

plant spec 'frames.def' protocol/frames.def 'FRAME(2, PING, G)'
plant spec 'records.def' protocol/PROTOCOL.md '### 7.1 More
| 4 | RESET |'
plant spec 'codes.def' protocol/PROTOCOL.md '| 4 | host-gone |'
plant spec 'cited' relay/bad.c '/* See PROTOCOL.md
 * section 7.2. */'

plant docs 'options of inroad-relay' man/inroad-relay.8 '.It Fl -old'
plant docs 'options of inroad-relay' inroad-relay 'echo "  --new  more"'
plant docs 'options of inroad-gateway' inroad-gateway 'echo "  --new  more"'
plant docs 'options of inroad-agent' man/inroad-agent.8 '.It Fl -old'
plant docs 'commands of inroad' man/inroad.1 '.It Ic old'
plant docs 'commands of inroad' gateway/cli/commands.c 'commands_table[] = {
{ "new", "", "more" },'
plant docs 'options of its commands' man/inroad.1 '.It Ic go Fl -old'
plant docs 'options of its commands' gateway/cli/commands.c 'commands_table[] = {
{ "go", "--new", "more" },'
plant docs 'mandoc likes' man/inroad.1 '.Bogus'
plant docs 'relay.conf is right' contrib/relay.conf 'bad = "1"'
plant docs 'gateway.conf is right' contrib/gateway.conf 'bad = "1"'
plant docs 'agent.conf is right' contrib/agent.conf 'bad = "1"'
plant docs 'version of' configure.ac 'AC_INIT([inroad],[1.3])'
plant docs 'link in a text' CHANGELOG.md '[gone](gone.md)'

plant project 'work to be done' relay/bad.c "/* TO""DO: more */"
plant project 'how it was made' relay/bad.c "/* MODEL""S.md */"
plant scripts 'bad.sh' tests/bad.sh '#!/bin/sh
rm $1'

plant metrics 'the metrics of the relay' relay/relaymetrics.c '	put(NAME("more"));'
plant metrics 'the metrics of the relay' man/inroad-relay.8 '.It Ic inroad_relay_more'
plant metrics 'metrics that there are' contrib/grafana/a.json '"inroad_relay_more"'
plant metrics 'dashboards are JSON' contrib/grafana/a.json '}'
plant metrics 'accepts the rules' contrib/prometheus/a.rules.yml '    exprs: 1'
plant metrics 'fire when they should' contrib/prometheus/a.rules.test.yml \
	'  - { eval_time: 1m, alertname: Few }'
plant metrics 'accepts the configuration' contrib/prometheus/prometheus.yml 'x: 1'
