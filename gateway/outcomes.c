/* SPDX-License-Identifier: ISC */
#include "gateway/outcomes.h"

static const enum code codes[OUTCOMES_CODES] = {
#define CODE(number, name, slug, socks5, http, proxy_status, summary)          \
	[OUTCOMES_##name] = CODE_##name,
#include "protocol/codes.def"
#undef CODE
};

void
outcomes_add(struct outcomes *outcomes, enum dialect dialect, enum code code)
{
	unsigned i = 0;

	while (i < OUTCOMES_CODES && codes[i] != code) {
		i++;
	}
	/* A code that only a newer peer knows. */
	outcomes->counts[dialect][i < OUTCOMES_CODES ? i : OUTCOMES_INTERNAL]++;
}

void
outcomes_each(const struct outcomes *outcomes,
    void (*visit)(
	enum dialect dialect, enum code code, uint64_t count, void *arg),
    void *arg)
{
	for (unsigned d = 0; d < DIALECTS; d++) {
		for (unsigned i = 0; i < OUTCOMES_CODES; i++) {
			if (outcomes->counts[d][i] > 0) {
				visit((enum dialect)d, codes[i],
				    outcomes->counts[d][i], arg);
			}
		}
	}
}

uint64_t
outcomes_failed(const struct outcomes *outcomes)
{
	uint64_t failed = 0;

	for (unsigned d = 0; d < DIALECTS; d++) {
		for (unsigned i = 0; i < OUTCOMES_CODES; i++) {
			if (i != OUTCOMES_OK && i != OUTCOMES_CANCELLED) {
				failed += outcomes->counts[d][i];
			}
		}
	}
	return failed;
}
