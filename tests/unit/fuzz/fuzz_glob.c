/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pattern and a name, separated by a line feed.
 */
#include "fuzz.h"

#include <libs/glob.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pattern = fuzz_string(data, size);
	char *name = strchr(pattern, '\n');

	if (name) {
		*name++ = '\0';
		glob_match(pattern, name);
		if (!glob_has_wildcard(pattern) && !strchr(pattern, '\\'))
			FUZZ_CHECK(glob_match(pattern, name) == !strcmp(pattern, name));
		FUZZ_CHECK(glob_match("*", name));
	}
	free(pattern);
	return 0;
}
