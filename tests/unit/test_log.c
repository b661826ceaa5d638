/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log's ring, its levels and budgets, and what messages do to a terminal where somebody is
 * typing.
 */
#include <core/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/chardev.h>
#include <core/cpu.h>
#include <core/guest.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <port/host.h>

#include "term.h"
#include "unit.h"

static char kept[200000];

static void keep(struct shell_out *out, const char *s, size_t n)
{
	size_t used = strlen(kept);

	memcpy(kept + used, s, n);
	kept[used + n] = '\0';
}

static struct shell_out out = { .write = keep };

static const char *show(enum log_level level)
{
	kept[0] = '\0';
	log_show(&out, level);
	return kept;
}

static void begin(void)
{
	term_begin(true);
	log_clear();
	log_set_attached(false);
	log_set_console_level(LOG_WARN);
}

static char shown[4096];

static void on_screen(struct chardev *cd, const void *buf, size_t n)
{
	strncat(shown, buf, n);
}

TEST(a_screen_shows_what_was_and_what_comes)
{
	static const struct chardev_ops ops = { .write = on_screen };
	static struct chardev screen = { .ops = &ops };

	begin();
	term_now = 0;
	log_info("first");
	log_debug("not told");
	CHECK_EQ(chardev_register(&screen, "screen"), 0);
	log_set_screen(&screen);
	CHECK_STR(shown, "[    0.000000] first\r\n");
	shown[0] = '\0';
	log_debug("still not");
	log_warn("second");
	CHECK_STR(shown, "[    0.000000] warning: second\r\n");
	log_set_screen(NULL);
	chardev_unregister(&screen);
	term_end();
}

TEST(records)
{
	begin();
	CHECK_STR(show(LOG_DEBUG), "");
	term_now = 1234567890;
	log_info("one %d", 1);
	term_now = 12345678901234567;
	log_error("two\n");
	log_debug("%s", "three");
	CHECK_STR(show(LOG_DEBUG),
		  "[    1.234567] one 1\n[12345678.901234] error: two\n[12345678.901234] three\n");
	CHECK_STR(show(LOG_ERROR), "[12345678.901234] error: two\n");
	log_clear();
	CHECK_STR(show(LOG_DEBUG), "");
	term_end();
}

TEST(levels)
{
	enum log_level level;

	begin();
	log_info("quiet");
	log_warn("loud");
	CHECK_STR(term_text(), "[    1.000000] warning: loud\r\n");
	log_notice("ended");
	CHECK_STR(term_text(), "[    1.000000] ended\r\n");
	log_set_attached(true);
	log_warn("kept");
	log_notice("kept too");
	log_error("told");
	CHECK_STR(term_text(), "[    1.000000] error: told\r\n");
	log_set_attached(false);
	log_set_console_level(LOG_DEBUG);
	log_debug("all");
	CHECK_STR(term_text(), "[    1.000000] all\r\n");
	CHECK_EQ(log_parse_level("info", &level), 0);
	CHECK_EQ(level, LOG_INFO);
	CHECK_EQ(log_parse_level("0", &level), 0);
	CHECK_EQ(level, LOG_ERROR);
	CHECK_EQ(log_parse_level("4", &level), -EINVAL);
	CHECK_EQ(log_parse_level("", &level), -EINVAL);
	CHECK_EQ(log_parse_level("loud", &level), -EINVAL);
	CHECK_STR(log_level_name(LOG_WARN), "warning");
	term_end();
}

TEST(the_ring_keeps_the_newest)
{
	const char *s;
	unsigned n = 0, lines = 0;

	begin();
	log_set_console_level(LOG_ERROR);
	for (unsigned i = 0; i < 5000; i++)
		log_info("message %u %.*s", i, (int)(i % 100),
			 "....................................................."
			 "...............................................");
	s = show(LOG_DEBUG);
	while (*s) {
		const char *at = strstr(s, "message ");

		REQUIRE(at);
		n = (unsigned)atoi(at + 8);
		if (!lines)
			lines = 5000 - n;
		CHECK_EQ(n, 5000 - lines--);
		s = strchr(s, '\n') + 1;
	}
	CHECK_EQ(lines, 0);
	CHECK_EQ(n, 4999);
	/* A record that is too long says so, and so do records up to any length. */
	log_clear();
	for (unsigned len = 200; len < 400; len++) {
		char text[401];

		memset(text, 'x', len);
		text[len] = '\0';
		log_clear();
		log_info("%s", text);
		s = show(LOG_DEBUG) + 15;
		CHECK(len < 232 ? strlen(s) == len + 1 : !strcmp(s + strlen(s) - 4, "...\n"));
	}
	term_end();
}

TEST(budgets)
{
	struct log_limit limit = { 0 };
	uint32_t left_out = 99;

	begin();
	for (unsigned i = 0; i < LOG_BURST; i++) {
		CHECK(log_allowed(&limit, &left_out));
		CHECK_EQ(left_out, 0);
	}
	for (unsigned i = 0; i < 1000; i++)
		CHECK(!log_allowed(&limit, &left_out));
	term_now += 1100000000;
	CHECK(log_allowed(&limit, &left_out));
	CHECK_EQ(left_out, 1000);
	CHECK(!log_allowed(&limit, NULL));
	term_now += 1100000000;
	CHECK(log_allowed(&limit, &left_out));
	CHECK_EQ(left_out, 1);
	/* A quiet minute gives the burst back. */
	term_now += 61000000000;
	for (unsigned i = 0; i < LOG_BURST; i++)
		CHECK(log_allowed(&limit, NULL));
	CHECK(!log_allowed(&limit, NULL));
	term_end();
}

