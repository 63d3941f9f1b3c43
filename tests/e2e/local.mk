# SPDX-License-Identifier: ISC
#
# Scripts that run the real programs and print TAP. They find the programs in
# $top_builddir and lib.sh in $top_srcdir/tests/e2e: a new one is a line here.
# Those that take long come first, or the last one would run alone at the end.

E2E_TESTS = \
	tests/e2e/resume.test \
	tests/e2e/errors.test \
	tests/e2e/hostile.test \
	tests/e2e/browsers.test \
	tests/e2e/clients.test \
	tests/e2e/page.test \
	tests/e2e/dashboard.test \
	tests/e2e/desktop.test \
	tests/e2e/languages.test \
	tests/e2e/access.test \
	tests/e2e/accounts.test \
	tests/e2e/agent.test \
	tests/e2e/api.test \
	tests/e2e/clones.test \
	tests/e2e/console.test \
	tests/e2e/crash.test \
	tests/e2e/databases.test \
	tests/e2e/dialects.test \
	tests/e2e/join.test \
	tests/e2e/limits.test \
	tests/e2e/messages.test \
	tests/e2e/password.test \
	tests/e2e/readme.test \
	tests/e2e/relays.test \
	tests/e2e/replicas.test \
	tests/e2e/resolve.test \
	tests/e2e/restart.test \
	tests/e2e/routes.test \
	tests/e2e/rules.test \
	tests/e2e/share.test \
	tests/e2e/store.test \
	tests/e2e/streams.test \
	tests/e2e/transparent.test \
	tests/e2e/udp.test \
	tests/e2e/ways.test \
	$(NULL)

# Of these, what says more about clients and desktops than about our programs,
# and takes long: check-own leaves it out.
CLIENT_TESTS = \
	tests/e2e/browsers.test \
	tests/e2e/clients.test \
	tests/e2e/dashboard.test \
	tests/e2e/databases.test \
	tests/e2e/desktop.test \
	tests/e2e/languages.test \
	tests/e2e/page.test \
	tests/e2e/readme.test \
	$(NULL)

TESTS += $(E2E_TESTS)
dist_check_SCRIPTS += $(E2E_TESTS)

# The end-to-end tests alone.
check-e2e: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(E2E_TESTS)'
.PHONY: check-e2e

EXTRA_DIST += \
	tests/e2e/api.py \
	tests/e2e/browser.py \
	tests/e2e/browsers.py \
	tests/e2e/client.py \
	tests/e2e/crash.py \
	tests/e2e/databases.py \
	tests/e2e/endure.py \
	tests/e2e/fetch.java \
	tests/e2e/replicas.py \
	tests/e2e/fetch.js \
	tests/e2e/fetch.py \
	tests/e2e/lib.sh \
	tests/e2e/nameserver.py \
	tests/e2e/node/package-lock.json \
	tests/e2e/node/package.json \
	tests/e2e/table.sh \
	tests/e2e/target.py \
	tests/e2e/udp.py \
	tests/e2e/websocket.py \
	$(NULL)
