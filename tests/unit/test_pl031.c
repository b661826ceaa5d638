/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PL031 (ARM DDI 0224): the time, loading it, the match interrupt, a host clock that is set.
 */
#include "emu_world.h"
#include "unit.h"

#define DR   0x00
#define MR   0x04
#define LR   0x08
#define CR   0x0c
#define IMSC 0x10
#define RIS  0x14
#define MIS  0x18
#define ICR  0x1c

#define IRQ    34
#define SECOND 1000000000ull
#define EPOCH  1700000000u

static struct emu_dev *rtc;

static void setup(void)
{
	world_begin();
	world_set_epoch(EPOCH - 1); /* the world begins at one second */
	rtc = world_device("rtc", "primecell,pl031", 0x1000, IRQ);
}

static void teardown(void)
{
	CHECK_EQ(world_end(), 0);
}

TEST(reset_and_identification)
{
	static const uint8_t ids[] = { 0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	unsigned i;

	setup();
	CHECK_EQ(world_r32(rtc, DR), EPOCH);
	CHECK_EQ(world_r32(rtc, MR), 0);
	CHECK_EQ(world_r32(rtc, LR), 0);
	CHECK_EQ(world_r32(rtc, CR), 1);
	CHECK_EQ(world_r32(rtc, IMSC), 0);
	CHECK_EQ(world_r32(rtc, RIS), 0);
	CHECK_EQ(world_r32(rtc, MIS), 0);
	for (i = 0; i < 8; i++)
		CHECK_EQ(world_r32(rtc, 0xfe0 + 4 * i), ids[i]);
	/* It cannot be stopped, and what is read-only stays. */
	world_w32(rtc, CR, 0);
	CHECK_EQ(world_r32(rtc, CR), 1);
	world_w32(rtc, DR, 5);
	CHECK_EQ(world_r32(rtc, DR), EPOCH);
	CHECK_EQ(world_read(rtc, 0x20, 4), WORLD_BAD | EMU_NONE);
	teardown();
}

TEST(counts_and_loads)
{
	setup();
	world_advance(5 * SECOND);
	CHECK_EQ(world_r32(rtc, DR), EPOCH + 5);
	world_w32(rtc, LR, 100);
	CHECK_EQ(world_r32(rtc, LR), 100);
	CHECK_EQ(world_r32(rtc, DR), 100);
	world_advance(7 * SECOND);
	CHECK_EQ(world_r32(rtc, DR), 107);
	CHECK_EQ(world_r32(rtc, LR), 100);
	rtc->emu->reset(rtc);
	CHECK_EQ(world_r32(rtc, DR), EPOCH + 12);
	teardown();
}

TEST(match_interrupt)
{
	setup();
	world_w32(rtc, IMSC, 1);
	world_w32(rtc, MR, EPOCH + 10);
	world_advance(9 * SECOND);
	CHECK(!world_line(IRQ));
	world_advance(SECOND);
	CHECK(world_line(IRQ));
	CHECK_EQ(world_r32(rtc, RIS), 1);
	CHECK_EQ(world_r32(rtc, MIS), 1);
	world_w32(rtc, IMSC, 0);
	CHECK(!world_line(IRQ));
	CHECK_EQ(world_r32(rtc, MIS), 0);
	CHECK_EQ(world_r32(rtc, RIS), 1);
	world_w32(rtc, ICR, 0);
	CHECK_EQ(world_r32(rtc, RIS), 1);
	world_w32(rtc, ICR, 1);
	CHECK_EQ(world_r32(rtc, RIS), 0);
	/* Once: it does not come again by itself. */
	world_advance(100 * SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 0);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	teardown();
}

TEST(match_now_and_by_loading)
{
	setup();
	world_w32(rtc, MR, EPOCH);
	CHECK_EQ(world_r32(rtc, RIS), 1);
	world_w32(rtc, ICR, 1);
	world_w32(rtc, MR, 1000);
	world_w32(rtc, LR, 997);
	world_advance(2 * SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 0);
	world_advance(SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 1);
	teardown();
}

TEST(changed_match)
{
	setup();
	world_w32(rtc, MR, EPOCH + 100);
	world_w32(rtc, MR, EPOCH + 3);
	world_advance(3 * SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 1);
	world_w32(rtc, ICR, 1);
	world_w32(rtc, MR, EPOCH + 5);
	world_w32(rtc, MR, EPOCH + 200);
	world_advance(10 * SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 0);
	/* In the past means after the counter has wrapped: no interrupt now. */
	world_w32(rtc, MR, EPOCH);
	world_advance(10 * SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 0);
	CHECK(world_next_timer() > 4000000000ull * SECOND);
	teardown();
}

TEST(host_clock_set_back)
{
	setup();
	world_w32(rtc, MR, EPOCH + 10);
	world_advance(5 * SECOND);
	world_set_epoch(EPOCH - 21);
	world_advance(5 * SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 0);
	world_advance(19 * SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 0);
	world_advance(SECOND);
	CHECK_EQ(world_r32(rtc, RIS), 1);
	teardown();
}

TEST(removed_with_an_alarm)
{
	setup();
	world_w32(rtc, MR, EPOCH + 10);
	teardown();
}
