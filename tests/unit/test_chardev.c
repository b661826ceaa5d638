/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Character devices: names, the console that the device tree chooses, FIFOs, filters and line ends.
 */
#include "../../core/dt/dt_priv.h"

#include <core/chardev.h>

#include <stdlib.h>
#include <string.h>

#include <core/dt.h>
#include <libfdt.h>
#include <libs/errno.h>

#include "fake.h"
#include "term.h"
#include "unit.h"

static struct chardev devs[102];
static char sent[256];

static void send(struct chardev *cd, const void *buf, size_t n)
{
	strncat(sent, buf, n);
}

static const struct chardev_ops ops = { .write = send };

static char holds[8];

static void hold(struct chardev *cd, bool on)
{
	strncat(holds, on ? "+" : "-", 1);
}

static void begin(void)
{
	static uint64_t blob[64];

	fdt_create_empty_tree(blob, sizeof(blob));
	if (dt_init(blob))
		abort();
	term_begin(true);
	memset(devs, 0, sizeof(devs));
	for (unsigned i = 0; i < 102; i++)
		devs[i].ops = &ops;
	sent[0] = '\0';
}

static void end(void)
{
	term_end();
	dt_forget();
	CHECK(!chardev_next(NULL));
	CHECK(!chardev_console());
}

TEST(names)
{
	begin();
	for (unsigned i = 0; i < 100; i++)
		CHECK_EQ(chardev_register(&devs[i], "uart"), 0);
	CHECK_STR(devs[0].name, "uart0");
	CHECK_STR(devs[99].name, "uart99");
	CHECK_EQ(chardev_register(&devs[100], "uart"), -ENOSPC);
	CHECK_EQ(chardev_register(&devs[101], "a name that is far too long for it"), 0);
	CHECK_STR(devs[101].name, "a name that is f0");
	CHECK(chardev_find("uart42") == &devs[42]);
	CHECK(!chardev_find("uart100"));
	CHECK(!chardev_find(""));
	chardev_unregister(&devs[42]);
	CHECK(!chardev_find("uart42"));
	CHECK_EQ(chardev_register(&devs[42], "uart"), 0);
	CHECK_STR(devs[42].name, "uart42");
	for (unsigned i = 0; i < 102; i++)
		if (i != 100)
			chardev_unregister(&devs[i]);
	end();
}

TEST(the_console_is_chosen)
{
	struct dt_node *chosen, *node;

	begin();
	chosen = dt_add_node(dt_root(), "chosen");
	node = dt_add_node(dt_root(), "serial@9000000");
	REQUIRE(!dt_set_string(chosen, "stdout-path", "/serial@9000000:115200n8"));
	CHECK(chardev_console() == &term);
	devs[1].node = node;
	CHECK_EQ(chardev_register(&devs[0], "uart"), 0);
	CHECK(chardev_console() == &term);
	CHECK_EQ(chardev_register(&devs[1], "uart"), 0);
	CHECK(chardev_console() == &devs[1]);
	CHECK(chardev_find("/serial@9000000") == &devs[1]);
	chardev_unregister(&devs[1]);
	CHECK(chardev_console() == &term);
	chardev_unregister(&devs[0]);
	end();
}

static bool filter(void *arg, uint8_t byte)
{
	CHECK(arg == devs);
	return byte == 'x';
}

TEST(receiving)
{
	uint8_t buf[CHARDEV_RX];
	uint8_t many[CHARDEV_RX + 10];

	begin();
	CHECK_EQ(chardev_read(&term, buf, 10, 0), 0);
	CHECK_EQ(chardev_read(&term, buf, 10, term_now + 5), 0);
	CHECK_EQ(term_now, 1000000005);
	term_receive("abc");
	CHECK_EQ(chardev_read(&term, buf, 2, 0), 2);
	CHECK_MEM(buf, "ab", 2);
	term_input("de");
	CHECK_EQ(chardev_read(&term, buf, 10, UINT64_MAX), 1); /* the c, at once */
	CHECK_EQ(chardev_read(&term, buf, 10, UINT64_MAX), 1);
	CHECK_MEM(buf, "d", 1);
	chardev_set_filter(&term, filter, devs);
	term_receive("1x2xx3");
	CHECK_EQ(chardev_read(&term, buf, 10, 0), 3);
	CHECK_MEM(buf, "123", 3);
	chardev_set_filter(&term, NULL, NULL);
	memset(many, 'm', sizeof(many));
	chardev_receive(&term, many, sizeof(many));
	CHECK_EQ(term.rx_dropped, 10);
	CHECK_EQ(term.rx_bytes, 3 + 1 + 6 + sizeof(many));
	CHECK_EQ(chardev_read(&term, buf, sizeof(buf), 0), CHARDEV_RX);
	end();
}

TEST(sending)
{
	begin();
	CHECK_EQ(chardev_register(&devs[0], "uart"), 0);
	chardev_write(&devs[0], "a\nb", 3);
	CHECK_STR(sent, "a\nb");
	sent[0] = '\0';
	chardev_write_text(&devs[0], "one\ntwo\r\n\nthree", 15);
	chardev_write_text(&devs[0], "\r", 1);
	chardev_write_text(&devs[0], "\nfour\n", 6);
	chardev_write_text(&devs[0], "", 0);
	CHECK_STR(sent, "one\r\ntwo\r\n\r\nthree\r\nfour\r\n");
	CHECK_EQ(devs[0].tx_bytes, 3 + strlen(sent));
	chardev_unregister(&devs[0]);
	end();
}

TEST(a_driver_is_told_to_wait)
{
	static const struct chardev_ops can_hold = { .write = send, .hold = hold,
						     .batch = CHARDEV_BATCH };
	uint8_t batch[CHARDEV_BATCH] = "", all[CHARDEV_RX];
	struct chardev *cd = &devs[0];
	unsigned n = 0;

	begin();
	holds[0] = '\0';
	cd->ops = &can_hold;
	REQUIRE(!chardev_register(cd, "uart"));
	while (!*holds && ++n <= CHARDEV_RX / CHARDEV_BATCH)
		chardev_receive(cd, batch, sizeof(batch));
	CHECK_STR(holds, "+");
	CHECK(!cd->rx_dropped);
	/* Not for each byte that is read. */
	CHECK_EQ(chardev_read(cd, all, 100, 0), 100);
	CHECK_STR(holds, "+");
	CHECK_EQ(chardev_read(cd, all, sizeof(all), 0), n * CHARDEV_BATCH - 100);
	CHECK_STR(holds, "+-");
	chardev_unregister(cd);
	end();
}
