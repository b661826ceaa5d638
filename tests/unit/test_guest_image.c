/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Images in guests: that a file arrives where it belongs, now and after a reset, and is copied
 * once.
 */
#include "dtc.h"
#include "fake.h"
#include "fake_files.h"
#include "fake_guest.h"
#include "images.h"
#include "unit.h"

#include <string.h>

#include <core/dt.h>
#include <core/emu.h>
#include <core/mem.h>
#include <libs/errno.h>

const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	return NULL;
}

static struct kernel_image image;
static char why[IMAGE_WHY_MAX];

static struct dt_node *guests;
static struct guest *guest;
static size_t live_before;

static bool make_guest(void)
{
	static const char source[] =
		"/dts-v1/; / { device_type = \"guest\"; vcpu_template { count = <2>;"
		" device_type = \"vcpu\"; compatible = \"armv8,generic\"; };"
		" aspace { guest_irq_count = <64>; mem0 { manifest_type = \"real\"; address_type = "
		"\"memory\"; device_type = \"alloced_ram\"; guest_physical_addr = <0x40000000>;"
		" physical_size = <0x400000>; }; }; };";
	struct dt_node *node;
	size_t size;
	void *blob = dtc(source, &size);
	int err;

	live_before = fake_heap_live();
	fake_out_clear();
	fake_files_clear();
	guests = dt_new_tree();
	err = blob ? dt_load(guests, "g", blob, size, &node) : -1;
	free(blob);
	CHECK_EQ(err, 0);
	return !err && guest_create(node, &fake_out, &guest) == 0;
}

static void unmake_guest(void)
{
	CHECK_EQ(guest_destroy(guest), 0);
	CHECK_EQ(dt_del_node(guests), 0);
	CHECK_EQ(fake_heap_live(), live_before);
	CHECK_EQ(fake_files_open(), 0);
}

static uint8_t *mem(gpa_t gpa)
{
	return fake_guest_ptr(guest, gpa);
}

static int reset(void)
{
	int err;

	mutex_lock(&guest->life);
	err = guest_images_load(guest, &fake_out);
	mutex_unlock(&guest->life);
	return err;
}

TEST(load_file)
{
	REQUIRE(make_guest());
	for (unsigned mappable = 0; mappable < 2; mappable++) {
		fill(200 * K);
		fake_files_mappable(mappable);
		fake_file("/f", file, 200 * K);
		memset(mem(0x40000000), 0, 0x400000);
		CHECK_EQ(guest_load_file(guest, 0x40010001, "/f", &fake_out), 0);
		CHECK_MEM(mem(0x40010001), file, 200 * K);
		CHECK_EQ(*mem(0x40010000), 0);
		CHECK_EQ(*mem(0x40010001 + 200 * K), 0);
		memset(mem(0x40000000), 0xff, 0x400000);
		CHECK_EQ(reset(), 0);
		CHECK_MEM(mem(0x40010001), file, 200 * K);
		CHECK_EQ(*mem(0x40010000), 0xff);
	}
	/* the second time took the place of the first */
	CHECK_EQ(fake_files_open(), 1);
	CHECK_STR(fake_out_text(), "");
	unmake_guest();
}

TEST(load_once)
{
	REQUIRE(make_guest());
	fill(200 * K);
	fake_file("/f", file, 200 * K);
	CHECK_EQ(guest_load_file(guest, 0x40000000, "/f", &fake_out), 0);
	CHECK_EQ(fake_guest_loaded(), 200 * K);
	unmake_guest();
}

static unsigned images;

static void count(const char *path, gpa_t gpa, uint64_t size, void *arg)
{
	images++;
	CHECK_EQ(size, 0x100);
}

