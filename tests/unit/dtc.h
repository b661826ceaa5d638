/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device tree blobs for tests, made from source text by dtc of the build machine.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

/** Compile source. @return a blob from malloc(); NULL and a failure of the test when dtc refuses */
static inline void *dtc(const char *source, size_t *size)
{
	char path[64], command[160];
	void *blob = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/unit-dtc-%d.dtb", (int)getpid());
	snprintf(command, sizeof(command), "dtc -q -@ -I dts -O dtb -o %s -", path);
	f = popen(command, "w");
	if (f) {
		fputs(source, f);
		if (pclose(f) == 0 && (f = fopen(path, "r"))) {
			fseek(f, 0, SEEK_END);
			*size = (size_t)ftell(f);
			rewind(f);
			blob = malloc(*size);
			if (fread(blob, 1, *size, f) != *size)
				*size = 0;
			fclose(f);
		}
	}
	unlink(path);
	if (!blob)
		unit_fail(__FILE__, __LINE__, "dtc does not compile the source");
	return blob;
}
