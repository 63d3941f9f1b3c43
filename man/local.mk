# SPDX-License-Identifier: ISC
#
# A page comes with its program.

dist_man_MANS =
if ENABLE_GATEWAY
dist_man_MANS += %D%/inroad-gateway.1
endif
if ENABLE_RELAY
dist_man_MANS += %D%/inroad-relay.8
endif
if ENABLE_AGENT
dist_man_MANS += %D%/inroad-agent.8
endif
if ENABLE_CLI
dist_man_MANS += %D%/inroad.1
endif
