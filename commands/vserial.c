/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vserial and console: serial ports of guests on this terminal. While one is bound, the shell's
 * thread carries bytes to the guest; what the guest sends is written to the terminal by whoever
 * delivers it.
 *
 * ESC x q leaves. ESC is held back for a moment to see whether x follows, then passed on.
 */
#include <core/vserial.h>

#include <core/chardev.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define LEAVE	  "\x1bxq"
#define HOLD	  500000000u  /* ns that the beginning of LEAVE is held back */
#define POLL	  1000000000u /* ns between looks at a port whose guest may have gone */
#define PATIENCE  200000000u  /* ns that typed input waits for a guest to make room */
#define ROOM_POLL 1000000u    /* ns between looks for room */

/*
 * --- bind ---------------------------------------------------------------------------------------
 */

struct binding {
	struct vserial_sink sink;
	struct chardev *cd; /* NULL: a shell without a terminal, output only */
	struct shell *sh;
	struct vserial *vs;
	struct guest *guest;
	unsigned matched; /* bytes of LEAVE so far, held back */
	uint64_t held_until;
	bool stuck; /* the guest took nothing for a while: what does not fit is lost */
};

/* The port's lock is held. */
static void to_terminal(struct vserial_sink *sink, const uint8_t *buf, size_t n)
{
	struct binding *b = container_of(sink, struct binding, sink);

	if (b->cd)
		chardev_write(b->cd, buf, n);
}

/*
 * What is pasted comes faster than guests read: wait for room, but not for ever, as the sequence to
 * leave comes by here too.
 */
static void type(struct binding *b, const uint8_t *buf, size_t n)
{
	uint64_t end = time_now() + PATIENCE;
	size_t done;

	for (;;) {
		done = vserial_input(b->vs, buf, n);
		if (done)
			b->stuck = false;
		buf += done;
		n -= done;
		if (!n || b->stuck)
			return;
		if (time_now() >= end)
			b->stuck = true;
		else
			thread_sleep(ROOM_POLL);
	}
}

static void release_held(struct binding *b)
{
	type(b, (const uint8_t *)LEAVE, b->matched);
	b->matched = 0;
}

/* @return whether the sequence to leave is complete */
static bool to_guest(struct binding *b, const uint8_t *buf, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (b->matched && buf[i] != (uint8_t)LEAVE[b->matched])
			release_held(b);
		if (buf[i] != (uint8_t)LEAVE[b->matched]) {
			type(b, &buf[i], 1);
			continue;
		}
		b->held_until = time_now() + HOLD;
		if (!LEAVE[++b->matched])
			return true;
	}
	return false;
}

static bool has_ended(const struct guest *guest)
{
	return READ_ONCE(guest->destroying) || (READ_ONCE(guest->exit) != GUEST_EXIT_NONE &&
						READ_ONCE(guest->state) == GUEST_STOPPED);
}

/* Wait for input, the guest's end, or the end of a held-back escape. */
static void wait_any(struct binding *b)
{
	uint64_t deadline = b->matched ? b->held_until : time_now() + POLL;
	struct waiter ended, input;

	waitq_add(&b->guest->ended, &ended);
	if (b->cd)
		waitq_add(&b->cd->readers, &input);
	if (!has_ended(b->guest) && !(b->cd && chardev_readable(b->cd)))
		thread_block(deadline);
	if (b->cd)
		waitq_remove(&b->cd->readers, &input);
	waitq_remove(&b->guest->ended, &ended);
}

/* @return exit code of the guest, or 0 when the person left */
static int carry(struct binding *b)
{
	uint8_t buf[64];
	size_t n;

	for (;;) {
		n = b->cd ? chardev_read(b->cd, buf, sizeof(buf), 0) : 0;
		if (n && to_guest(b, buf, n))
			return GUEST_EXIT_NONE;
		if (n)
			continue;
		if (b->cd && READ_ONCE(b->cd->gone))
			return GUEST_EXIT_NONE;
		if (has_ended(b->guest) || !vserial_guest(b->vs))
			return b->guest->exit != GUEST_EXIT_NONE ? b->guest->exit
								 : GUEST_EXIT_DESTROYED;
		if (b->matched && time_now() >= b->held_until)
			release_held(b);
		wait_any(b);
	}
}

