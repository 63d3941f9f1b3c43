/* SPDX-License-Identifier: ISC */
/*
 * Configuration files.  What our own look through a file lets pass, libconfuse
 * must read, and in the same way: a key or section that one of the two sees and
 * the other does not would be a setting that silently does not hold.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/options_file.h"
#include "common/options_impl.h"
#include "tests/support/sampleoptions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * Each key that the scan saw must have a value, but a list may be empty.
 * Sections hold no sections, so the recursion is one deep.
 */
static void
/* NOLINTNEXTLINE(misc-no-recursion) */
check_level(const struct options *options)
{
	for (size_t i = 0; options->rows[i].name != NULL; i++) {
		const struct options_slot *slot = &options->slots[i];

		switch (options->rows[i].kind) {
		case OPTIONS_SECTION:
			for (size_t j = 0; j < slot->count; j++) {
				if (slot->sections[j]->line == 0) {
					abort();
				}
				check_level(slot->sections[j]);
			}
			break;
		case OPTIONS_LIST:
			if (slot->line == 0 && slot->count > 0) {
				abort();
			}
			break;
		case OPTIONS_FLAG:
		case OPTIONS_STRING:
		case OPTIONS_NUMBER:
		case OPTIONS_SIZE:
		case OPTIONS_RATE:
		case OPTIONS_DURATION:
		default:
			if (slot->count != (slot->line != 0)) {
				abort();
			}
			break;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct options *options = options_new(&sampleoptions);
	struct fault fault = { "" };
	char *text = malloc(len > 0 ? len : 1);

	if (options == NULL || text == NULL) {
		abort();
	}
	memcpy(text, data, len);
	if (options_file_load_text(options, "f", text, len, &fault) == 0) {
		check_level(options);
	} else if (strncmp(fault.text, "f:", 2) != 0 ||
		   strcmp(fault.text, "f: libconfuse refuses it") == 0) {
		abort();
	}
	options_free(options);
	free(text);
	return 0;
}
