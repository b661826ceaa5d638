/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests' serial ports: history, listeners, input that waits, names, and a device that goes while
 * somebody holds the port.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <string.h>

static char taken[8192];
static size_t taken_len, room;

static size_t take(void *priv, const uint8_t *buf, size_t n)
{
	if (n > room)
		n = room;
	memcpy(taken + taken_len, buf, n);
	taken_len += n;
	room -= n;
	return n;
}

static struct vserial *make(const char *name, size_t ring)
{
	taken_len = 0;
	room = 0;
	return vserial_create(world_guest(), name, ring, take, NULL);
}

static void say(struct vserial *vs, const char *text)
{
	vserial_output(vs, (const uint8_t *)text, strlen(text));
}

struct collector {
	struct vserial_sink sink;
	char text[9000];
	size_t len;
};

static void listen_text(struct vserial_sink *sink, const uint8_t *buf, size_t n)
{
	struct collector *c = container_of(sink, struct collector, sink);

	memcpy(c->text + c->len, buf, n);
	c->len += n;
	c->text[c->len] = '\0';
}

TEST(history_is_delivered_once)
{
	static struct collector a = { .sink.fn = listen_text }, b = { .sink.fn = listen_text };
	uint8_t last[8];
	struct vserial *vs;

	world_begin();
	vs = make("uart0", 64);
	REQUIRE(vs);
	say(vs, "hello ");
	vserial_attach(vs, &a.sink, true);
	CHECK_STR(a.text, "hello ");
	say(vs, "world");
	CHECK_STR(a.text, "hello world");
	/* Seen by somebody: not again for a second listener. */
	vserial_attach(vs, &b.sink, true);
	CHECK_EQ(b.len, 0);
	say(vs, "!");
	CHECK_STR(a.text, "hello world!");
	CHECK_STR(b.text, "!");
	vserial_detach(vs, &a.sink);
	vserial_detach(vs, &b.sink);
	CHECK_EQ(vserial_history(vs, last, sizeof(last)), 8);
	CHECK_MEM(last, "o world!", 8);
	say(vs, "unseen");
	vserial_attach(vs, &a.sink, false);
	CHECK_STR(a.text, "hello world!");
	vserial_detach(vs, &a.sink);
	vserial_attach(vs, &a.sink, true);
	CHECK_STR(a.text, "hello world!");
	vserial_detach(vs, &a.sink);
	vserial_destroy(vs);
	CHECK_EQ(world_end(), 0);
}

TEST(flood_keeps_the_newest)
{
	static struct collector a = { .sink.fn = listen_text };
	uint64_t out, in, dropped;
	struct vserial *vs;
	unsigned i;

	world_begin();
	vs = make("uart0", 128);
	REQUIRE(vs);
	for (i = 0; i < 100; i++)
		say(vs, "0123456789");
	vserial_counts(vs, &out, &in, &dropped);
	CHECK_EQ(out, 1000);
	CHECK_EQ(in, 0);
	CHECK_EQ(dropped, 1000 - 128);
	vserial_attach(vs, &a.sink, true);
	CHECK_EQ(a.len, 128);
	CHECK_MEM(a.text, "23456789", 8);
	CHECK_MEM(a.text + 118, "0123456789", 10);
	vserial_detach(vs, &a.sink);
	vserial_destroy(vs);
	CHECK_EQ(world_end(), 0);
}

TEST(ring_is_made_by_need)
{
	struct vserial *vs;
	size_t live;

	world_begin();
	vs = make("uart0", 4096);
	REQUIRE(vs);
	live = fake_heap_live();
	CHECK_EQ(vserial_history(vs, (uint8_t *)taken, 10), 0);
	CHECK_EQ(fake_heap_live(), live);
	/* Without memory for the ring, listeners still hear. */
	fake_heap_fail_at(1);
	say(vs, "x");
	CHECK_EQ(fake_heap_live(), live);
	fake_heap_fail_at(0);
	say(vs, "y");
	CHECK_EQ(fake_heap_live(), live + 1);
	vserial_destroy(vs);
	CHECK_EQ(world_end(), 0);
}

TEST(input_waits_for_room)
{
	static char text[3000];
	struct vserial *vs;
	size_t n, i;

	world_begin();
	vs = make("uart0", 64);
	REQUIRE(vs);
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	/* What is typed needs no memory of the host. */
	fake_heap_fail_at(1);
	CHECK_EQ(vserial_input(vs, (const uint8_t *)"abc", 3), 3);
	fake_heap_fail_at(0);
	CHECK_EQ(taken_len, 0);
	room = 2;
	vserial_ready(vs);
	CHECK_EQ(taken_len, 2);
	room = 2;
	vserial_ready(vs);
	CHECK_EQ(taken_len, 3);
	CHECK_MEM(taken, "abc", 3);
	/* Beyond the queue it is not accepted, and the caller learns how much was. */
	taken_len = 0;
	room = 100;
	n = vserial_input(vs, (const uint8_t *)text, sizeof(text));
	CHECK_EQ(taken_len, 100);
	CHECK_EQ(n, 1024 + 100);
	room = sizeof(taken) - taken_len;
	vserial_ready(vs);
	CHECK_EQ(taken_len, n);
	CHECK_MEM(taken, text, n);
	/* A device that takes it all lets any amount through. */
	taken_len = 0;
	room = sizeof(taken);
	CHECK_EQ(vserial_input(vs, (const uint8_t *)text, sizeof(text)), sizeof(text));
	CHECK_MEM(taken, text, sizeof(text));
	vserial_destroy(vs);
	CHECK_EQ(world_end(), 0);
}

TEST(names_and_holding)
{
	struct vserial *a, *b, *held;

	world_begin();
	a = make("uart0", 64);
	b = make("uart1", 64);
	REQUIRE(a && b);
	CHECK(!make("uart0", 64));
	held = vserial_find("g");
	CHECK(held == a);
	vserial_put(held);
	held = vserial_find("g/uart1");
	CHECK(held == b);
	CHECK(!vserial_find("g/uart2"));
	CHECK(!vserial_find("h"));
	CHECK_STR(vserial_name(b), "g/uart1");
	CHECK(vserial_guest(b) == world_guest());
	vserial_list_lock();
	CHECK(vserial_next(NULL) == a);
	CHECK(vserial_next(a) == b);
	CHECK(!vserial_next(b));
	vserial_list_unlock();
	say(b, "bye");
	vserial_destroy(b);
	/* The holder keeps what was said, and nothing reaches the device any more. */
	CHECK(!vserial_find("g/uart1"));
	CHECK(!vserial_guest(held));
	CHECK_EQ(vserial_history(held, (uint8_t *)taken, 16), 3);
	CHECK_EQ(vserial_input(held, (const uint8_t *)"x", 1), 0);
	vserial_put(held);
	vserial_destroy(a);
	CHECK_EQ(world_end(), 0);
}
