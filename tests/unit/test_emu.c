/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulator lookup, register tables, messages, power buttons; and the two smallest emulators.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <string.h>

#include <core/vpower.h>
#include <libs/errno.h>

static uint32_t last_index;
static uint64_t last_value;
static unsigned calls;

static uint64_t reg_read(struct emu_dev *dev, struct emu_access *acc, uint32_t index)
{
	last_index = index;
	calls++;
	return 0x1122334455667788;
}

static void reg_write(struct emu_dev *dev, struct emu_access *acc, uint32_t index, uint64_t value)
{
	last_index = index;
	last_value = value;
	calls++;
}

static const struct emu_reg rows[] = {
	{ .offset = 0x00, .size = 4, .widths = 4, .read = reg_read, .write = reg_write },
	{ .offset = 0x08, .size = 8, .widths = 4 | 8, .reset = 0xaabbccdd },
	{ .offset = 0x20, .size = 0x40, .widths = 1 | 2 | 4, .read = reg_read, .write = reg_write },
	{ .offset = 0x100, .size = 4, .widths = 7, .reset = 0x12345678 },
};
static const struct emu_regs regs = { rows, 4, false };
/* Another table of the same device: the hint must not lead into the wrong one. */
static const struct emu_reg other_rows[] = {
	{ .offset = 0x00, .size = 0x200, .widths = 4, .reset = 0x0badcafe },
};
static const struct emu_regs other = { other_rows, 1, false };

static enum emu_result access(struct emu_dev *dev, uint64_t offset, unsigned size, bool write,
			      uint64_t *value)
{
	struct emu_access acc = { .offset = offset, .size = (uint8_t)size, .is_write = write,
				  .value = *value };
	enum emu_result result = emu_regs_access(dev, &regs, &acc);

	*value = acc.value;
	return result;
}

TEST(table_finds_rows)
{
	struct emu_dev dev = { 0 };
	uint64_t off, v;

	for (off = 0; off < 0x120; off += 4) {
		bool there = off == 0 || off == 8 || off == 12 || (off >= 0x20 && off < 0x60) ||
			     off == 0x100;

		v = 0;
		CHECK_EQ(access(&dev, off, 4, false, &v), there ? EMU_OK : EMU_NONE);
	}
	/* Backwards, so that the hint is wrong each time. */
	for (off = 0x120; off; off -= 4) {
		v = 0;
		CHECK_EQ(access(&dev, off - 4, 4, false, &v) == EMU_NONE,
			 !(off - 4 == 0 || off - 4 == 8 || off - 4 == 12 ||
			   (off - 4 >= 0x20 && off - 4 < 0x60) || off - 4 == 0x100));
	}
}

TEST(table_widths_and_alignment)
{
	struct emu_dev dev = { 0 };
	uint64_t v = 0;

	CHECK_EQ(access(&dev, 0, 1, false, &v), EMU_WIDTH);
	CHECK_EQ(access(&dev, 0, 8, false, &v), EMU_WIDTH);
	CHECK_EQ(access(&dev, 8, 8, false, &v), EMU_OK);
	CHECK_EQ(v, 0xaabbccddaabbccdd);
	CHECK_EQ(access(&dev, 12, 8, false, &v), EMU_WIDTH);
	CHECK_EQ(access(&dev, 0x22, 4, false, &v), EMU_WIDTH);
	CHECK_EQ(access(&dev, 0x21, 2, false, &v), EMU_WIDTH);
	CHECK_EQ(access(&dev, UINT64_MAX - 3, 4, false, &v), EMU_NONE);
	calls = 0;
	CHECK_EQ(access(&dev, 0x2e, 2, false, &v), EMU_OK);
	CHECK_EQ(v, 0x7788);
	CHECK_EQ(last_index, 0xe);
	CHECK_EQ(access(&dev, 0x2f, 1, false, &v), EMU_OK);
	CHECK_EQ(v, 0x88);
	v = 0x99;
	CHECK_EQ(access(&dev, 0x5f, 1, true, &v), EMU_OK);
	CHECK_EQ(last_index, 0x3f);
	CHECK_EQ(last_value, 0x99);
	CHECK_EQ(calls, 3);
}

TEST(table_constants)
{
	struct emu_dev dev = { 0 };
	uint64_t v = 0xffff;

	CHECK_EQ(access(&dev, 0x100, 4, true, &v), EMU_OK);
	CHECK_EQ(access(&dev, 0x100, 4, false, &v), EMU_OK);
	CHECK_EQ(v, 0x12345678);
	CHECK_EQ(access(&dev, 0x102, 2, false, &v), EMU_OK);
	CHECK_EQ(v, 0x1234);
	CHECK_EQ(access(&dev, 0x103, 1, false, &v), EMU_OK);
	CHECK_EQ(v, 0x12);
}

