/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot images of any bytes, plain and through containers: what is recognised lies within the file,
 * and what is placed within the memory.
 */
#include "fuzz.h"

#include "fake.h"
#include "fake_files.h"

#include <core/image.h>

static void check(const struct kernel_image *image, size_t size)
{
	FUZZ_CHECK(image->nr_parts >= 1 && image->nr_parts <= IMAGE_PARTS_MAX);
	FUZZ_CHECK(image->data_offset <= size && image->data_size <= size - image->data_offset);
	FUZZ_CHECK(image->gzip || image->size == image->data_size);
	for (unsigned i = 0; i < image->nr_parts; i++) {
		const struct image_part *p = &image->parts[i];

		FUZZ_CHECK(p->size <= p->mem_size && p->offset <= image->size &&
			   p->size <= image->size - p->offset);
		FUZZ_CHECK(p->gpa + p->mem_size >= p->gpa);
	}
}

static void place(const struct kernel_image *image)
{
	struct boot_wish wish = {
		.ram = 0x40000000,
		.ram_size = 0x4000000,
		.kernel = image,
		.initrd_size = 0x123456,
		.dtb_size = 0x10000,
	};
	char why[IMAGE_WHY_MAX] = "";
	struct boot_plan plan;
	uint64_t end = wish.ram + wish.ram_size;

	if (boot_plan_make(&wish, &plan, why)) {
		FUZZ_CHECK(why[0]);
		return;
	}
	FUZZ_CHECK(plan.initrd >= wish.ram && plan.initrd + wish.initrd_size <= end);
	FUZZ_CHECK(plan.dtb >= wish.ram && plan.dtb + wish.dtb_size <= end);
	FUZZ_CHECK(image->fixed ||
		   (plan.kernel >= wish.ram && plan.kernel + image->mem_size <= end));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t live = fake_heap_live();
	struct kernel_image image;
	char why[IMAGE_WHY_MAX] = "";

	for (int mappable = 0; mappable < 2; mappable++) {
		fake_files_clear();
		fake_files_mappable(mappable);
		fake_file("/f", data, size);
		if (image_open("/f", &image, why)) {
			FUZZ_CHECK(why[0] && memchr(why, 0, sizeof(why)));
		} else {
			check(&image, size);
			place(&image);
		}
		FUZZ_CHECK(fake_heap_live() == live && fake_files_open() == 0);
	}
	return 0;
}
