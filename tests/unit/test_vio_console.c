/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of virtio consoles, with a device that always has more to say: what nobody reads waits
 * in the device, and nothing is lost. The driver is part of this file because it never lets go of a
 * device, which the test has to.
 */
#include "vio_fake.h"

#include "../../drivers/virtio/virtio_console.c"

#include <core/cpu.h>
#include <core/log.h>

/* What senders need; there is one. */
struct cpu *host_this_cpu(void)
{
	static struct cpu cpu;

	return &cpu;
}

void preempt_disable(void)
{
}

void preempt_enable(void)
{
}

bool panic_active(void)
{
	return false;
}

static struct vio_fake f;
static uint8_t sent, expected;

/* Fill all buffers that the device has, or give bytes one by one. @return bytes */
static unsigned say(bool single)
{
	struct fake_chain c;
	unsigned n = 0;

	while (fake_pop(&f, 0, &c)) {
		uint32_t len = single ? 1 : c.segs[0].len;

		CHECK(c.n == 1 && !c.nr_out && c.segs[0].len == RX_BYTES);
		for (uint32_t i = 0; i < len; i++)
			c.segs[0].p[i] = sent++;
		fake_push(&f, 0, c.head, len);
		n += len;
	}
	return n;
}

/* @return bytes that were there to read, which are those that were sent */
static unsigned hear(struct chardev *cd, size_t most)
{
	uint8_t buf[CHARDEV_RX];
	size_t n = chardev_read(cd, buf, MIN(most, sizeof(buf)), 0);

	for (size_t i = 0; i < n; i++)
		CHECK_EQ(buf[i], expected++);
	return (unsigned)n;
}

static struct console *begin(void)
{
	world_begin();
	sent = expected = 0;
	fake_init(&f, VIO_ID_CONSOLE, 0);
	CHECK_EQ(vio_register(&f.vd), 0);
	return f.vd.priv;
}

static void end(struct console *con)
{
	chardev_unregister(&con->cd);
	fake_fini(&f);
	heap_free(con);
	CHECK_EQ(world_end(), 0);
}

TEST(nothing_is_lost)
{
	struct console *con = begin();
	unsigned said = 0, heard = 0, n;

	/* nobody reads */
	while ((n = say(false)))
		said += n;
	CHECK(said >= CHARDEV_RX / 2 && said <= CHARDEV_RX);
	CHECK(con->cd.held);
	CHECK_EQ(con->cd.rx_dropped, 0);
	/* somebody does, slowly, in any pieces; the device goes on when there is room */
	for (unsigned i = 0; i < 5000; i++) {
		heard += hear(&con->cd, unit_random_below(100));
		if (unit_random_below(3) == 0)
			said += say(unit_random_below(2));
	}
	while ((n = hear(&con->cd, CHARDEV_RX)))
		heard += n;
	CHECK(heard > 20000);
	CHECK_EQ(heard, said);
	CHECK_EQ(con->cd.rx_dropped, 0);
	CHECK(!con->cd.held);
	CHECK_EQ(con->nr_kept, 0);
	end(con);
}