TEST(table_hint_of_another_table)
{
	struct emu_access acc = { .offset = 0x100, .size = 4 };
	struct emu_dev dev = { 0 };

	CHECK_EQ(emu_regs_access(&dev, &other, &acc), EMU_OK);
	CHECK_EQ(acc.value, 0x0badcafe);
	CHECK_EQ(emu_regs_access(&dev, &regs, &acc), EMU_OK);
	CHECK_EQ(acc.value, 0x12345678);
	CHECK_EQ(emu_regs_access(&dev, &other, &acc), EMU_OK);
	CHECK_EQ(acc.value, 0x0badcafe);
}

TEST(words_have_byte_lanes)
{
	static const struct emu_reg word_rows[] = {
		{ .offset = 0, .size = 8, .widths = 7, .read = reg_read, .write = reg_write },
	};
	static const struct emu_regs words = { word_rows, 1, true };
	struct emu_access acc = { .offset = 1, .size = 1 };
	struct emu_dev dev = { 0 };

	CHECK_EQ(emu_words_access(&dev, &words, &acc), EMU_OK);
	CHECK_EQ(acc.value, 0x77);
	CHECK_EQ(last_index, 0);
	acc = (struct emu_access){ .offset = 6, .size = 2 };
	CHECK_EQ(emu_words_access(&dev, &words, &acc), EMU_OK);
	CHECK_EQ(acc.value, 0x5566);
	CHECK_EQ(last_index, 4);
	acc = (struct emu_access){ .offset = 3, .size = 2 };
	CHECK_EQ(emu_words_access(&dev, &words, &acc), EMU_WIDTH);
	acc = (struct emu_access){ .offset = 9, .size = 1 };
	CHECK_EQ(emu_words_access(&dev, &words, &acc), EMU_NONE);
	calls = 0;
	acc = (struct emu_access){ .offset = 1, .size = 1, .is_write = true, .value = 1 };
	CHECK_EQ(emu_words_access(&dev, &words, &acc), EMU_OK);
	CHECK_EQ(calls, 0);
	acc = (struct emu_access){ .offset = 4, .size = 1, .is_write = true, .value = 0x42 };
	CHECK_EQ(emu_words_access(&dev, &words, &acc), EMU_OK);
	CHECK_EQ(calls, 1);
	CHECK_EQ(last_value, 0x42);
}

/* emulator.regs: hints of reads and writes must not serve what the row does not allow. */
TEST(access_by_hints)
{
	static const struct emu_reg mixed_rows[] = {
		{ .offset = 0x00, .size = 2, .widths = 2, .reset = 0x1111 },
		{ .offset = 0x04, .size = 4, .widths = 4, .read = reg_read, .write = reg_write },
		{ .offset = 0x08, .size = 8, .widths = 8, .reset = 0x22222222 },
		{ .offset = 0x10, .size = 16, .widths = 4, .reset = 0x33333333 },
	};
	static const struct emu_regs mixed = { mixed_rows, 4, false };
	static const struct emulator emu = { .name = "mixed", .regs = &mixed };
	struct region region = { .size = 0x18 };
	struct emu_dev dev = { .region = &region, .emu = &emu };
	uint64_t off;
	unsigned i, size;

	for (i = 0; i < 3; i++) {
		for (off = 0; off < 0x24; off++) {
			for (size = 1; size <= 8; size *= 2) {
				struct emu_access acc = { .offset = off, .size = (uint8_t)size,
							  .is_write = i & 1 };
				enum emu_result result = emu_access(&dev, &acc);
				bool good = (off == 0 && size == 2) || (off == 4 && size == 4) ||
					    (off == 8 && size == 8) || (off == 0x10 && size == 4) ||
					    (off == 0x14 && size == 4);

				CHECK_EQ(result == EMU_OK, good);
				if (off >= 0x18 || off + size > 0x18)
					CHECK_EQ(result, EMU_NONE);
			}
		}
	}
	/* Counted, and by turns at different rows. */
	dev.reads = dev.writes = 0;
	for (i = 0; i < 10; i++) {
		CHECK_EQ(world_read(&dev, 4, 4), 0x55667788);
		CHECK_EQ(world_write(&dev, 4, 4, i), EMU_OK);
		CHECK_EQ(last_value, i);
		CHECK_EQ(world_read(&dev, 0x14, 4), 0x33333333);
		CHECK_EQ(world_read(&dev, 8, 8), 0x2222222222222222);
	}
	CHECK_EQ(dev.reads, 30);
	CHECK_EQ(dev.writes, 10);
}

TEST(access_stays_in_region)
{
	struct emu_dev *dev;

	world_begin();
	dev = world_device("z", "zero", 0x10, 1);
	CHECK_EQ(world_read(dev, 0x0c, 4), 0);
	CHECK_EQ(world_read(dev, 0x10, 4), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_read(dev, 0x0d, 4), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_read(dev, UINT64_MAX, 8), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_write(dev, 0x8, 8, 1), EMU_OK);
	CHECK_EQ(world_read(dev, 0x8, 8), 0);
	CHECK_EQ(dev->reads, 5);
	CHECK_EQ(dev->writes, 1);
	CHECK_EQ(world_end(), 0);
}