TEST(load_over_others)
{
	REQUIRE(make_guest());
	fill(0x200);
	fake_file("/f", file, 0x100);
	fake_file("/g", file + 0x100, 0x100);
	CHECK_EQ(guest_load_file(guest, 0x40000000, "/f", &fake_out), 0);
	CHECK_EQ(guest_load_file(guest, 0x40000080, "/g", &fake_out), 0);
	CHECK_EQ(guest_keep_blob(guest, 0x40000200, file, 0x100), 0);
	images = 0;
	guest_images_for_each(guest, count, NULL);
	CHECK_EQ(images, 3);
	memset(mem(0x40000000), 0, 0x1000);
	CHECK_EQ(reset(), 0);
	CHECK_MEM(mem(0x40000000), file, 0x80);
	CHECK_MEM(mem(0x40000080), file + 0x100, 0x100);
	CHECK_MEM(mem(0x40000200), file, 0x100);
	unmake_guest();
}

TEST(load_image_parts)
{
	REQUIRE(make_guest());
	for (unsigned way = 0; way < 4; way++) {
		size_t size = make_elf(183, 2);

		if (way & 2) {
			size = gzip(file, size);
			fake_file("/k", packed, size);
		} else {
			fake_file("/k", file, size);
		}
		fake_files_mappable(way & 1);
		memset(mem(0x40000000), 0xee, 0x400000);
		REQUIRE(image_open("/k", &image, why) == 0);
		CHECK_EQ(guest_load_image(guest, 0, "/k", &image, &fake_out), 0);
		CHECK_STR(fake_out_text(), "");
		CHECK_MEM(mem(0x40100000), file + 4 * K, 6 * K);
		CHECK_EQ(*mem(0x40100000 + 6 * K), 0xee);
		CHECK_MEM(mem(0x40110000), file + 12 * K, 6 * K);
		CHECK_EQ(*mem(0x40110000 + 6 * K), 0);
		CHECK_EQ(*mem(0x40110000 + 8 * K - 1), 0);
		CHECK_EQ(*mem(0x40110000 + 8 * K), 0xee);
		memset(mem(0x40000000), 0xdd, 0x400000);
		CHECK_EQ(reset(), 0);
		CHECK_MEM(mem(0x40110000), file + 12 * K, 6 * K);
		CHECK_EQ(*mem(0x40110000 + 8 * K - 1), 0);
	}
	unmake_guest();
}

TEST(load_gzip_kernel)
{
	size_t size;

	REQUIRE(make_guest());
	size = gzip(file, make_arm64(0, MIB, 0));
	fake_file("/k", packed, size);
	REQUIRE(image_open("/k", &image, why) == 0);
	CHECK_EQ(guest_load_image(guest, 0x40000000, "/k", &image, &fake_out), 0);
	CHECK_MEM(mem(0x40000000), file, 100 * K);
	CHECK_EQ(*mem(0x40000000 + 100 * K), 0);
	unmake_guest();
}

TEST(load_mistakes)
{
	size_t size;

	REQUIRE(make_guest());
	fill(0x1000);
	fake_file("/f", file, 0x1000);
	fake_file("/empty", file, 0);
	CHECK_EQ(guest_load_file(guest, 0x403ff001, "/f", &fake_out), -EFAULT);
	CHECK_STR(fake_out_text(),
		  "g: /f does not fit: the guest has no memory at all of 0x403ff001 "
		  "to 0x40400000\n");
	fake_out_clear();
	CHECK_EQ(guest_load_file(guest, UINT64_MAX - 10, "/f", &fake_out), -EFAULT);
	CHECK(strstr(fake_out_text(), "/f does not fit"));
	fake_out_clear();
	CHECK_EQ(guest_load_file(guest, 0x40000000, "/none", &fake_out), -ENOENT);
	CHECK(strstr(fake_out_text(), "g: /none cannot be loaded: "));
	CHECK_EQ(guest_load_file(guest, 0x40000000, "/dir", &fake_out), -EISDIR);
	fake_out_clear();
	CHECK_EQ(guest_load_file(guest, 0x40000000, "/empty", &fake_out), -EINVAL);
	CHECK_STR(fake_out_text(), "g: /empty is empty, so there is nothing to load\n");
	CHECK_EQ(guest_keep_blob(guest, 0x30000000, file, 16), -EFAULT);
	/* a compressed file that is other than it says */
	size = gzip(file, make_arm64(0, MIB, 0));
	put_le32(packed + size - 4, 50 * K);
	fake_file("/k", packed, size);
	REQUIRE(image_open("/k", &image, why) == 0);
	fake_out_clear();
	CHECK_EQ(guest_load_image(guest, 0x40000000, "/k", &image, &fake_out), -EBADMSG);
	CHECK(strstr(fake_out_text(), "g: /k could not be decompressed: "));
	/* another file in its place */
	image.data_size = size + 1;
	fake_out_clear();
	CHECK_EQ(guest_load_image(guest, 0x40000000, "/k", &image, &fake_out), -EAGAIN);
	CHECK_STR(fake_out_text(), "g: /k has changed while it was loaded; try again\n");
	unmake_guest();
}