TEST(messages_of_guests)
{
	struct log_limit limit = { 0 };
	struct guest guest = { .name = "web", .log_limit = &limit };
	struct vcpu vcpu = { .id = 3 };

	begin();
	log_guest(LOG_WARN, &guest, NULL, "plain %d", 7);
	log_guest(LOG_WARN, &guest, &vcpu, "with %s", "vcpu");
	CHECK_STR(term_text(), "[    1.000000] warning: guest web: plain 7\r\n"
			       "[    1.000000] warning: guest web/vcpu3: with vcpu\r\n");
	for (unsigned i = 0; i < 100; i++)
		log_guest(LOG_WARN, &guest, NULL, "flood");
	term_text();
	term_now += 2000000000;
	log_guest(LOG_WARN, &guest, NULL, "again");
	CHECK_STR(term_text(),
		  "[    3.000000] warning: guest web: again (92 messages left out)\r\n");
	term_end();
}

TEST(messages_go_above_the_line)
{
	struct shell *sh;

	begin();
	sh = shell_create(&term);
	REQUIRE(sh);
	term_input("hello");
	term_interact(sh);
	CHECK_STR(screen_row(&term_screen, 0), "XVisor# hello");
	shell_destroy(sh);
	term_end();
}

static struct shell *typist;
static unsigned messages;

static bool log_while_idle(uint64_t deadline)
{
	if (messages == 2)
		return false;
	log_warn(messages++ ? "second" : "first");
	return true;
}

TEST(a_message_keeps_what_is_typed)
{
	begin();
	typist = shell_create(&term);
	messages = 0;
	term_idle = log_while_idle;
	term_input("one two\x1b[D\x1b[D");
	term_interact(typist);
	CHECK_STR(screen_row(&term_screen, 0), "[    1.000000] warning: first");
	CHECK_STR(screen_row(&term_screen, 1), "[    1.000000] warning: second");
	CHECK_STR(screen_row(&term_screen, 2), "XVisor# one two");
	CHECK_EQ(term_screen.row, 2);
	CHECK_EQ(term_screen.col, 13);
	CHECK(!term_screen.error);
	shell_destroy(typist);
	term_end();
}

static void log_in_interrupt(void *arg)
{
	log_warn("%s", (const char *)arg);
}

/*
 * In the middle of a change of the line, by its own CPU: it cannot be redrawn there, but is with
 * the next key.
 */
static bool interrupted;

static void interrupting_send(struct chardev *cd, const void *buf, size_t n)
{
	static const char text[] = "from an interrupt";

	screen_write(&term_screen, buf, n);
	if (!interrupted && n == 1 && *(const char *)buf == 'b') {
		interrupted = true;
		host_interrupt(log_in_interrupt, (void *)(uintptr_t)text);
	}
}

TEST(a_message_from_an_interrupt)
{
	static const struct chardev_ops odd = { .write = interrupting_send };

	begin();
	interrupted = false;
	term.ops = &odd;
	typist = shell_create(&term);
	term_input("abc");
	term_interact(typist);
	CHECK(interrupted);
	CHECK_STR(screen_row(&term_screen, 0), "XVisor# ab");
	CHECK_STR(screen_row(&term_screen, 1), "[    1.000000] warning: from an interrupt");
	CHECK_STR(screen_row(&term_screen, 2), "XVisor# abc");
	CHECK(!term_screen.error);
	shell_destroy(typist);
	term_end();
}

TEST(a_message_breaks_other_output)
{
	begin();
	chardev_write_text(&term, "partial", 7);
	log_warn("message");
	CHECK_STR(term_text(), "partial\r\n[    1.000000] warning: message\r\n");
	term_end();
}

/*
 * This CPU is sending when an interrupt on it logs, while another CPU owns the console and waits to
 * send: who waited here would wait for ever.
 */
TEST(an_interrupt_waits_for_nobody)
{
	struct cpu *self, other = { .id = 1 };
	bool taken;

	begin();
	self = arch_this_cpu();
	arch_set_this_cpu(&other);
	taken = console_lock();
	arch_set_this_cpu(self);
	CHECK(taken);
	term.tx_owner = self->id + 1;
	log_warn("message");
	CHECK_STR(term_text(), "[    1.000000] warning: message\r\n");
	CHECK_EQ(term.tx_owner, self->id + 1);
	term.tx_owner = 0;
	console_unlock(taken);
	term_end();
}

TEST(in_a_panic_nobody_waits)
{
	begin();
	/* Another CPU holds the console and the device and will not let go. */
	term.tx_owner = 5;
	term_panics = true;
	log_error("the end");
	CHECK_STR(term_text(), "[    1.000000] error: the end\r\n");
	term.tx_owner = 0;
	term_end();
}
