/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * telnet: which terminals can be reached by network. No data of its own.
 */
#include <core/telnetd.h>

#include <core/inet.h>
#include <core/shell.h>
#include <core/vserial.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define IDLE_DEFAULT (10 * 60) /* seconds */

/* Guests may come later, and come again: that one is not there is no error, but may be a slip. */
static bool is_there(const char *name)
{
	struct vserial *vs = vserial_find(name);

	if (vs)
		vserial_put(vs);
	return vs || !strcmp(name, "shell");
}

static int run_listen(struct shell *sh, int argc, char **argv)
{
	uint64_t port = arg_u64(argv[0]);
	uint64_t idle = argc > 2 ? arg_time(argv[2]) / 1000000000 : IDLE_DEFAULT;
	int err;

	if (!port || port > 0xffff)
		return sh_error(sh, -EINVAL, "a port is a number from 1 to 65535");
	err = telnetd_start((uint16_t)port, argv[1], (uint32_t)MIN_T(uint64_t, idle, UINT32_MAX));
	if (err)
		return sh_fail(sh, err, argv[0]);
	sh_printf(sh, "whoever can reach port %llu of this address has %s, without a password%s\n",
		  (unsigned long long)port, argv[1],
		  is_there(argv[1]) ? "" : "; but now there is no serial port of that name");
	return 0;
}

static int run_stop(struct shell *sh, int argc, char **argv)
{
	uint64_t port = arg_u64(argv[0]);
	int err = port <= 0xffff ? telnetd_stop((uint16_t)port) : -ENOENT;

	if (err == -ENOENT)
		return sh_error(sh, err, "nothing listens at port %s", argv[0]);
	if (err == -EBUSY)
		return sh_error(sh, err, "this terminal is the one at port %s", argv[0]);
	return err;
}

static void add_row(const struct telnetd_info *info, void *arg)
{
	char text[INET_TEXT], idle[16] = "-";

	if (info->idle)
		snprintf(idle, sizeof(idle), "%u s", info->idle);
	if (info->connected)
		table_row(arg, "%u|%s|%s|%s:%u", info->port, info->what, idle,
			  inet_format(text, info->peer), info->peer_port);
	else
		table_row(arg, "%u|%s|%s|-", info->port, info->what, idle);
}

static int run_list(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create(">PORT|TERMINAL|>IDLE LIMIT|CONNECTED");

	telnetd_for_each(add_row, t);
	table_print(t, shell_output(sh));
	return 0;
}

static void offer_terminals(struct completion_list *list, const char *key)
{
	struct vserial *vs = NULL;

	completion_add(list, key, "shell");
	vserial_list_lock();
	while ((vs = vserial_next(vs)))
		completion_add(list, key, vserial_name(vs));
	vserial_list_unlock();
}

#define LISTEN_ARGS                                                                                \
	ARGS(ARG(U64, "port"), ARG_OFFER("terminal", offer_terminals), ARG_OPT(TIME, "idle-limit"))

static const struct command_sub subs[] = {
	{ "listen", "let a port be a terminal: \"shell\", or a guest's serial port", LISTEN_ARGS,
	  run_listen },
	{ "stop", "close a port and whoever is connected", ARGS(ARG(U64, "port")), run_stop },
	{ "list", "ports and who is connected", NULL, run_list },
	{ 0 },
};

COMMAND(telnet) {
	.name = "telnet",
	.help = "terminals by network",
	.subs = subs,
};

/* The names that Xvisor has for it. */
static const struct command_sub xvisor_subs[] = {
	{ "create", "the same as telnet listen", LISTEN_ARGS, run_listen },
	{ "destroy", "the same as telnet stop", ARGS(ARG(U64, "port")), run_stop },
	{ "list", "the same as telnet list", NULL, run_list },
	{ 0 },
};

COMMAND(vstelnet) {
	.name = "vstelnet",
	.help = "terminals by network",
	.subs = xvisor_subs,
};
