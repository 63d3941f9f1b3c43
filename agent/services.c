/* SPDX-License-Identifier: ISC */
#include "agent/services.h"

#include <string.h>
#include <strings.h>

#include "common/addr.h"
#include "common/mem.h"
#include "protocol/name.h"

_Static_assert(LIMITS_LABEL_LEN > NAME_HOST_MAX, "a name fits");

struct services {
	struct service *list;
	size_t count;
};

struct services *
services_new(void)
{
	return mem_new(1, sizeof(struct services));
}

void
services_free(struct services *services)
{
	if (services == NULL) {
		return;
	}
	mem_free(services->list);
	mem_free(services);
}

/* Return the service called name to be changed, or NULL. */
static struct service *
find(const struct services *services, const char *name)
{
	for (size_t i = 0; i < services->count; i++) {
		if (strcasecmp(services->list[i].name, name) == 0) {
			return &services->list[i];
		}
	}
	return NULL;
}

/* Read name and `to` into *out; 0, or -1 and *flaw. */
static int
read_service(
    struct service *out, const char *name, const char *to, const char **flaw)
{
	enum name_error error = name_check_host(name);

	if (error != NAME_OK) {
		*flaw = name_error_text(error);
		return -1;
	}
	if (name_fold(name, out->name, sizeof(out->name)) != 0 ||
	    addr_split(to, out->host, sizeof(out->host), &out->port) != 0 ||
	    out->port == 0) {
		*flaw = "has a target that is not like 127.0.0.1:8080";
		return -1;
	}
	return 0;
}

int
services_set(struct services *services, const char *name, const char *to,
    const char **flaw)
{
	struct service service = { .port = 0 };
	struct service *there;

	if (read_service(&service, name, to, flaw) != 0) {
		return -1;
	}
	there = find(services, service.name);
	if (there != NULL) {
		*there = service;
		return 0;
	}
	if (services->count == SERVICES_MAX) {
		*flaw = "is one too many";
		return -1;
	}
	there = mem_grow(services->list, services->count + 1, sizeof(*there));
	if (there == NULL) {
		*flaw = "does not fit into memory";
		return -1;
	}
	services->list = there;
	services->list[services->count++] = service;
	return 0;
}

int
services_add(struct services *services, const char *text, const char **flaw)
{
	const char *equals = strchr(text, '=');
	char name[LIMITS_LABEL_LEN];
	size_t len = equals == NULL ? 0 : (size_t)(equals - text);

	if (len == 0 || len >= sizeof(name)) {
		*flaw = "is not like web=127.0.0.1:8080";
		return -1;
	}
	memcpy(name, text, len);
	name[len] = '\0';
	return services_set(services, name, equals + 1, flaw);
}

const struct service *
services_find(const struct services *services, const char *name)
{
	return find(services, name);
}

size_t
services_count(const struct services *services)
{
	return services->count;
}

const struct service *
services_at(const struct services *services, size_t i)
{
	return &services->list[i];
}
