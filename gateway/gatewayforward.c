/* SPDX-License-Identifier: ISC */
/* The command "forward": forwards that come and go while the gateway runs. */
#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "common/control.h"
#include "common/fault.h"
#include "common/jsonout.h"
#include "gateway/gateway_impl.h"
#include "gateway/ports.h"
#include "gateway/settings.h"
#include "protocol/codes.h"

/* One object of an answer. */
#define OBJECT_MAX 2048

static void
send_forward(const struct ports_info *info, void *arg)
{
	struct control_request *request = arg;
	struct jsonout *json;
	char address[PORTS_TEXT_LEN];
	char target[PROXYTARGET_TEXT_LEN];

	if (info->forward == NULL) {
		return;
	}
	json = jsonout_new(OBJECT_MAX);
	jsonout_object(json, NULL);
	jsonout_string(json, "address", ports_format(info, address));
	jsonout_string(json, "to", proxytarget_format(info->forward, target));
	jsonout_bool(json, "by_command", info->by_command);
	jsonout_end(json);
	control_send(request, json);
}

static void
refuse(struct control_request *request, enum control_exit code,
    const char *listen, const char *flaw)
{
	struct fault fault;

	(void)fault_set(&fault, "\"%.200s\" %s", listen, flaw);
	control_end(request, code, codes_slug(CODE_BAD_REQUEST), fault.text);
}

static void
add(struct gateway *gateway, struct control_request *request)
{
	const char *listen = control_word(request, 2);
	const char *flaw = NULL;
	struct ports_spec spec;
	struct ports_info info;
	struct fault fault;

	if (settings_make_port(gateway->settings, &spec, listen,
		control_word(request, 3), &flaw) != 0) {
		refuse(request, CONTROL_USAGE, listen, flaw);
		return;
	}
	if (ports_add(gateway->ports, &spec, &info, &fault) != 0) {
		control_end(request, CONTROL_FAILED,
		    codes_slug(CODE_BAD_REQUEST), fault.text);
		return;
	}
	send_forward(&info, request);
	control_end(request, CONTROL_OK, NULL, NULL);
}

/* Called "remove" in words, for that is a function of <stdio.h>. */
static void
take_away(struct gateway *gateway, struct control_request *request)
{
	const char *listen = control_word(request, 2);
	const char *flaw = NULL;
	struct ports_spec spec;

	if (ports_spec_make(&spec, listen, NULL, &flaw) != 0) {
		refuse(request, CONTROL_USAGE, listen, flaw);
	} else if (ports_remove(gateway->ports, &spec) != 0) {
		refuse(request, CONTROL_FAILED, listen,
		    "is no forward; \"inroad forward\" lists them");
	} else {
		control_end(request, CONTROL_OK, NULL, NULL);
	}
}

void
gatewayforward_handle(struct gateway *gateway, struct control_request *request)
{
	const char *verb = control_word(request, 1);

	if (strcmp(verb, "add") == 0 && !gateway->finishing) {
		add(gateway, request);
	} else if (strcmp(verb, "remove") == 0) {
		take_away(gateway, request);
	} else if (verb[0] == '\0') {
		ports_each(gateway->ports, send_forward, request);
		control_end(request, CONTROL_OK, NULL, NULL);
	} else {
		control_end(request, CONTROL_USAGE,
		    codes_slug(CODE_BAD_REQUEST),
		    "forward [add [udp:]ADDR:PORT NAME:PORT | remove "
		    "[udp:]ADDR:PORT]");
	}
}