static int bind_port(struct shell *sh, struct vserial *vs, struct guest *guest)
{
	struct binding b = {.sink.fn = to_terminal,
			    .cd = shell_chardev(sh),
			    .sh = sh,
			    .vs = vs,
			    .guest = guest};
	struct shell_out *out = shell_output(sh);
	int code;

	sh_printf(sh, "[%s; ESC x q leaves]\n", vserial_name(vs));
	shell_raw(sh, true);
	log_set_attached(true);
	vserial_attach(vs, &b.sink, true);
	code = carry(&b);
	vserial_detach(vs, &b.sink);
	log_set_attached(false);
	shell_raw(sh, false);
	/* The guest may have left the cursor anywhere. */
	if (!b.cd || b.cd->tx_last != '\n')
		out_puts(out, "\n");
	if (code == GUEST_EXIT_NONE) {
		sh_printf(sh, "[left %s; 'console %s' comes back]\n", vserial_name(vs),
			  guest->name);
		return 0;
	}
	sh_printf(sh, "[%s: %s]\n", guest->name,
		  *guest->exit_text ? guest->exit_text : "destroyed");
	return code;
}

static int run_bind(struct shell *sh, int argc, char **argv)
{
	struct vserial *vs = vserial_find(argv[0]);
	char name[GUEST_NAME_MAX];
	struct guest *guest;
	int code;

	strlcpy(name, argv[0], MIN(strcspn(argv[0], "/") + 1, sizeof(name)));
	guest = vs ? guest_find(name) : NULL;
	code = guest ? bind_port(sh, vs, guest) : -ENOENT;
	if (guest)
		guest_put(guest);
	if (vs)
		vserial_put(vs);
	return code;
}

/* Without a name: the only guest that there is. */
static int run_console(struct shell *sh, int argc, char **argv)
{
	struct guest *guest = NULL;
	char name[GUEST_NAME_MAX] = "", *only = name;
	unsigned count = 0;

	if (argc)
		return run_bind(sh, argc, argv);
	guest_list_lock();
	while ((guest = guest_next(guest))) {
		strlcpy(name, guest->name, sizeof(name));
		count++;
	}
	guest_list_unlock();
	if (count != 1)
		return sh_error(sh, -EINVAL, count ? "say which of %u guests" : "there is no guest",
				count);
	return run_bind(sh, 1, &only);
}

/*
 * --- looking -------------------------------------------------------------------------------------
 */

static int run_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("NAME|>SENT|>RECEIVED|>LOST");
	struct vserial *vs = NULL;
	uint64_t out, in, lost;

	vserial_list_lock();
	while ((vs = vserial_next(vs))) {
		vserial_counts(vs, &out, &in, &lost);
		table_row(t, "%s|%" PRIu64 "|%" PRIu64 "|%" PRIu64, vserial_name(vs), out, in,
			  lost);
	}
	vserial_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

/* Output of a guest on this terminal as text: nothing in it may do more than print. */
static void print_text(struct shell *sh, char *s, size_t n)
{
	struct shell_out *out = shell_output(sh);

	for (size_t i = 0; i < n; i++)
		if (((uint8_t)s[i] < ' ' && !strchr("\n\r\t\x1b", s[i])) || s[i] == 0x7f)
			s[i] = '.';
	out->write(out, s, n);
	if (n && s[n - 1] != '\n')
		out_puts(out, "\n");
}

static int run_dump(struct shell *sh, int argc, char **argv)
{
	uint64_t asked = argc > 1 ? arg_size(argv[1]) : VSERIAL_HISTORY;
	size_t want = (size_t)MIN_T(uint64_t, asked, VSERIAL_HISTORY);
	struct vserial *vs = vserial_find(argv[0]);
	char *buf = heap_alloc(VSERIAL_HISTORY);
	int err = !vs ? -ENOENT : !buf ? -ENOMEM : 0;

	if (!err)
		print_text(sh, buf, vserial_history(vs, (uint8_t *)buf, want));
	heap_free(buf);
	if (vs)
		vserial_put(vs);
	return err;
}

static const struct command_sub subs[] = {
	{ "list", "list serial ports of guests", NULL, run_list },
	{ "bind", "connect this terminal; ESC x q leaves", ARGS(ARG(VSERIAL, "port")), run_bind },
	{ "dump", "print what a guest sent last, nearly 4 KiB",
	  ARGS(ARG(VSERIAL, "port"), ARG_OPT(SIZE, "bytes")), run_dump },
	{ .run = NULL },
};
static const struct command_sub console_subs[] = {
	{ NULL, "connect this terminal to a guest; ends with the guest, and its exit code",
	  ARGS(ARG_OPT(VSERIAL, "guest")), run_console },
	{ .run = NULL },
};

COMMAND(vserial) { "vserial", "serial ports of guests", subs };
COMMAND(console) { "console", "console of a guest", console_subs };
