/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Archives of any bytes: the reader ends, and all it returns is within the image.
 */
#include "fuzz.h"

#include <libs/cpio.h>
#include <libs/errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpio_reader reader;
	struct cpio_entry e;
	size_t entries = 0;
	uint32_t sum = 0;
	int result;

	cpio_open(&reader, data, size);
	while ((result = cpio_next(&reader, &e)) == 1) {
		const uint8_t *content = e.data;
		size_t i;

		FUZZ_CHECK(e.name_len > 0 && strlen(e.name) == e.name_len);
		FUZZ_CHECK((const uint8_t *)e.name > data && content >= data);
		FUZZ_CHECK(e.size <= size && content <= data + (size - e.size));
		for (i = 0; i < e.size; i++)
			sum += content[i];
		FUZZ_CHECK(++entries <= size / 110);
	}
	FUZZ_CHECK(result == 0 || (result == -EILSEQ && reader.error));
	FUZZ_CHECK(reader.at <= size);
	return sum == 0xffffffff ? -1 : 0;
}