TEST(lookup_takes_the_first_compatible)
{
	static const char two[] = "zero\0vminfo-0.1";
	static const char unknown_first[] = "acme,unknown\0vminfo-0.1";
	const void *data = &data;
	struct dt_node *node;

	world_begin();
	node = world_node("n", "x");
	CHECK(!emu_find(node, &data));
	CHECK_EQ(dt_set(node, "compatible", two, sizeof(two)), 0);
	REQUIRE(emu_find(node, NULL));
	CHECK_STR(emu_find(node, &data)->name, "zero");
	CHECK_EQ(dt_set(node, "compatible", unknown_first, sizeof(unknown_first)), 0);
	REQUIRE(emu_find(node, &data));
	CHECK_STR(emu_find(node, &data)->name, "vminfo");
	CHECK_EQ(world_end(), 0);
}

TEST(irq_numbers_are_checked)
{
	static const uint32_t cells[] = { 33, 4000 };
	struct emu_dev *dev;

	world_begin();
	dev = world_device("z", "zero", 0x10, 1);
	CHECK_EQ(dt_set_cells(dev->node, "interrupts", cells, 2), 0);
	CHECK_EQ(emu_irq(dev, 0), 33);
	CHECK_EQ(emu_irq(dev, 1), -ERANGE);
	CHECK(strstr(fake_log_text(), "g/z: interrupts names 4000"));
	CHECK_EQ(emu_irq(dev, 2), -ENOENT);
	CHECK(emu_dev_find(world_guest(), "z") == dev);
	CHECK(!emu_dev_find(world_guest(), "y"));
	emu_complain(dev, NULL, "did %s %d", "this", 7);
	CHECK(strstr(fake_log_text(), "z: did this 7"));
	CHECK_EQ(world_end(), 0);
}

TEST(vminfo_tells_the_guest)
{
	struct dt_node *node;
	struct emu_dev *dev;
	int err;

	world_begin();
	node = world_node("vminfo", "vminfo-0.1");
	CHECK_EQ(dt_set_u64(node, "ram1_base", WORLD_RAM + 0x4000), 0);
	CHECK_EQ(dt_set_u32(node, "ram2_base", WORLD_RAM), 0);
	CHECK_EQ(dt_set_u32(node, "boot_delay", 5), 0);
	dev = world_probe(node, 0x1000, &err);
	REQUIRE(dev);
	CHECK_EQ(world_r32(dev, 0x00), 0xa4a297a6);
	CHECK_EQ(world_r32(dev, 0x04), 0x52535658);
	CHECK_EQ(world_r32(dev, 0x08), 1);
	CHECK_EQ(world_r32(dev, 0x0c), 2);
	CHECK_EQ(world_r32(dev, 0x10), 5);
	CHECK_EQ(world_r32(dev, 0x3c), 0);
	CHECK_EQ(world_r32(dev, 0x44), 0);
	CHECK_EQ(world_r32(dev, 0x54), WORLD_RAM + 0x4000);
	CHECK_EQ(world_r32(dev, 0x5c), WORLD_RAM_SIZE - 0x4000);
	CHECK_EQ(world_r32(dev, 0x60), 0);
	CHECK_EQ(world_r32(dev, 0x64), WORLD_RAM);
	CHECK_EQ(world_read(dev, 0x01, 1), 0x97);
	CHECK_EQ(world_read(dev, 0x80, 4), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_write(dev, 0x08, 4, 9), EMU_OK);
	CHECK_EQ(world_r32(dev, 0x08), 1);
	CHECK(strstr(fake_log_text(), "read-only"));
	CHECK_EQ(world_end(), 0);
}

TEST(vminfo_refuses_what_is_no_memory)
{
	struct dt_node *node;
	int err;

	world_begin();
	node = world_node("vminfo", "vminfo-0.1");
	CHECK_EQ(dt_set_u64(node, "ram0_base", 0x1000), 0);
	CHECK(!world_probe(node, 0x1000, &err));
	CHECK_EQ(err, -EINVAL);
	CHECK(strstr(fake_log_text(), "ram0_base is not the address of memory"));
	CHECK_EQ(dt_del_prop(node, "ram0_base"), 0);
	REQUIRE(world_probe(node, 0x1000, &err));
	CHECK_EQ(world_r32(emu_dev_find(world_guest(), "vminfo"), 0x10), 0xffffffff);
	CHECK_EQ(world_end(), 0);
}

static unsigned pressed;

static int press(struct vpower *button)
{
	pressed++;
	return -EIO;
}

TEST(power_button_of_the_right_guest)
{
	struct guest other_guest = { 0 };
	struct vpower first = { .press = press }, second = { .press = press };

	world_begin();
	CHECK_EQ(guest_power_button(world_guest()), -ENODEV);
	first.guest = world_guest();
	second.guest = &other_guest;
	vpower_register(&first);
	vpower_register(&second);
	CHECK_EQ(guest_power_button(world_guest()), -EIO);
	CHECK_EQ(pressed, 1);
	vpower_unregister(&first);
	CHECK_EQ(guest_power_button(world_guest()), -ENODEV);
	vpower_unregister(&second);
	CHECK_EQ(pressed, 1);
	CHECK_EQ(world_end(), 0);
}
