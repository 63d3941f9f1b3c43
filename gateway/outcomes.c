/* SPDX-License-Identifier: ISC */
#include "gateway/outcomes.h"

void
outcomes_add(struct outcomes *outcomes, enum dialect dialect, enum code code)
{
	outcomes->counts[dialect][codes_index(code)]++;
}

void
outcomes_each(const struct outcomes *outcomes,
    void (*visit)(
	enum dialect dialect, enum code code, uint64_t count, void *arg),
    void *arg)
{
	for (unsigned d = 0; d < DIALECTS; d++) {
		for (unsigned i = 0; i < CODES_COUNT; i++) {
			if (outcomes->counts[d][i] > 0) {
				visit((enum dialect)d, codes_at(i),
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
		for (unsigned i = 0; i < CODES_COUNT; i++) {
			if (i != CODES_INDEX_OK && i != CODES_INDEX_CANCELLED) {
				failed += outcomes->counts[d][i];
			}
		}
	}
	return failed;
}