TEST(load_io_error)
{
	REQUIRE(make_guest());
	fill(200 * K);
	fake_file("/f", file, 200 * K);
	fake_files_mappable(false);
	fake_files_fail_from(100 * K);
	CHECK_EQ(guest_load_file(guest, 0x40000000, "/f", &fake_out), -EIO);
	CHECK(strstr(fake_out_text(), "g: /f could not be loaded at 0x40000000: "));
	/* at a reset that the guest asked for there is only the log to tell */
	fake_files_fail_from(SIZE_MAX);
	CHECK_EQ(guest_load_file(guest, 0x40000000, "/f", &fake_out), 0);
	fake_files_fail_from(100 * K);
	fake_log_clear();
	mutex_lock(&guest->life);
	CHECK_EQ(guest_images_load(guest, NULL), -EIO);
	mutex_unlock(&guest->life);
	CHECK(strstr(fake_log_text(), "g: /f could not be loaded at 0x40000000: "));
	unmake_guest();
}

TEST(too_many_images)
{
	REQUIRE(make_guest());
	fill(0x100);
	fake_file("/f", file, 0x10);
	for (unsigned i = 0; i < 256; i++)
		CHECK_EQ(guest_load_file(guest, 0x40000000 + i * 0x10, "/f", &fake_out), 0);
	CHECK_EQ(guest_load_file(guest, 0x40010000, "/f", &fake_out), -ENOSPC);
	CHECK_STR(fake_out_text(),
		  "g: /f is not loaded: 256 images are loaded already, which is the "
		  "most that are kept for a reset\n");
	/* over an old one there is room */
	CHECK_EQ(guest_load_file(guest, 0x40000000, "/f", &fake_out), 0);
	unmake_guest();
}

TEST(load_out_of_memory)
{
	REQUIRE(make_guest());
	fake_file("/f", file, 200 * K);
	fake_files_mappable(false);
	for (unsigned n = 1; n < 10; n++) {
		bool failed;
		int err;

		fake_heap_fail_at(n);
		err = guest_load_file(guest, 0x40000000, "/f", &fake_out);
		if (!err)
			err = guest_keep_blob(guest, 0x40100000, file, 100);
		failed = fake_heap_failed();
		fake_heap_fail_at(0);
		CHECK_EQ(err, failed ? -ENOMEM : 0);
		if (!failed)
			break;
	}
	unmake_guest();
}

TEST(start)
{
	uint64_t pc = 0;

	REQUIRE(make_guest());
	CHECK_EQ(guest_set_start(guest, 0x40080000, 0x48000000), 0);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x40080000);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x48000000);
	CHECK_EQ(fake_vcpu_resets(), 1);
	CHECK_EQ(dt_u64(guest->vcpus[0]->node, "start_pc", &pc), 0);
	CHECK_EQ(pc, 0x40080000);
	guest->state = GUEST_RUNNING;
	CHECK_EQ(guest_set_start(guest, 0, 0), -EBUSY);
	unmake_guest();
}
